"""What reaches into pods: their logs, and the proxy from a Service to a process behind one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from .documents import Obj
from .refusal import Refusal, bad_request, not_found
from .store import Store
from .target import Target

LISTEN = "sandbox.towline.dev/listen"
_HOP_BY_HOP = frozenset(
    {"authorization", "connection", "content-encoding", "content-length", "host", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What a reader asks of a pod's log. Line counts and seconds are None where not asked."""

    container: str | None = None
    follow: bool = False
    tail_lines: int | None = None
    previous: bool = False
    timestamps: bool = False
    since_seconds: int | None = None


LogSource = Callable[[dict[str, object], LogRequest], AsyncIterator[bytes]]


async def stream_log(request: web.Request, pod: Obj, logs: LogSource | None) -> web.StreamResponse:
    """Answer with a pod's log from the source, nothing before it has a node; Refusal 400 while it starts."""
    asked = _log_request(request)
    _require_loggable(pod, asked)
    if not pod["spec"].get("nodeName"):
        return web.Response(status=204)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    if logs is not None:
        with suppress(ConnectionResetError):
            async for chunk in logs(pod, asked):
                await response.write(chunk)
    return response


def _log_request(request: web.Request) -> LogRequest:
    def flag(name: str) -> bool:
        return request.query.get(name) in {"true", "1", "True"}

    def number(name: str) -> int | None:
        text = request.query.get(name, "")
        return int(text) if text.isdigit() else None

    container = request.query.get("container") or None
    return LogRequest(
        container,
        flag("follow"),
        number("tailLines"),
        flag("previous"),
        flag("timestamps"),
        number("sinceSeconds"),
    )


def _require_loggable(pod: Obj, asked: LogRequest) -> None:
    name, spec = pod["metadata"]["name"], pod["spec"]
    containers = [each["name"] for each in (*(spec.get("initContainers") or ()), *spec["containers"])]
    if asked.container is None and len(spec["containers"]) > 1:
        choice = " ".join(each["name"] for each in spec["containers"])
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{choice}]")
    wanted = asked.container or spec["containers"][0]["name"]
    if wanted not in containers:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    if reason := _waiting(pod, wanted):
        raise bad_request(f'container "{wanted}" in pod "{name}" is waiting to start: {reason}')


def _waiting(pod: Obj, container: str) -> str:
    status = pod.get("status") or {}
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found: Obj = next((each for each in statuses if each.get("name") == container), {})
    if found.get("restartCount"):
        return ""
    state = found.get("state") or {}
    return str((state.get("waiting") or {}).get("reason") or "")


class ServiceProxy:
    """The `proxy` subresource of Services: plain HTTP to where a ready pod says it listens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: ClientSession | None = None

    async def sessions(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the HTTP session open while the application runs."""
        timeout = ClientTimeout(total=None, sock_connect=10)
        async with ClientSession(timeout=timeout, auto_decompress=False) as session:
            self._session = session
            yield
            self._session = None

    async def forward(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Pass a request on and its answer back as it comes; Refusal 404, 503."""
        address = self._listener(target)
        assert self._session is not None, "the application has not started"
        url = f"http://{address}/{target.rest}" + (f"?{request.query_string}" if request.query_string else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        body = await request.read()
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body or None
            ) as answer:
                kept = {
                    name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP
                }
                response = web.StreamResponse(status=answer.status, headers=kept)
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response
        except ClientError as error:
            message = f"error trying to reach service: {error}"
            raise Refusal(503, "ServiceUnavailable", message) from error

    def _listener(self, target: Target) -> str:
        name = target.name.split(":")[1 if target.name.startswith(("http:", "https:")) else 0]
        service = self._store.find("Service", target.namespace, name)
        if service is None:
            raise not_found(target.kind, name)
        selector = service["spec"].get("selector") or {}
        pods = self._store.objects("Pod", target.namespace, selector) if selector else []
        for pod in pods:
            listen = (pod["metadata"].get("annotations") or {}).get(LISTEN)
            if listen and _is_ready(pod):
                return str(listen)
        raise Refusal(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
