"""The embedded API served on a loopback port from a thread, and documents to send it."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiohttp import web

from reconciler.sandbox.kube.face import LogRequest, RequestLine, Trouble, application
from reconciler.sandbox.kube.store import Store

T = TypeVar("T")

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Answer:
    """What came back: the status, the headers and the body as JSON (or as text)."""

    code: int
    headers: Mapping[str, str]
    body: Any


class Served:
    """A store behind its face, on a free port."""

    def __init__(self, token: str | None = None, history: int = 10_000) -> None:
        self.store = Store(now, history=history)
        self.lines: list[RequestLine] = []
        self.troubles: dict[tuple[str, str], Trouble] = {}
        self.logs: list[LogRequest] = []
        self.token = token
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def inside(self, work: Callable[[Store], T]) -> T:
        """Touch the store on the thread it belongs to."""

        async def run() -> T:
            return work(self.store)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def call(
        self, method: str, path: str, body: Any = None, content: str = "application/json", **headers: str
    ) -> Answer:
        """Ask over HTTP; a refusal is an answer like any other."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        request = urllib.request.Request(  # noqa: S310 - http on loopback
            self.url + path, data, {"Content-Type": content, **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - http on loopback
                return Answer(answer.status, dict(answer.headers), _read(answer.read()))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, dict(refused.headers), _read(refused.read()))

    def events(self, path: str, count: int | None = None) -> list[dict[str, Any]]:
        """The first `count` events of a watch, or everything it says until its time is over."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310 - http on loopback
        with urllib.request.urlopen(request, timeout=20) as stream:  # noqa: S310 - http on loopback
            return [json.loads(line) for line in itertools.islice(stream, count)]

    async def _start(self) -> str:
        app = application(
            self.store,
            token=self.token,
            logs=self._log,
            on_request=self.lines.append,
            trouble=lambda method, path: self.troubles.get((method, path)),
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _log(self, pod: dict[str, Any], asked: LogRequest) -> AsyncIterator[bytes]:
        self.logs.append(asked)
        lines = [f"line {number} of {pod['metadata']['name']}\n".encode() for number in range(5)]
        for line in lines[-asked.tail_lines :] if asked.tail_lines else lines:
            yield line


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()


def config_map(name: str = "c", **data: str) -> dict[str, Any]:
    """A ConfigMap in `default`."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod_spec(**fields: Any) -> dict[str, Any]:
    """The spec of a pod with one container, `main`."""
    return {"containers": [{"name": "main", "image": "i:1"}], **fields}


def workload(kind: str = "Deployment", name: str = "w", **spec: Any) -> dict[str, Any]:
    """A Deployment or StatefulSet in `default`."""
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec()}
    selector = {"matchLabels": {"app": name}}
    named = {"serviceName": name} if kind == "StatefulSet" else {}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"selector": selector, "template": template, **named, **spec},
    }


def job(name: str = "j", **spec: Any) -> dict[str, Any]:
    """A Job in `default`."""
    template = {"spec": pod_spec(restartPolicy="Never")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def pod(name: str = "p", **metadata: Any) -> dict[str, Any]:
    """A Pod in `default`."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": pod_spec()}


def service(name: str = "s", **spec: Any) -> dict[str, Any]:
    """A Service in `default`."""
    wanted = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": wanted}


def definition(properties: dict[str, Any] | None = None, **version: Any) -> dict[str, Any]:
    """The definition of `Widget` in example.com/v1, with a status."""
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": properties or {"size": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    served = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
        **version,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wg"]},
            "versions": [served],
        },
    }


def widget(name: str = "a", **spec: Any) -> dict[str, Any]:
    """A Widget in `default`."""
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}
