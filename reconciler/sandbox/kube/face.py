"""The HTTP face of the store: an aiohttp application that kubectl takes for a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest

from aiohttp import web

from .answers import as_json
from .discovery import aggregated, discover
from .documents import encoded
from .openapi import EMPTY_V2, open_api
from .podports import LogRequest, LogSource, ServiceProxy, stream_log
from .reading import Reader
from .refusal import Refusal, method_not_allowed, not_served
from .reviews import review
from .store import Store
from .target import Target, parse_target
from .watching import Watcher
from .writing import Scribe

__all__ = ["LogRequest", "LogSource", "RequestLine", "Trouble", "application"]

_LARGEST_BODY = 3 * 1024 * 1024
_OPEN_TO_ALL = frozenset({"/healthz", "/livez", "/readyz", "/version"})
_STREAMS = frozenset({"attach", "exec", "portforward"})
_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request as it was answered; `status` 0 where it never was."""

    method: str
    path: str
    query: str
    user_agent: str
    status: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A bad answer on request: a status code (with Retry-After in seconds), no answer ever, or a cut line."""

    status: int = 500
    reason: str = "InternalError"
    message: str = "the sandbox was asked to make trouble"
    retry_after: int | None = None
    hang: bool = False
    cut: bool = False


TroubleSource = Callable[[str, str], Trouble | None]


def application(
    store: Store,
    *,
    token: str | None = None,
    logs: LogSource | None = None,
    on_request: Callable[[RequestLine], None] | None = None,
    trouble: TroubleSource | None = None,
) -> web.Application:
    """The API over a store. `token`: the bearer token to ask for; `logs`: what pods say.

    `on_request` is told of every request as its answer begins; `trouble` is asked, with method and path,
    whether to answer badly. The store must be touched from the application's event loop alone.
    """
    face = Face(store, token, logs, trouble)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", face.answer)
    app.cleanup_ctx.append(face.proxy.sessions)
    app.on_shutdown.append(face.close)
    if on_request is not None:
        tell = on_request

        async def note(request: web.Request, response: web.StreamResponse) -> None:
            if not _is_gone(request):
                tell(_request_line(request, response.status))

        face.unanswered = lambda request: tell(_request_line(request, 0))
        app.on_response_prepare.append(note)
    return app


class Face:
    """Sends each request to the one who answers it."""

    def __init__(
        self, store: Store, token: str | None, logs: LogSource | None, trouble: TroubleSource | None
    ) -> None:
        self._store = store
        self._token = token
        self._logs = logs
        self._trouble = trouble
        self._reader = Reader(store)
        self._watcher = Watcher(store, self._reader)
        self._scribe = Scribe(store, self._reader)
        self.proxy = ServiceProxy(store)
        self.unanswered: Callable[[web.Request], None] = lambda _request: None
        self._closing = asyncio.Event()

    async def close(self, app: web.Application) -> None:
        """Let go of every request that is still open: the application shuts down."""
        self._closing.set()
        await self._watcher.close(app)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request; a Refusal becomes its Status."""
        try:
            if troubled := await self._make_trouble(request):
                return troubled
            self._require_token(request)
            return await self._route(request)
        except Refusal as refusal:
            return as_json(refusal.status, refusal.code)

    async def _make_trouble(self, request: web.Request) -> web.Response | None:
        trouble = self._trouble(request.method, request.path) if self._trouble else None
        if trouble is None:
            return None
        if trouble.hang or trouble.cut:
            self.unanswered(request)
            await self._say_nothing(request, hang=trouble.hang)
        headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
        refusal = Refusal(trouble.status, trouble.reason, trouble.message)
        return as_json(refusal.status, trouble.status, headers)

    async def _say_nothing(self, request: web.Request, *, hang: bool) -> None:
        """Leave a request without an answer: until its client gives up, or by cutting the line now."""
        while hang and not self._closing.is_set() and not _is_gone(request):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _BETWEEN_LOOKS)
        if request.transport is not None:
            request.transport.abort()

    def _require_token(self, request: web.Request) -> None:
        if self._token is None or request.path in _OPEN_TO_ALL:
            return
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(shown.encode(), self._token.encode()):
            raise Refusal(401, "Unauthorized", "Unauthorized")

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if request.path in _OPEN_TO_ALL - {"/version"}:
            return web.Response(text="ok")
        if (document := self._documents(request)) is not None:
            return document
        if (answer := await review(request)) is not None:
            return answer
        target = parse_target(self._store.ledger.kinds, request.path)
        if target is None:
            return self._nowhere(request)
        if target.subresource in _STREAMS:
            message = f"the sandbox has no {target.subresource}: it would need SPDY to a kubelet"
            raise Refusal(501, "NotImplemented", message)
        if target.subresource == "proxy":
            return await self.proxy.forward(request, target)
        return await self._serve(request, target)

    def _nowhere(self, request: web.Request) -> web.Response:
        """As the API server: a Status within its own groups, elsewhere a plain page."""
        parts = request.path.strip("/").split("/")
        group, version = ("", parts[1]) if parts[0] == "api" and len(parts) > 1 else (*parts, "", "")[1:3]
        known = self._store.ledger.kinds.group_versions().get(group, {}).get(version, ())
        if any(not kind.custom for kind in known):
            raise not_served()
        return web.Response(text="404 page not found\n", status=404)

    async def _serve(self, request: web.Request, target: Target) -> web.StreamResponse:
        match request.method:
            case "GET" | "HEAD":
                return await self._read(request, target)
            case "POST":
                return await self._scribe.create(request, target)
            case "PUT":
                return await self._scribe.replace(request, target)
            case "PATCH":
                return await self._scribe.patch(request, target)
            case "DELETE":
                return await self._scribe.remove(request, target)
        raise method_not_allowed()

    async def _read(self, request: web.Request, target: Target) -> web.StreamResponse:
        if request.query.get("watch") in {"true", "1", "True"}:
            return await self._watcher.stream(request, target)
        if not target.name:
            return self._reader.many(request, target)
        if target.subresource == "log":
            pod = self._store.ledger.need(target.kind, target.key).obj
            return await stream_log(request, pod, self._logs)
        return self._reader.one(request, target)

    def _documents(self, request: web.Request) -> web.Response | None:
        kinds, path = self._store.ledger.kinds, request.path.rstrip("/")
        accepted = request.headers.get("Accept", "")
        if path in {"/api", "/apis"} and "APIGroupDiscoveryList" in accepted:
            version = "v2" if ";v=v2;" in accepted or accepted.endswith(";v=v2") else "v2beta1"
            kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            body = encoded(aggregated(kinds, path.strip("/"), version))
            return web.Response(body=body, headers={"Content-Type": kind})
        if path == "/openapi/v2" and "protobuf" in accepted:
            return web.Response(body=b"", headers={"Content-Type": EMPTY_V2})
        found = discover(kinds, path) or open_api(kinds, path)
        return as_json(found) if found is not None else None


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _request_line(request: web.Request, status: int) -> RequestLine:
    agent = request.headers.get("User-Agent", "")
    return RequestLine(request.method, request.path, request.query_string, agent, status)
