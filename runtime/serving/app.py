"""The HTTP face of the small engine, and of any engine while it loads.

POST /v1/chat/completions, /v1/completions   OpenAI's, whole or streamed
POST /chat                                   KAITO's {"prompt": …} → {"Result": …}; streamed as a chat is
GET  /v1/models                              the base model, and each adapter with its `parent`
POST /v1/load_lora_adapter, /v1/unload_…     vLLM's, where adapters may change
GET  /health                                 200 once ready, else 503 and what is going on
GET  /metrics                                Prometheus
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from runtime.serving.answers import ChatShape, TextShape
from runtime.serving.asked import ChatAsked, TextAsked
from runtime.serving.meters import Meters
from runtime.serving.refused import Refused
from runtime.serving.small.faults import UnusableAdapter
from runtime.serving.standing import Draining, Loading, Ready, Standing, refusal
from runtime.serving.talk import KaitoTalk, Talk, read_body

MOST_ORDER_BYTES = 2**16
Endpoint = Callable[[Request], Awaitable[Response]]


def build_app(standing: Standing, meters: Meters, *, adapters_may_change: bool) -> Starlette:
    """The routes over one standing."""
    adapters = Adapters(standing)
    routes = [
        Route("/v1/chat/completions", Talk(standing, meters, ChatAsked, ChatShape)),
        Route("/v1/completions", Talk(standing, meters, TextAsked, TextShape)),
        Route("/chat", KaitoTalk(standing, meters)),
        Route("/v1/models", models(standing)),
        Route("/health", health(standing)),
        Route("/metrics", metrics(meters)),
    ]
    if adapters_may_change:
        routes += [
            Route("/v1/load_lora_adapter", adapters.load, methods=["POST"]),
            Route("/v1/unload_lora_adapter", adapters.unload, methods=["POST"]),
        ]

    def refuse(request: Request, error: Exception) -> Response:
        refused = error if isinstance(error, Refused) else _as_refused(request, error, standing)
        meters.refused(refused.status)
        return JSONResponse(refused.body(), refused.status, refused.headers())

    return Starlette(routes=routes, exception_handlers={Refused: refuse, HTTPException: refuse})


def health(standing: Standing) -> Endpoint:
    """200 when ready; else 503 with what is going on."""

    async def answer(_: Request) -> Response:
        match standing.now:
            case Ready():
                return JSONResponse({"status": "ready"})
            case Loading(what):
                return JSONResponse({"status": "loading", "what": what}, 503)
            case Draining():
                return JSONResponse({"status": "draining"}, 503)

    return answer


def metrics(meters: Meters) -> Endpoint:
    """The figures, in Prometheus' text format."""

    async def answer(_: Request) -> Response:
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)

    return answer


def models(standing: Standing) -> Endpoint:
    """The models that can be asked for. `max_model_len` is vLLM's name for the longest sequence in tokens."""
    created = int(time.time())

    async def answer(_: Request) -> Response:
        desk = standing.desk()
        head = {"object": "model", "created": created, "owned_by": "towline"}
        base = {"id": desk.served_name, **head, "parent": None, "max_model_len": desk.engine.limit}
        tuned = [{"id": name, **head, "parent": desk.served_name} for name in desk.shelf.names]
        return JSONResponse({"object": "list", "data": [base, *tuned]})

    return answer


class AdapterAsked(BaseModel):
    """vLLM's body for both routes; `lora_path` is needed to load alone."""

    model_config = ConfigDict(frozen=True)
    lora_name: str
    lora_path: str = ""


class Adapters:
    """Loading and unloading an adapter without a restart, as vLLM words it."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    async def load(self, request: Request) -> Response:
        """Put an adapter on the shelf."""
        desk = self._standing.desk()
        asked = await _adapter_asked(request)
        if asked.lora_name == desk.served_name or desk.shelf.find(asked.lora_name):
            raise Refused(400, f"There is a model {asked.lora_name} already.", field="lora_name")
        try:
            await run_in_threadpool(desk.shelf.put, asked.lora_name, Path(asked.lora_path))
        except UnusableAdapter as error:
            raise Refused(400, str(error), field="lora_path") from error
        return PlainTextResponse(f"Success: LoRA adapter '{asked.lora_name}' added successfully.")

    async def unload(self, request: Request) -> Response:
        """Take an adapter off the shelf."""
        desk = self._standing.desk()
        asked = await _adapter_asked(request)
        if not desk.shelf.take(asked.lora_name):
            raise Refused(404, f"There is no adapter {asked.lora_name} here.", field="lora_name")
        return PlainTextResponse(f"Success: LoRA adapter '{asked.lora_name}' removed successfully.")


async def _adapter_asked(request: Request) -> AdapterAsked:
    raw = await read_body(request, MOST_ORDER_BYTES)
    try:
        return AdapterAsked.model_validate(json.loads(raw))
    except (ValueError, ValidationError) as error:
        raise Refused(400, 'The body must be {"lora_name": …, "lora_path": …}.') from error


def _as_refused(request: Request, error: Exception, standing: Standing) -> Refused:
    """What the router refuses. Before the model is ready no route is known to be wrong: it may be the
    engine's."""
    if not isinstance(standing.now, Ready):
        return refusal(standing.now)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Refused(status, f"{request.method} {request.url.path} is not answered here.")
