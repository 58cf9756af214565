"""The ARM API over HTTP: addresses in any case, and a log of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from reconciler.sandbox.requests import Asked
from reconciler.sandbox.trouble import Troubles

from .cloud import Cloud
from .errors import ArmRefusal
from .gate import Gate
from .routes import Routes
from .throttle import Buckets
from .wire import Answer, Call, read_call, response_of

_CORRELATION = "x-ms-correlation-request-id"


class ArmFace:
    """The HTTP face of a Cloud. `buckets` (or None) are the request limits to keep."""

    def __init__(
        self, cloud: Cloud, troubles: Troubles, on_request: Callable[[Asked], None], buckets: Buckets | None
    ) -> None:
        self._troubles, self._on_request = troubles, on_request
        self._gate, self._routes = Gate(cloud, troubles), Routes(cloud, buckets)

    def application(self) -> web.Application:
        """Build the aiohttp application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._request)
        return app

    async def _request(self, request: web.Request) -> web.StreamResponse:
        status, correlation = 0, ""
        try:
            response, is_cut = await self._answered(request)
            correlation = response.headers[_CORRELATION]
            if is_cut:
                return await _cut_off(request, response)
            status = response.status
            return response
        finally:
            agent = request.headers.get("User-Agent", "")
            asked = ("arm", request.method, request.path, request.query_string, agent, status, correlation)
            self._on_request(Asked(*asked))

    async def _answered(self, request: web.Request) -> tuple[web.Response, bool]:
        """Give the answer, and whether its connection closes amid it."""
        if self._troubles.strikes("hanging-api", "arm", request.path):
            await asyncio.Event().wait()
        is_cut = False
        try:
            call = await read_call(request)
            is_cut = self._troubles.strikes("reset", *self._gate.names(call))
            answer = self._answer(call)
        except ArmRefusal as refusal:
            answer = Answer(refusal.status, refusal.body(), tuple(refusal.headers.items()))
        return response_of(answer, request), is_cut

    def _answer(self, call: Call) -> Answer:
        self._gate.check(call)
        return self._routes.answer(call)


async def _cut_off(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the head of an answer and half its body, then close the connection."""
    body = response.body if isinstance(response.body, bytes) else b""
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = max(len(body), 2)
    await begun.prepare(request)
    await begun.write(body[: len(body) // 2] or b"{")
    if request.transport:
        request.transport.close()
    return begun
