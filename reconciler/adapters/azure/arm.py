"""The way to Azure Resource Manager: one client, one short pipeline, and a gate before the wire.

The SDK's own pipeline would retry, follow redirects, and register resource providers in the subscription by
itself when a list is refused for want of it (ARMAutoResourceProviderRegistrationPolicy): none of these is in
ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
    HTTPPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from reconciler.faults import Broken, Refused

from .buckets import Buckets, Clock, call_of
from .faults import fault_of, seconds_of

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Terms:
    """How we speak to ARM: seconds to wait for a connection and for the next bytes; whether If-Match is the
    bare etag that AKS tells, instead of in the quotes that the SDK puts around it; a clock in seconds that
    never go back; and how many times faster than Azure the world behind the endpoint lives."""

    connect_seconds: float = 10
    read_seconds: float = 30
    raw_etags: bool = False
    clock: Clock = time.monotonic
    pace: float = 1.0


class Arm:
    """The SDK's client and what it may ask. Safe for many threads."""

    def __init__(
        self, credential: TokenCredential, subscription: str, endpoint: str, agent: str, terms: Terms
    ) -> None:
        near, endpoint = is_loopback(endpoint), endpoint.rstrip("/")
        self.buckets = Buckets(terms.clock, terms.pace)
        self.gate = Gate(endpoint, self.buckets)
        self.client = ContainerServiceClient(
            credential,
            subscription,
            base_url=endpoint,
            policies=_pipeline(None if near else credential, endpoint, agent, self.gate),
            connection_timeout=terms.connect_seconds,
            read_timeout=terms.read_seconds,
            use_env_settings=not near,
        )

    def items(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every item of a list the SDK has no method for, from all its pages."""
        params = {name.replace("_", "-"): quote(value, safe="") for name, value in query.items()}
        url = path
        while url:
            page = self._page(HttpRequest("GET", url, params=params))
            yield from page.get("value") or ()
            url, params = page.get("nextLink") or "", {}

    def _page(self, request: HttpRequest) -> Mapping[str, Any]:
        """Streamed, so that the pipeline does not decode it, too: the list of sizes is 5 MB long."""
        with told_as_faults():
            response = self.client.send_request(request, stream=True)
            body = response.read()
            response.raise_for_status()
        try:
            page = json.loads(body)
        except ValueError as garbled:
            raise Broken(f"Azure's answer is no JSON: {garbled}") from garbled
        if not isinstance(page, dict):
            raise Broken("Azure's answer is no list with pages")
        return page


def scope_of(endpoint: str) -> str:
    """What a token for that endpoint is asked for."""
    return f"{endpoint.rstrip('/')}/.default"


def is_loopback(endpoint: str) -> bool:
    """Whether it is the sandbox's: plain http on this machine, where nobody is asked for a token. Raises
    Refused for plain http to anywhere else: it would tell the token to everyone on the way."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https":
        return False
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return True
    raise Refused(
        f"{parts.scheme}://{parts.hostname} is no endpoint for Azure: https, or http on this machine"
    )


@contextmanager
def told_as_faults() -> Iterator[None]:
    """Turn what the SDK raises into a Fault."""
    try:
        yield
    except (AzureError, OSError) as failure:
        raise fault_of(failure) from failure


class Gate(HTTPPolicy[Any, Any]):
    """The last step before the wire: every request, each page of a list among them, is counted; nobody but
    our endpoint is told our token; a 429 is remembered. `may_write` is called right before anything is
    changed, after a login that may take its time, and raises Deposed where that may not be."""

    def __init__(self, endpoint: str, buckets: Buckets) -> None:
        super().__init__()
        self._home = _origin(endpoint)
        self._buckets = buckets
        self.may_write: Callable[[], None] = _anybody_may

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Raises Throttled for a request that would be one too many, Refused for one to somebody else."""
        asked = request.http_request
        if _origin(asked.url) != self._home:
            host = urlsplit(asked.url).hostname
            raise Refused(f"Azure's answer leads to {host}, which is not where we asked: not followed")
        call, scope = call_of(asked.method, urlsplit(asked.url).path)
        self._buckets.take(call, scope)
        if asked.method != "GET":
            self.may_write()
        response = self.next.send(request)
        answer = response.http_response
        if answer.status_code == 429:
            self._buckets.refused(call, scope, seconds_of(answer.headers.get("Retry-After")))
        return response


def _anybody_may() -> None:
    """Whoever is alone may write."""


def _pipeline(credential: TokenCredential | None, endpoint: str, agent: str, gate: Gate) -> list[Any]:
    login = [ARMChallengeAuthenticationPolicy(credential, scope_of(endpoint))] if credential else []
    return [
        RequestIdPolicy(),
        HeadersPolicy(),
        UserAgentPolicy(agent),
        ContentDecodePolicy(),
        *login,
        CustomHookPolicy(),
        gate,
    ]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
