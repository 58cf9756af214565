"""A running sandbox, and the two ways into it: the Azure SDK and plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.containerservice import ContainerServiceClient

from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from reconciler.sandbox.trouble import parse_trouble

SPEED = 600.0
LONGEST_WAIT = 20.0


class NoCredential:
    """Where no token is asked for."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("none", int(time.time()) + 3600)


@dataclass(frozen=True)
class Said:
    """An HTTP answer."""

    status: int
    body: Any
    headers: dict[str, str]


class Wire:
    """One of the two APIs over plain HTTP."""

    def __init__(self, url: str, token: str = "", trust: str | None = None) -> None:
        self._url, self.token = url, token
        self._tls = ssl.create_default_context(cadata=trust)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        kind = {"PATCH": "application/merge-patch+json"}.get(method, "application/json")
        sent = {"Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        line = self._open()
        try:
            line.request(
                method, path.removeprefix(self._url), None if body is None else json.dumps(body), sent
            )
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Said(answer.status, _read(answer.read()), told)
        finally:
            line.close()

    def _open(self) -> http.client.HTTPConnection:
        scheme, _, host = self._url.partition("://")
        if scheme == "https":
            return http.client.HTTPSConnection(host, timeout=10, context=self._tls)
        return http.client.HTTPConnection(host, timeout=10)


@dataclass(frozen=True)
class House:
    """A sandbox with its doors: `arm` and `kube` are plain HTTP, `client` is the SDK's."""

    sandbox: Sandbox
    client: ContainerServiceClient
    arm: Wire
    kube: Wire

    @property
    def at(self) -> tuple[str, str]:
        return self.sandbox.resource_group, self.sandbox.cluster

    @property
    def cluster_path(self) -> str:
        group = f"/subscriptions/{self.sandbox.subscription}/resourceGroups/{self.sandbox.resource_group}"
        return f"{group}/providers/Microsoft.ContainerService/managedClusters/{self.sandbox.cluster}"

    def pool_path(self, pool: str, rest: str = "") -> str:
        return f"{self.cluster_path}/agentPools/{pool}{rest}?api-version=2026-08-01"

    def put_pool(self, name: str, **properties: Any) -> Any:
        """Create or change a pool and wait for its end."""
        body = {"properties": {"vmSize": "Standard_NC24ads_A100_v4", "count": 1, **properties}}
        return self.client.agent_pools.begin_create_or_update(
            *self.at, name, body, polling_interval=0.05
        ).result()

    def objects(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.kube.ask("GET", path).body["items"]
        return items


def eventually(check: Callable[[], Any]) -> Any:
    """Wait until a check is true and give what it gave; fail after 20 s."""
    end = time.monotonic() + LONGEST_WAIT
    while not (found := check()):
        assert time.monotonic() < end, f"it did not come true: {check}"
        time.sleep(0.02)
    return found


def open_house(sandbox: Sandbox) -> House:
    client = ContainerServiceClient(
        NoCredential(),
        sandbox.subscription,
        base_url=sandbox.arm_url,
        authentication_policy=SansIOHTTPPolicy(),
        retry_total=0,
        read_timeout=10,
    )
    config = yaml.safe_load(sandbox.kubeconfig.read_text())
    token = config["users"][0]["user"]["token"]
    trust = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    return House(sandbox, client, Wire(sandbox.arm_url), Wire(sandbox.kube_url, token, trust))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A sandbox without troubles, shared by a module's tests."""
    settings = SandboxSettings(tmp_path_factory.mktemp("sandbox"), speed=SPEED)
    with Sandbox(settings) as sandbox:
        yield open_house(sandbox)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A sandbox with quota for all of a module's tests."""
    settings = SandboxSettings(tmp_path_factory.mktemp("sandbox"), speed=SPEED, quota_vcpus=20_000)
    with Sandbox(settings) as sandbox:
        yield open_house(sandbox)


@pytest.fixture
def troubled(shared: House) -> Iterator[House]:
    """The shared sandbox, for a test that asks for troubles: none are left after it."""
    yield shared
    shared.sandbox.ask("none")


Build = Callable[..., House]
"""What the fixture `build` gives."""


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Build a sandbox of one's own: `build("no-quota", speed=1)`."""
    opened: list[Sandbox] = []

    def one(*troubles: str, **choices: Any) -> House:
        words = tuple(parse_trouble(word) for word in troubles)
        choices = {"state": tmp_path, "speed": SPEED, **choices}
        opened.append(Sandbox(SandboxSettings(troubles=words, **choices)))
        opened[-1].start()
        return open_house(opened[-1])

    yield one
    for sandbox in opened:
        sandbox.stop()


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
