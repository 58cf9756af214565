"""A fresh control plane with GPU nodes, a person's repository, and Towline between the two."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.domain.state import DIGEST
from reconciler.settings import Settings
from reconciler.wiring.house import engine_for
from tests.bench.fleet import NODES, FleetRepository
from tests.cluster.control_plane import CONTEXT, ControlPlane, control_plane

LONGEST = 1200.0
"""Seconds after which what has not come about is given up."""
_ON_A_NODE = 250
_ROOM = {
    "cpu": "96",
    "memory": "1900Gi",
    "pods": str(_ON_A_NODE),
    "nvidia.com/gpu": str(_ON_A_NODE),
}
_LABELS = {
    NODES[0]: NODES[1],
    "nvidia.com/gpu.product": "NVIDIA-A100-80GB-PCIe",
    "nvidia.com/gpu.count": "1",
    "nvidia.com/gpu.memory": "81920",
}
"""One GPU that is shared in time by 250 pods, as the NVIDIA device plugin can have it."""


@dataclass(frozen=True)
class Stage:
    """A plane, and a fleet that has been pushed without any workspace."""

    folder: Path
    plane: ControlPlane
    fleet: FleetRepository

    def towline(self, *words: str) -> subprocess.Popen[bytes]:
        """`towline run`, as it is installed beside this Python; what it says goes to towline.log."""
        place = ("--repo", str(self.fleet.bare), "--state", str(self.folder / "state"), "--offline")
        world = ("--context", CONTEXT, "--kubeconfig", str(self.plane.kubeconfig))
        argv = (str(Path(sys.executable).with_name("towline")), "run", *place, *world, *words)
        with (self.folder / "towline.log").open("ab") as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """The same while the block lasts."""
        daemon = self.towline(*words)
        try:
            yield daemon
        finally:
            daemon.terminate()
            daemon.wait(60)

    def once(self) -> None:
        """One pass of Towline."""
        assert self.towline("--once").wait(LONGEST) in (0, 1)

    def push(self, *names: str) -> float:
        """Commit workspaces of these names and push; when that was done, in seconds since 1970."""
        self.fleet.write(*names)
        self.fleet.commit(f"{len(names)} workspaces")
        self.fleet.push()
        return time.time()

    def rendered(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The objects of workspaces of these names, as Towline applies them; worked out from a repository
        that holds nothing else."""
        sketch = FleetRepository(self.folder / f"sketch-{len(names)}-{names[0]}")
        sketch.write(*names)
        sketch.commit("A sketch")
        sketch.push()
        state = sketch.work.with_name("state")
        settings = Settings(str(sketch.bare), "", CONTEXT, self.plane.kubeconfig, state=state, offline=True)
        with engine_for(settings) as engine:
            workspaces = engine.plan().desired.workspaces.values()
        return [_digested(one.document, one.digest) for each in workspaces for one in each.objects]

    def pids(self) -> list[int]:
        """The control plane's processes, and the kubelet's."""
        return [process.pid for process in self.plane.processes.values()]


@contextmanager
def stage(folder: Path, workspaces: int, *, controllers: bool) -> Iterator[Stage]:
    """A stage with room for so many workspaces; without `controllers` nothing but the API and the store."""
    folder.mkdir(parents=True)
    fleet = FleetRepository(folder / "git")
    fleet.commit("A fleet")
    fleet.push()
    with control_plane(folder, {}, controllers) as plane, plane.kubelet():
        for number in range(-(-workspaces // _ON_A_NODE) + 1):
            metadata = {"name": f"gpu-{number}", "labels": _LABELS}
            status = {"capacity": _ROOM, "allocatable": _ROOM}
            node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}
            plane.ask("POST", "/api/v1/nodes", node)
        yield Stage(folder, plane, fleet)


def as_list(objects: list[dict[str, Any]], file: Path) -> Path:
    """Written down for kubectl."""
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return file


def names_of(count: int) -> list[str]:
    """As many names of workspaces."""
    return [f"w{index:05d}" for index in range(count)]


def _digested(document: dict[str, Any], digest: str) -> dict[str, Any]:
    metadata = document["metadata"]
    annotations = {**(metadata.get("annotations") or {}), DIGEST: digest}
    return {**document, "metadata": {**metadata, "annotations": annotations}}
