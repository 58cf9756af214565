"""Where a Git repository is: which URLs and branch names are let in, and nothing else.

Every refusal is a `ValueError` that names the rule and never repeats the URL, which may hold a token.
The rules for branches are those of git-check-ref-format(1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from .credentials import Credentials

CONTROL = re.compile(r"[\x00-\x1f\x7f]|%(?:0[0-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
SCP_LIKE = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+):(?P<path>[^:].*)")
TRANSPORT_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
PORTS = {"https": 443, "http": 80, "ssh": 22}
BAD_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|[/.]$|(?:^|/)\.|\.lock(?:/|$)")


@dataclass(frozen=True, slots=True)
class Address:
    """A repository's place without any credential. `scheme` is https, http, ssh or file.

    An SSH path without a leading slash is relative to the remote user's home, as in `git@host:org/repo`.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    def __str__(self) -> str:
        if self.scheme == "file":
            return self.path
        user = f"{self.user}@" if self.user else ""
        if self.path.startswith("/") or self.port != PORTS[self.scheme]:
            return f"{self.scheme}://{user}{self.authority}/{self.path.removeprefix('/')}"
        return f"{user}{self.authority}:{self.path}"

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(url: str, *, plain_http: bool = False) -> tuple[Address, Credentials | None]:
    """The place, and the credentials that were written into the URL; `ValueError` names the broken rule."""
    if not url or CONTROL.search(url):
        raise ValueError("the repository URL is empty or holds a control character")
    if url.startswith("-") or TRANSPORT_HELPER.match(url) or "\\" in url:
        raise ValueError("the repository URL begins with '-', names a transport helper or holds a backslash")
    if "://" in url:
        return _parse_url(_split(url), plain_http=plain_http)
    if scp := SCP_LIKE.fullmatch(url):
        user, host, path = scp.group("user") or "", scp.group("host"), scp.group("path")
        return _ssh(user, host, PORTS["ssh"], path), None
    return _folder(url), None


def check_branch(branch: str) -> str:
    """The branch name itself when git would accept it; `ValueError` otherwise."""
    if not branch or branch in ("@", "HEAD") or BAD_IN_REF.search(branch):
        raise ValueError(f"{branch!r} is not a branch name git accepts")
    if len(branch.encode(errors="replace")) > 244:
        raise ValueError("the branch name is longer than 244 bytes")
    return branch


def moved(address: Address, location: str, *, suffix: str) -> Address | None:
    """The same host's new place for the repository; None when the redirect leaves the host or its TLS."""
    location = urljoin(f"{address}/", location)
    try:
        target, found = parse_address(location.removesuffix(suffix), plain_http=True)
    except ValueError:
        return None
    upgraded = (address.scheme, target.scheme) == ("http", "https") and target.port == PORTS["https"]
    same = (target.scheme, target.port) == (address.scheme, address.port)
    if found or target.host != address.host or not (same or upgraded) or not location.endswith(suffix):
        return None
    return replace(address, scheme=target.scheme, port=target.port, path=target.path)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where the port is not a number
    except ValueError:
        raise ValueError("the repository URL cannot be parsed") from None
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("a repository URL has no query and no fragment")
    return parts


def _parse_url(parts: SplitResult, *, plain_http: bool) -> tuple[Address, Credentials | None]:
    scheme, user, secret = parts.scheme.lower(), unquote(parts.username or ""), unquote(parts.password or "")
    if scheme == "file":
        return _folder(_file_path(parts)), None
    host, port = parts.hostname or "", parts.port
    if scheme == "ssh":
        path = parts.path[1:] if parts.path.startswith("/~") else parts.path
        return _ssh(user, host, port or PORTS["ssh"], path), None
    if scheme not in ("https", "http"):
        raise ValueError("a repository URL begins with https://, http://, ssh:// or file://, or is a path")
    address = Address(scheme, _checked_host(host), port or PORTS[scheme], parts.path.rstrip("/"))
    if scheme == "http" and not (plain_http or address.is_loopback):
        raise ValueError(
            "plain http:// shows the credentials to the network; use https:// or allow it expressly"
        )
    return address, Credentials(user, secret) if user or secret else None


def _ssh(user: str, host: str, port: int, path: str) -> Address:
    if user and not USER.fullmatch(user):
        raise ValueError("the user in the repository URL is not a plain word")
    if not path.strip("/") or path.startswith("-"):
        raise ValueError("the path in the repository URL is empty or begins with '-'")
    return Address("ssh", _checked_host(host), port, path, user)


def _checked_host(host: str) -> str:
    if ":" in host:
        return str(ip_address(host))
    if not HOST.fullmatch(host):
        raise ValueError("the host in the repository URL is not a host name")
    return host.lower()


def _file_path(parts: SplitResult) -> str:
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise ValueError("a file:// URL names a path on this machine")
    return unquote(parts.path)


def _folder(path: str) -> Address:
    return Address("file", "", 0, str(Path(path).expanduser().absolute()))
