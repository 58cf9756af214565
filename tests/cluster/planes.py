"""One small way to ask any Kubernetes API, the real server and the sandbox: one test holds for both."""

from __future__ import annotations

import itertools
import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import urllib3

from tests.cluster.control_plane import ADMIN, ControlPlane
from tests.sandbox.kube.served import Served

JSON = "application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Said:
    """What an API answered: the status code, the body as JSON (or text), and its headers."""

    code: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def causes(self) -> set[tuple[str, str]]:
        """Of a refusal, each field with the machine's reason."""
        details = (self.body.get("details") or {}) if isinstance(self.body, dict) else {}
        return {(each.get("field", ""), each.get("reason", "")) for each in details.get("causes") or ()}

    @property
    def reason(self) -> str:
        """Of a refusal, the reason of its Status."""
        return str(self.body.get("reason", "")) if isinstance(self.body, dict) else ""


class Plane(Protocol):
    """A Kubernetes API as its administrator meets it."""

    name: str

    def call(self, method: str, path: str, body: Any = None, content: str = JSON, **headers: str) -> Said:
        """One request and its answer."""
        ...

    def events(self, path: str, count: int | None = None) -> list[dict[str, Any]]:
        """The first `count` events of a watch, or all until its time is over."""
        ...

    def forget(self) -> None:
        """Lose all history, as a server does of what is old."""
        ...


class Asking:
    """Requests over kept-open connections to one address, with one token."""

    def __init__(self, url: str, token: str | None = None, certificate: str | None = None) -> None:
        context = ssl.create_default_context(cafile=certificate) if certificate else None
        self._pool = urllib3.PoolManager(maxsize=4, ssl_context=context, retries=False, timeout=30)
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, content: str = JSON, **headers: str) -> Said:
        """One request and its answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Accept": JSON, "Content-Type": content, **self._headers, **headers}
        answer = self._pool.request(method, self._url + path, body=data, headers=sent)
        return Said(answer.status, _read(answer.data), dict(answer.headers))

    def events(self, path: str, count: int | None = None) -> list[dict[str, Any]]:
        """The first `count` events of a watch, or all until its time is over."""
        answer = self._pool.request("GET", self._url + path, headers=self._headers, preload_content=False)
        try:
            return [json.loads(line) for line in itertools.islice(answer, count)]
        finally:
            answer.close()


class RealPlane(Asking):
    """kube-apiserver over etcd."""

    name = "kube-apiserver"

    def __init__(self, plane: ControlPlane) -> None:
        certificate = str(plane.folder / "certs" / "apiserver.crt")
        super().__init__(f"https://127.0.0.1:{plane.port}", ADMIN, certificate)
        self._plane = plane

    def forget(self) -> None:
        """Compact etcd, and start the apiserver anew: its watch cache begins empty."""
        self._plane.stop()
        self._plane.start()
        revision = _etcd(self._plane.store, "range", {"key": "YQ=="})["header"]["revision"]
        _etcd(self._plane.store, "compaction", {"revision": revision})


class SandboxPlane(Asking):
    """The sandbox's API, over the store alone."""

    name = "sandbox"

    def __init__(self, served: Served) -> None:
        super().__init__(served.url, served.token)
        self._served = served

    def forget(self) -> None:
        """Forget the history of every kind."""
        self._served.inside(lambda store: store.ledger.compact())


def _etcd(url: str, verb: str, body: Mapping[str, Any]) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/v3/kv/{verb}", data, method="POST")  # noqa: S310 - on loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - on loopback
        return json.load(answer)


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()
