"""A real Kubernetes control plane for tests, as processes on loopback ports.

etcd and kube-apiserver alone store, validate, default and merge as a real cluster does, and nothing starts.
With `controllers` there are the controller manager and the scheduler too, and `kubelet` brings nodes that run
pods.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.cluster.asking import MERGE, Api, Refused
from tests.cluster.programs import APISERVER, CONTROLLERS, ETCD, SCHEDULER
from tests.cluster.programs import program as program
from tests.gitserver import until

CONTEXT = "admin"
ADMIN = "admin-token"
KUBELET = "kubelet"
_MACHINES = (CONTROLLERS, SCHEDULER, KUBELET)
"""Whoever writes without being asked; each has its own token."""

_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "users": list(_MACHINES)}, {"level": "Metadata"}],
}
_WRITES = frozenset({"create", "update", "patch", "delete"})
_LONGEST = 60
_CHECKOUT = Path(__file__).parents[2]


@dataclass
class ControlPlane:
    """A running apiserver; `kubeconfig` leads to it as its administrator."""

    folder: Path
    port: int
    store: str
    controllers: bool = False
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    context: str = CONTEXT
    prefix: str = ""
    """What the names of our nodes begin with."""

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_of(ADMIN)

    def kubeconfig_of(self, token: str) -> Path:
        """A kubeconfig file for whoever has this token."""
        certificate = self.folder / "certs" / "apiserver.crt"
        cluster = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(certificate)}
        file = self.folder / f"kubeconfig-{token}"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": "c", "user": "u"}}],
            "current-context": CONTEXT,
        }
        file.write_text(json.dumps(document))
        return file

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """One request as the administrator; None for what is not there."""
        return self._api.ask(method, path, body, kind)

    def patch(self, path: str, body: Any, manager: str = "kubectl-edit") -> Any:
        """A person's merge patch."""
        return self.ask("PATCH", f"{path}?fieldManager={manager}", body, MERGE)

    def names(self, collection: str) -> list[str]:
        """What is there, by name."""
        return [each["metadata"]["name"] for each in (self.ask("GET", collection) or {}).get("items", ())]

    def writes(self, since: int = 0) -> Counter[str]:
        """What Towline has written since that line of the audit log, but for the lease by which it leads:
        `patch services` and how often."""
        told: Counter[str] = Counter()
        for line in self._audit()[since:]:
            event = json.loads(line)
            thing = event.get("objectRef", {})
            is_ours = "towline/" in event.get("userAgent", "") and event["verb"] in _WRITES
            if is_ours and thing.get("resource") != "leases":
                parts = (event["verb"], thing.get("resource"), thing.get("subresource"))
                told[" ".join(part for part in parts if part)] += 1
        return told

    def so_far(self) -> int:
        """How long the audit log is."""
        return len(self._audit())

    def start(self, name: str = APISERVER) -> None:
        """Start one of its processes, after `stop`; of the apiserver, wait until it is ready."""
        self.processes[name] = self._run(str(program(name)), *self._words(name))
        if name == APISERVER:
            assert until(self._is_ready, _LONGEST), self.said(name)

    def stop(self, name: str = APISERVER) -> None:
        """End it as a crash would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(_LONGEST)

    @contextlib.contextmanager
    def halted(self, name: str = APISERVER) -> Iterator[None]:
        """It neither answers nor hangs up while the block lasts."""
        process = self.processes[name]
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def kubelet(self, *words: str, nodes: int = 0, gpus: int = 8) -> Iterator[None]:
        """Nodes gpu-0 … that run pods, while the block lasts; `words` are more of `tests.cluster.kubelet`."""
        place = ("--kubeconfig", str(self.kubeconfig_of(KUBELET)), "--context", self.context)
        size = ("--nodes", str(nodes), "--gpus", str(gpus), "--prefix", self.prefix)
        program = (sys.executable, "-m", "tests.cluster.kubelet", *place, *size, *words)
        self.processes[KUBELET] = self._run(*program, folder=_CHECKOUT)
        try:
            assert until(lambda: self._ready_nodes() >= nodes, _LONGEST), self.said(KUBELET)
            yield
        finally:
            self.stop(KUBELET)

    def said(self, name: str) -> str:
        """The end of what a process of its own wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def begin(self) -> None:
        """Start everything, and wait until pods can be made."""
        for name in (ETCD, APISERVER, *((CONTROLLERS, SCHEDULER) if self.controllers else ())):
            self.start(name)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        if self.controllers:
            assert until(lambda: self.ask("GET", account), _LONGEST), self.said(CONTROLLERS)

    def end(self) -> None:
        """Stop everything, the last that was started first."""
        for name in list(reversed(self.processes)):
            self.stop(name)

    @cached_property
    def _api(self) -> Api:
        return Api(self.kubeconfig, self.context)

    @cached_property
    def _peers(self) -> str:
        return f"http://127.0.0.1:{_free_port()}"

    def _audit(self) -> list[str]:
        return (self.folder / "audit.log").read_text().splitlines()

    def _ready_nodes(self) -> int:
        nodes = self.ask("GET", "/api/v1/nodes")["items"]
        told = [each for node in nodes for each in node["status"].get("conditions", ())]
        return sum(each["type"] == "Ready" and each["status"] == "True" for each in told)

    def _is_ready(self) -> bool:
        assert self.processes[APISERVER].poll() is None, self.said(APISERVER)
        if not (self.folder / "certs" / "apiserver.crt").exists():
            return False
        with contextlib.suppress(ConnectionError, Refused):
            return self.ask("GET", "/api/v1/namespaces/default") is not None
        return False

    def _words(self, name: str) -> list[str]:
        match name:
            case programs.ETCD:
                return programs.etcd_words(self.folder, self.store, self._peers)
            case programs.APISERVER:
                return programs.apiserver_words(self.folder, self.store, self.port, self.controllers)
            case programs.CONTROLLERS:
                return programs.controllers_words(self.folder, self.kubeconfig_of(name))
        return programs.scheduler_words(self.kubeconfig_of(name))

    def _run(self, *words: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
        name = KUBELET if folder else Path(words[0]).name
        with (self.folder / f"{name}.log").open("ab") as said:
            return subprocess.Popen(
                words,
                cwd=folder or self.folder,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
            )


@contextlib.contextmanager
def control_plane(
    folder: Path, tokens: Mapping[str, str], controllers: bool = False
) -> Iterator[ControlPlane]:
    """A control plane while the block lasts. `tokens` are users by token, beside the admin's."""
    store, port = (_free_port() for _ in range(2))
    users = "".join(f"{token},{user},{user}\n" for token, user in tokens.items())
    masters = "".join(f'{name},{name},{name},"system:masters"\n' for name in _MACHINES)
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n{masters}{users}')
    (folder / "audit.yaml").write_text(json.dumps(_POLICY))
    (folder / "audit.log").touch()
    key = ("openssl", "genrsa", "-out", str(folder / "sa.key"), "2048")
    subprocess.run(key, check=True, capture_output=True, timeout=_LONGEST)
    plane = ControlPlane(folder, port, f"http://127.0.0.1:{store}", controllers)
    try:
        plane.begin()
        yield plane
    finally:
        plane.end()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
