"""Where training data may be fetched from: public hosts over HTTP and HTTPS."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from reconciler.domain.config import FieldPath

from .flaw import Flaw, said, warning

_LOCAL_HOSTS = frozenset(
    {"localhost", "metadata.google.internal", "metadata.google", "instance-data.ec2.internal"}
)

_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f]")
_SIGNED = re.compile(r"(?:^|&)(?:sig|signature|x-amz-signature|x-goog-signature|token)=[^&]", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9.]+|0x[0-9a-fx.]+")


def url(path: FieldPath, text: str) -> Iterator[Flaw]:
    """Nothing where the URL is absolute, HTTP or HTTPS, and leads outside."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        parts, host = urlsplit(""), ""
    if not parts.scheme or not host or _NOT_IN_URLS.search(text):
        yield Flaw(path, "this is not an absolute URL", "write https://host/path")
    elif parts.scheme.lower() not in ("http", "https"):
        yield Flaw(path, f"data is fetched over HTTP and HTTPS, not {said(parts.scheme)}", "use an https URL")
    elif host in _LOCAL_HOSTS or host.endswith(".localhost"):
        yield Flaw(path, f"{said(host)} is this machine or its cloud's metadata", "use a public host")
    elif _NUMBERS.fullmatch(host) and not _is_address(host):
        yield Flaw(path, f"{said(host)} is a number in place of a host", "write the host's name")
    elif _is_inside(host):
        yield Flaw(path, f"{said(host)} is a loopback, private or link-local address", "use a public host")
    elif parts.password or _SIGNED.search(parts.query):
        yield warning(
            path,
            "the URL holds a credential, and everyone who can read the repository can use it",
            "use a public URL, a volume, or an image with its pull secret",
        )


def own_url(path: FieldPath, text: str, private_hosts: tuple[str, ...]) -> Iterator[Flaw]:
    """What Towline's container fetches: by https, and by http from hosts the Fleet names as private, which
    may lie inside. Source: runtime/artifacts/web."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
    except ValueError:
        parts, host = urlsplit(""), ""
    if host and host in {each.lower() for each in private_hosts} and not _NOT_IN_URLS.search(text):
        if parts.scheme.lower() not in ("http", "https"):
            yield Flaw(
                path, f"data is fetched over HTTP and HTTPS, not {said(parts.scheme)}", "use an https URL"
            )
        return
    yield from url(path, text)
    if parts.scheme.lower() == "http":
        mend = "use https, or have an operator name the host in spec.privateHosts of towline.yaml"
        yield Flaw(path, "data comes over plain http, which anyone on the way can change", mend)


def _is_address(host: str) -> bool:
    return _address(host) is not None


def _is_inside(host: str) -> bool:
    address = _address(host)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_private or address.is_link_local or address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
