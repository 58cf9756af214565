"""HTTP by urllib3: proxies of the environment, bounded waits, and its failures told as ours."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ResponseError,
    SSLError,
)

from runtime.artifacts.faults import Fault, Malformed, Mistaken, Throttled, Unreachable

TIMEOUT = urllib3.Timeout(connect=10, read=60)
"""Seconds until a silent other side counts as gone."""

_MOST_REDIRECTS = 5
_MOST_ANSWER_BYTES = 8 * 2**20
_MOST_PIECE_BYTES = 2**18
_CONNECTIONS = 8  # kept to one host: more than there are files fetched side by side

Answer = urllib3.BaseHTTPResponse
"""An answer whose body has not been read yet."""


@dataclass(frozen=True)
class Wire:
    """Asks over HTTP, by way of the proxies that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name."""

    pools: dict[str, urllib3.PoolManager] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | IO[bytes] | None = None,
        follow: bool = True,
    ) -> Answer:
        """Ask once. Redirects are followed for what only reads; what authorizes goes to no second host."""
        host = urlsplit(url).hostname or ""
        redirects = _MOST_REDIRECTS if follow else False
        retries = urllib3.Retry(total=None, connect=0, read=0, other=0, status=0, redirect=redirects)
        with reaching(host):
            return self._pool(url, host).request(
                method,
                url,
                body=body,
                headers={"Accept-Encoding": "identity", **headers},
                redirect=follow,
                retries=retries,
                preload_content=False,
                timeout=TIMEOUT,
            )

    def _pool(self, url: str, host: str) -> urllib3.PoolManager:
        proxy = urllib.request.getproxies().get(urlsplit(url).scheme, "")
        if urllib.request.proxy_bypass(host):
            proxy = ""
        if proxy not in self.pools:
            self.pools[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=_CONNECTIONS)
                if proxy
                else urllib3.PoolManager(maxsize=_CONNECTIONS)
            )
        return self.pools[proxy]


@contextmanager
def reaching(host: str) -> Iterator[None]:
    """Tell urllib3's failures as faults. No address is repeated: it may be signed."""
    try:
        yield
    except MaxRetryError as failure:
        raise _fault(host, failure.reason or failure) from failure
    except HTTPError as failure:
        raise _fault(host, failure) from failure


def _fault(host: str, failure: BaseException) -> Fault:
    cause = failure.args[0] if failure.args else None
    if isinstance(failure, SSLError) and isinstance(cause, ssl.SSLCertVerificationError):
        return Mistaken(
            f"The certificate of {host} is not trusted ({cause.verify_message}): mend it, or add its "
            "authority "
            "to the image and name it in SSL_CERT_FILE."
        )
    if isinstance(failure, ResponseError):
        return Mistaken(f"{host} redirects more than {_MOST_REDIRECTS} times: name the final address.")
    if isinstance(failure, LocationValueError):
        return Malformed(f"{host or 'The address'} cannot be asked: it is not a valid address.")
    if isinstance(failure, NewConnectionError):
        return Unreachable(f"{host} cannot be reached: nobody answers there; it is tried again.")
    return Unreachable(
        f"{host} cannot be reached or broke off ({type(failure).__name__}); it is tried again."
    )


def read_json(answer: Answer, whose: str) -> dict[str, Any]:
    """The JSON object of an answer, of at most 8 MiB."""
    return parse_json(read_whole(answer, whose), whose)


def parse_json(text: bytes, whose: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as failure:
        raise Malformed(f"{whose} is not JSON.") from failure
    if not isinstance(value, dict):
        raise Malformed(f"{whose} is JSON but not an object.")
    return value


def read_whole(answer: Answer, whose: str) -> bytes:
    """The whole body of a small answer."""
    with reaching(whose):
        text = answer.read(_MOST_ANSWER_BYTES + 1, decode_content=True)
    answer.release_conn()
    if len(text) > _MOST_ANSWER_BYTES:
        raise Malformed(f"{whose} is larger than {_MOST_ANSWER_BYTES} bytes.")
    return text


def arriving(answer: Answer) -> Iterator[bytes]:
    """The body as it arrives, however little that is at a time, and as it was sent."""
    while piece := answer.read1(_MOST_PIECE_BYTES, decode_content=False):
        yield piece


def throttled(answer: Answer, sentence: str) -> Throttled:
    """A status of 429, with the time it asks for."""
    asked = answer.headers.get("Retry-After", "")
    return Throttled(sentence, float(asked) if asked.isdigit() else None)
