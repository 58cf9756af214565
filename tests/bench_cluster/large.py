"""A fleet as large as a company's: what an unchanged world costs, one change in it, and coming back to it.

All on one stage without controllers, where nothing changes but what we change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.figure import Figure
from tests.bench.kubectl import Used, kubectl
from tests.bench.passes import Daemon
from tests.bench_cluster.audit import KUBECTL, TOWLINE, patches, requests
from tests.bench_cluster.processes import come_to_rest
from tests.bench_cluster.settled import make_ready
from tests.bench_cluster.stage import LONGEST, Stage, as_list, names_of, stage
from tests.bench_cluster.telling import all_are_told
from tests.cluster.control_plane import CONTEXT

_ASKED = 100
"""Workspaces of which kubectl is given the objects: all of them would take it an hour."""
_MOST_PASSES = 12
_CHANGES = 3
_APPLY = ("apply", "--server-side", "--validate=false", "--force-conflicts", "--field-manager=towline")


@dataclass(frozen=True)
class Large:
    """A stage for `count` workspaces; files for kubectl of some of them, and of each that is changed."""

    there: Stage
    count: int
    sample: Path
    changes: dict[str, Path]

    @property
    def times(self) -> int:
        """How many times as large as the sample the fleet is."""
        return max(1, self.count // _ASKED)

    def kubectl(self, *words: str, ends_with: tuple[int, ...] = (0,)) -> Used:
        used = kubectl(self.there.plane.kubeconfig, *words, ends_with=ends_with)
        assert used, "kubectl is not installed"
        return used


def large_figures(folder: Path, count: int) -> Iterator[Figure]:
    """Unchanged, changed, and taken over from one that was killed."""
    with stage(folder, count, controllers=False) as there:
        large = _prepared(there, count)
        yield from _unchanged(large)
        with there.running() as daemon:
            all_are_told(there.fleet, "Ready", count, LONGEST)
            come_to_rest(daemon.pid, LONGEST)
            yield _one_change(large, daemon.pid)
            daemon.kill()
        yield _recovery(large)


def _prepared(there: Stage, count: int) -> Large:
    """Towline itself makes the fleet, with the definition of Workspaces first."""
    changed = [names_of(count)[count * (number + 1) // (_CHANGES + 1)] for number in range(_CHANGES)]
    sample = as_list(there.rendered(names_of(min(count, _ASKED))), there.folder / "sample.json")
    large = Large(there, count, sample, {name: _by_hand(there, name) for name in changed})
    there.once()
    there.push(*names_of(count))
    there.once()
    return large


def _by_hand(there: Stage, name: str) -> Path:
    """The objects of a workspace with an annotation of their own, and without ours."""
    objects = there.rendered([name])
    for each in objects:
        each["metadata"]["annotations"] = {"note": "by hand"}
    return as_list(objects, there.folder / f"{name}.json")


def _unchanged(large: Large) -> Iterator[Figure]:
    """Passes until two have written nothing; then three are counted, and the median told."""
    there = large.there
    with Daemon(there.folder / "passes", there.plane.kubeconfig, there.fleet.bare, CONTEXT) as daemon:
        make_ready(there.plane)
        _rest(there, daemon)
        before = there.plane.so_far()
        costs = sorted((daemon.run_pass() for _ in range(3)), key=lambda cost: cost.cpu_seconds)
        asked = requests(there.plane, TOWLINE, before)
    before, times = there.plane.so_far(), large.times
    words = ("diff", "--server-side", "--force-conflicts", "--field-manager=towline", "-f")
    peer = large.kubectl(*words, str(large.sample), ends_with=(0, 1))
    theirs = requests(there.plane, KUBECTL, before) * times
    against = f"kubectl diff --server-side of one object in {times}, times {times}"
    yield Figure("noop_10000_cpu_s", costs[1].cpu_seconds, "CPU s", peer.cpu_seconds * times, against)
    yield Figure("noop_10000_requests", asked, "requests", theirs, against)
    of_some = f"kubectl diff of one object in {times}, its peak"
    yield Figure("noop_10000_rss_mb", costs[1].resident_mb, "MiB", peer.peak_mb, of_some)


def _rest(there: Stage, daemon: Daemon) -> None:
    quiet = 0
    for _ in range(_MOST_PASSES):
        before, tip = there.plane.so_far(), there.fleet.status_tip
        daemon.run_pass()
        wrote = there.plane.writes(before) or there.fleet.status_tip != tip
        quiet = 0 if wrote else quiet + 1
        if quiet == 2:
            return
        time.sleep(1)
    raise RuntimeError("the fleet does not come to rest")


def _one_change(large: Large, daemon: int) -> Figure:
    """Medians of some changes, each of one workspace somewhere among the others."""
    ours, theirs = list[float](), list[float]()
    for name, file in large.changes.items():
        before = large.there.plane.so_far()
        pushed = _push_change(large.there, name)
        ours.append(_applied(large.there, name, before) - pushed)
        theirs.append(large.kubectl(*_APPLY[:-1], "-f", str(file)).wall_seconds)
        come_to_rest(daemon, LONGEST)
    against = "kubectl apply --server-side of the objects of that workspace"
    return Figure("change_among_10000_s", median(ours), "s", median(theirs), against)


def _push_change(there: Stage, name: str) -> float:
    """A person edits one file; seconds since 1970 when it is pushed."""
    file = next(there.fleet.work.rglob(f"{name}.yaml"))
    named = f"  name: {name}\n"
    file.write_text(file.read_text().replace(named, f"{named}  labels: {{team: blue}}\n", 1))
    there.fleet.commit(f"Change {name}")
    there.fleet.push()
    return time.time()


def _applied(there: Stage, name: str, since: int) -> float:
    """When the last object of that workspace was written that changed."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        time.sleep(1)
        told = patches(there.plane, TOWLINE, since)
        if done := [each.done for each in told if each.name == name and each.part]:
            return max(done)
    raise RuntimeError(f"the change of {name} is not applied")


def _recovery(large: Large) -> Figure:
    """From kill -9 until another process has taken the lease over and come to a settled pass."""
    killed = time.monotonic()
    settled = large.there.towline("--until-settled", "--timeout", str(LONGEST))
    assert settled.wait(LONGEST + 60) == 0, "it does not settle; see towline.log"
    seconds, times = time.monotonic() - killed, large.times
    again = large.kubectl(*_APPLY, "-f", str(large.sample))
    against = f"kubectl apply --server-side of one object in {times}, times {times}"
    return Figure("recover_10000_s", seconds, "s", again.wall_seconds * times, against)
