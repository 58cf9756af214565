"""Where an address leads: asked of the name service once, judged, and connected to exactly there.

Connecting to the judged number and not to the name again is what keeps a name from leading elsewhere the
second time (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from runtime.artifacts.faults import Malformed, Mistaken, Unreachable, Unsafe

_NEVER = frozenset(
    ipaddress.ip_address(number)
    for number in ("169.254.169.254", "168.63.129.16", "fd00:ec2::254", "100.100.100.200")
)
"""Where clouds tell a machine its secrets; refused even to a host that is named as private."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Endpoint:
    """A judged address: the name the server must prove to be, and the number that is connected to."""

    scheme: str
    host: str
    port: int
    number: str

    @property
    def named(self) -> str:
        """Host and port as the Host header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def shown(url: str) -> str:
    """An address without what may be secret in it: no user, no query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def locate(url: str, private_hosts: tuple[str, ...]) -> Endpoint:
    """Judge an address and ask the name service where it leads. Every number a name has must be allowed."""
    parts, port = _split(url)
    host = parts.hostname or ""
    named = host in {private.lower() for private in private_hosts}
    numbers = _numbers(host, port)
    for number in numbers:
        _require_allowed(url, number, named)
    if parts.scheme == "http" and not (named or all(number.is_loopback for number in numbers)):
        raise Unsafe(f"{shown(url)} is plain http, which anyone on the way can change: use https.")
    return Endpoint(parts.scheme, host, port, str(numbers[0]))


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as failure:
        raise Malformed(f"'{url.partition('?')[0]}' is not an address: {failure}.") from failure
    if not port or not parts.hostname:
        raise Malformed(
            f"'{shown(url)}' is not an address of a file: it must begin with https:// and name a host."
        )
    if parts.username or parts.password:
        raise Unsafe(
            f"{shown(url)} is written with a name or password in it, which Git would tell everyone: take "
            "it out."
        )
    return parts, port


def _numbers(host: str, port: int) -> list[IpAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as failure:
        if failure.errno == socket.EAI_AGAIN:
            raise Unreachable(f"The name service does not answer for {host}; it is tried again.") from failure
        raise Mistaken(f"There is no host named {host}: check the address.") from failure
    except UnicodeError as failure:
        raise Malformed(f"'{host}' cannot be a host's name.") from failure
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _require_allowed(url: str, number: IpAddress, named: bool) -> None:
    seen = _unwrapped(number)
    if seen in _NEVER or seen.is_link_local or seen.is_multicast or seen.is_unspecified:
        raise Unsafe(f"{shown(url)} leads to {number}, where a machine's own secrets lie: it is never asked.")
    if not (seen.is_global or named):
        raise Unsafe(
            f"{shown(url)} leads to the private address {number}: if that is meant, an operator must name "
            "the host "
            "in privateHosts."
        )


def _unwrapped(number: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(number, ipaddress.IPv4Address):
        return number
    if number in _NAT64:
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or number
