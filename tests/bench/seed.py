"""Worlds written down for the sandbox to go on from: with a node, and with a fleet that stands already.

`python -m tests.bench.seed FOLDER REPOSITORY`. Ten thousand workspaces through the HTTP API would take
longer than all measurements together; here the same rendered objects go through the sandbox's own admission
without HTTP between. What is left to do is done by the daemon before it is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.domain.identity import Ref
from reconciler.domain.plan import Outcome
from reconciler.domain.state import DIGEST, DesiredObject
from reconciler.domain.workspace import V1BETA1
from reconciler.planner.assess.custom_status import workspace_status
from reconciler.planner.decide.inventory import inventory_objects
from reconciler.planner.decide.ledger import inventory_after
from reconciler.prospect import Prospect
from reconciler.reconcile import Engine
from reconciler.sandbox.kube.store import Store
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.snapshot import read_snapshot, write_snapshot
from reconciler.settings import Settings
from reconciler.wiring.house import engine_for
from reconciler.wiring.worlds import SANDBOX_CONTEXT, sandbox_settings
from tests.bench.fleet import NODES

_WORKSPACE = "kaito.sh/Workspace"
_LABELS = {
    NODES[0]: NODES[1],
    "nvidia.com/gpu.product": "NVIDIA-A100-80GB-PCIe",
    "nvidia.com/gpu.count": "1",
    "nvidia.com/gpu.memory": "81920",
}


def main(folder: Path, repository: Path) -> None:
    """Begin a world, see what the fleet asks of it, and write both down as one."""
    begin_world(folder)
    with Sandbox(sandbox_settings(folder)) as sandbox, engine_for(_settings(sandbox, repository)) as engine:
        prospect = engine.plan()
        statuses = list(_statuses(engine))
    with _opened(folder) as store:
        _fill(store, prospect, statuses)


def begin_world(folder: Path) -> None:
    """A world with one GPU node for `byo` fleets. It is cordoned: pods wait, and nothing else moves."""
    with Sandbox(sandbox_settings(folder)):
        pass
    with _opened(folder) as store:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-0", "labels": _LABELS}}
        status = {"allocatable": {"nvidia.com/gpu": "1"}, "conditions": []}
        store.create({**node, "spec": {"unschedulable": True, "taints": []}, "status": status})


@contextmanager
def _opened(folder: Path) -> Iterator[Store]:
    """The objects of a sandbox that does not run, written down again afterwards."""
    snapshot = read_snapshot(folder / "world.jsonl")
    assert snapshot is not None
    store = Store(lambda: datetime.now(UTC))
    store.restore(snapshot.objects, snapshot.revision)
    yield store
    bodies, revision = store.dump()
    write_snapshot(replace(snapshot, objects=tuple(bodies), revision=revision), folder / "world.jsonl")


def _settings(sandbox: Sandbox, repository: Path) -> Settings:
    return Settings(
        repo=str(repository),
        context=SANDBOX_CONTEXT,
        kubeconfig=sandbox.kubeconfig,
        state=sandbox.settings.state / "seeding",
        offline=True,
    )


def _statuses(engine: Engine) -> Iterator[tuple[Ref, dict[str, Any]]]:
    for name, report in engine.look().workspaces.items():
        yield Ref(V1BETA1, "Workspace", name.namespace, name.name), workspace_status(report, 1)


def _fill(store: Store, prospect: Prospect, statuses: list[tuple[Ref, dict[str, Any]]]) -> None:
    steps = [step for step in prospect.plan.steps if isinstance(step.desired, DesiredObject)]
    wanted = [each.desired for each in steps if isinstance(each.desired, DesiredObject)]
    uids = [_create(store, each) for each in wanted]
    outcomes = tuple(Outcome(step, done=True, uid=uid) for step, uid in zip(steps, uids, strict=True))
    config = prospect.config
    inventory = inventory_after({}, prospect.desired, prospect.observed, outcomes, config.commit)
    for each in inventory_objects(inventory, config.fleet.name):
        _create(store, each)
    for ref, status in statuses:
        store.patch(_WORKSPACE, ref.namespace, ref.name, {"status": status}, subresource="status")


def _create(store: Store, desired: DesiredObject) -> str:
    document = desired.document
    document["metadata"].setdefault("annotations", {})[DIGEST] = desired.digest
    return str(store.create(document, "towline")["metadata"]["uid"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
