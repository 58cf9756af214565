"""Several daemons of one fleet in one world, each with a memory of its own; and who of them leads."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.e2e.stage import Stage
from tests.e2e.typed import Daemon

LEASES = "/apis/coordination.k8s.io/v1/namespaces/towline-system/leases"
QUICK = ("--poll", "0.5")


def companion(stage: Stage, name: str) -> Stage:
    """The same world as somebody else's process sees it."""
    other = replace(stage, folder=stage.folder / name)
    other.state.mkdir(parents=True)
    (other.state / "sandbox").symlink_to(stage.state / "sandbox")
    return other


@contextmanager
def daemons(stage: Stage, *words: str, count: int = 2) -> Iterator[list[Daemon]]:
    """So many, started one after the other."""
    with ExitStack() as stack:
        others = [companion(stage, f"companion-{number}") for number in range(count)]
        yield [stack.enter_context(each.daemon(*QUICK, *words)) for each in others]


def holder(stage: Stage, lease: str = "towline-demo") -> str:
    """Who holds it; empty where nobody does."""
    status, answer = stage.outlook.ask("GET", f"{LEASES}/{lease}")
    return str(answer["spec"].get("holderIdentity") or "") if status == 200 else ""


def identity(daemon: Daemon) -> str:
    """What it calls itself, as its log says; empty before it has sought a lease."""
    return daemon.said.partition("identity=")[2].partition("\n")[0].partition(" ")[0].strip("'\"")


def leader(stage: Stage, among: list[Daemon], lease: str = "towline-demo") -> Daemon | None:
    """Which of them holds the lease."""
    held = holder(stage, lease)
    return next((each for each in among if held and identity(each) == held), None)


def holders(stage: Stage, shards: int) -> list[str]:
    return [holder(stage, f"towline-demo.{number}") for number in range(shards)]


@dataclass
class Slow:
    """A way to the API server. Once it is slow, what is said on the connections that spoke lately, and on any
    that is opened from then on, arrives only when it is quick again: of a daemon at rest, all it says of its
    lease. Everything else gets through at once."""

    target: int
    connections: list[socket.socket] = field(default_factory=list)
    through: threading.Event = field(default_factory=threading.Event)
    spoke: dict[int, float] = field(default_factory=dict)
    delayed: set[int] = field(default_factory=set)

    def __enter__(self) -> Slow:
        self.through.set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.through.set()
        self._door.close()
        for each in self.connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def slow_down(self, lately: float = 4.0) -> None:
        near = set(map(id, self.connections[::2]))
        self.delayed = {
            each for each, at in self.spoke.items() if each in near and time.monotonic() - at < lately
        }
        self.through.clear()

    def hurry(self) -> None:
        self.through.set()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                if not self.through.is_set():
                    self.delayed.add(id(near))
                self.connections += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.spoke[id(source)] = time.monotonic()
                self._wait(source)
                to.sendall(data)
        self._wait(source)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def _wait(self, source: socket.socket) -> None:
        if id(source) in self.delayed:
            self.through.wait()


@contextmanager
def slow_companion(stage: Stage, name: str) -> Iterator[tuple[Stage, Slow]]:
    """A companion whose way to the Kubernetes API can be made slow."""
    other = replace(stage, folder=stage.folder / name)
    there = other.state / "sandbox"
    there.mkdir(parents=True)
    with Slow(urlsplit(stage.sandbox.kube_url).port or 0) as way:
        url = f"https://127.0.0.1:{way.port}"
        place = json.loads((stage.state / "sandbox" / "world.json").read_text())
        (there / "world.json").write_text(json.dumps({**place, "kube_url": url}))
        config: dict[str, Any] = yaml.safe_load((stage.state / "sandbox" / "kubeconfig").read_text())
        config["clusters"][0]["cluster"]["server"] = url
        _beside(stage.state / "sandbox", there, config)
        yield other, way


def _beside(old: Path, new: Path, config: dict[str, Any]) -> None:
    """The kubeconfig in another folder; files that it names stay where they are."""
    cluster = config["clusters"][0]["cluster"]
    if file := cluster.get("certificate-authority"):
        cluster["certificate-authority"] = str((old / file).absolute())
    (new / "kubeconfig").write_text(yaml.safe_dump(config))
