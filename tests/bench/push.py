"""How long a push takes to be acted on, and to be told of, by a daemon that is running already."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.figure import Figure
from tests.bench.fleet import FleetRepository, fleet_of
from tests.bench.kubectl import kubectl
from tests.bench.noop import rendered
from tests.bench.seed import begin_world
from tests.bench.world import SANDBOX_CONTEXT, World

_LONGEST = 60.0


@dataclass(frozen=True)
class Push:
    """Seconds from the push's return until the first write of its workspace, and until its status is told;
    and the seconds that a person's commit and push of one file took."""

    to_apply: float
    to_status: float
    by_hand: float


def push_figures(folder: Path, pushes: int) -> Iterator[Figure]:
    """Medians of several pushes, each of one new workspace."""
    fleet = fleet_of(folder, 5)
    begin_world(folder / "world")
    with World(folder / "world") as world, _towline(folder, fleet, world):
        _told(fleet, "w00004")
        seen = [_push(fleet, world, f"pushed-{number}") for number in range(pushes)]
        applied = [_apply_by_hand(folder, world, number) for number in range(pushes)]
    by_hand = [each for each in applied if each is not None]
    peer = median(by_hand) if by_hand else None
    against = "kubectl apply --server-side of the same rendered objects"
    yield Figure("push_to_apply_s", median(each.to_apply for each in seen), "s", peer, against)
    theirs = median(each.by_hand for each in seen)
    told = median(each.to_status for each in seen)
    yield Figure("push_to_status_s", told, "s", theirs, "git commit and git push of one file")


@contextmanager
def _towline(folder: Path, fleet: FleetRepository, world: World) -> Iterator[None]:
    """`towline run`, as it is installed beside this Python."""
    words = ("run", "--repo", fleet.bare, "--state", folder / "state", "--offline")
    where = ("--context", SANDBOX_CONTEXT, "--kubeconfig", world.kubeconfig)
    argv = [str(each) for each in (Path(sys.executable).with_name("towline"), *words, *where)]
    with (folder / "towline.log").open("wb") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(60)


def _push(fleet: FleetRepository, world: World, name: str) -> Push:
    _rest(fleet)
    by_hand = _push_by_hand(fleet, name)
    fleet.write(name)
    fleet.commit(f"Add {name}")
    world.news()
    fleet.push()
    pushed = time.monotonic()
    told = _told(fleet, name)
    writes = [each.at for each in world.news() if each.method == "PATCH" and f"/{name}" in each.path]
    return Push(min(writes) - pushed, told - pushed, by_hand)


def _told(fleet: FleetRepository, name: str) -> float:
    """When the status branch moved to a commit that holds this workspace."""
    tip, deadline = "", time.monotonic() + _LONGEST
    while (now := time.monotonic()) < deadline:
        if (found := fleet.status_tip) != tip:
            tip = found
            if fleet.shows(tip, name):
                return now
        time.sleep(0.002)
    raise RuntimeError(f"nothing is told of {name}; see towline.log")


def _push_by_hand(fleet: FleetRepository, name: str) -> float:
    """A person's commit and push of one file, to a branch that nobody watches."""
    (fleet.work / "notes.txt").write_text(name)
    begun = time.monotonic()
    fleet.git("add", "notes.txt")
    fleet.git("commit", "--quiet", "--message", "A note")
    fleet.push("notes")
    return time.monotonic() - begun


def _rest(fleet: FleetRepository) -> None:
    """Wait until the status branch has stood for a second."""
    tip, since = fleet.status_tip, time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.05)
        if fleet.status_tip != tip:
            tip, since = fleet.status_tip, time.monotonic()


def _apply_by_hand(folder: Path, world: World, number: int) -> float | None:
    """kubectl given the objects of a workspace that the cluster does not know; seconds by the wall."""
    hand = fleet_of(folder / f"hand-{number}", 0)
    hand.write(f"by-hand-{number}")
    hand.commit("A workspace")
    objects = rendered(folder, hand.work, 1)[f"by-hand-{number}"]
    file = folder / f"by-hand-{number}.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    used = kubectl(world.kubeconfig, "apply", "--server-side", "--validate=false", "-f", str(file))
    return used.wall_seconds if used else None
