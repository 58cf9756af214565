"""What a pass over an unchanged fleet costs, beside kubectl asked the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.settings import Settings
from reconciler.wiring.house import engine_for
from tests.bench.figure import Figure
from tests.bench.fleet import FleetRepository, fleet_of
from tests.bench.kubectl import Used, kubectl
from tests.bench.passes import Cost, Daemon
from tests.bench.planning import plan_cost, planning_figure
from tests.bench.world import SANDBOX_CONTEXT, World

_KINDS = "configmaps,services,statefulsets,workspaces.kaito.sh"
_ASKED = 50  # workspaces whose objects kubectl diff is asked about: all of them would take it minutes
_MOST_PASSES = 12


@dataclass(frozen=True)
class Still:
    """What a pass costs that changes nothing (the median of three), and the requests of all three."""

    cost: Cost
    requests: int


def small_fleet(folder: Path, count: int) -> Iterator[Figure]:
    """A thousand workspaces: planned from cold, and passed over once they stand."""
    fleet = fleet_of(folder, count)
    with _standing_world(folder, fleet) as world:
        yield planning_figure(fleet, world.kubeconfig, plan_cost(folder / "cold", fleet, world.kubeconfig))
        still = _still(folder, fleet, world)
        diff = _diff(folder, fleet, world.kubeconfig)
    times = max(1, count // _ASKED)
    against = f"kubectl diff --server-side of one object in {times}, times {times}"
    peer = diff.cpu_seconds * times if diff else None
    yield Figure("noop_1000_cpu_s", still.cost.cpu_seconds, "CPU s", peer, against)


def large_fleet(folder: Path, count: int) -> Iterator[Figure]:
    """Ten thousand workspaces: time, requests and memory of a pass."""
    fleet = fleet_of(folder, count)
    with _standing_world(folder, fleet) as world:
        still = _still(folder, fleet, world)
        world.news()
        listed = kubectl(world.kubeconfig, "get", _KINDS, "--all-namespaces", "--output=json")
        lists = sum(1 for each in world.news() if "kubectl" in each.agent)
    what = "kubectl get -o json of the same objects"
    cpu, peak = (listed.cpu_seconds, listed.peak_mb) if listed else (None, None)
    requests = float(lists) if listed else None
    yield Figure("noop_10000_cpu_s", still.cost.cpu_seconds, "CPU s", cpu, what)
    yield Figure("noop_10000_requests", still.requests, "requests", requests, what)
    yield Figure("noop_10000_rss_mb", still.cost.resident_mb, "MiB", peak, f"{what}, its peak")


def _standing_world(folder: Path, fleet: FleetRepository) -> World:
    argv = (sys.executable, "-m", "tests.bench.seed", str(folder / "world"), str(fleet.bare))
    subprocess.run(argv, check=True)
    return World(folder / "world")


def _still(folder: Path, fleet: FleetRepository, world: World) -> Still:
    """Reconcile until two passes have written nothing; the next are those that count."""
    with Daemon(folder / "state", world.kubeconfig, fleet.bare) as daemon:
        quiet = 0
        for _ in range(_MOST_PASSES):
            tip = fleet.status_tip
            daemon.run_pass()
            time.sleep(0.5)
            wrote = any(each.writes for each in world.news()) or fleet.status_tip != tip
            quiet = 0 if wrote else quiet + 1
            if quiet == 2:
                return _counted(daemon, world)
    raise RuntimeError("the fleet does not come to rest")


def _counted(daemon: Daemon, world: World) -> Still:
    world.news()
    costs = sorted((daemon.run_pass() for _ in range(3)), key=lambda cost: cost.cpu_seconds)
    return Still(costs[1], len(world.news()))


def _diff(folder: Path, fleet: FleetRepository, kubeconfig: Path) -> Used | None:
    """kubectl asked whether some of the objects are as rendered; it ends with 1 where they are not."""
    sample = folder / "sample.json"
    sample.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _sample(folder, fleet)}))
    words = ("diff", "--server-side", "--force-conflicts", "--field-manager=towline", "-f", str(sample))
    return kubectl(kubeconfig, *words, ends_with=(0, 1))


def _sample(folder: Path, fleet: FleetRepository) -> list[object]:
    return [each for some in rendered(folder, fleet.bare, _ASKED).values() for each in some]


def rendered(folder: Path, repository: Path, most: int) -> dict[str, list[dict[str, object]]]:
    """The objects of the first workspaces by name, as Towline would apply them."""
    world = folder / "world" / "kubeconfig"
    settings = Settings(str(repository), "", SANDBOX_CONTEXT, world, state=folder / "rendering", offline=True)
    with engine_for(settings) as engine:
        workspaces = list(engine.plan().desired.workspaces.values())[:most]
    return {each.name.name: [one.document for one in each.objects] for each in workspaces}
