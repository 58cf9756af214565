"""New workspaces from the push until all are ready, beside kubectl given the same objects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from tests.bench.figure import Figure
from tests.bench.kubectl import kubectl
from tests.bench_cluster.audit import KUBECTL, TOWLINE, burst, patches
from tests.bench_cluster.processes import come_to_rest, cpu_seconds, peak_mb
from tests.bench_cluster.stage import LONGEST, Stage, as_list, names_of, stage
from tests.bench_cluster.telling import all_are_told
from tests.cluster.control_plane import ControlPlane

_OF_FLUX, _FLUX_SECONDS = 1_000, 253.0
"""4 m 13 s for 1,000 Kustomizations of four objects: fluxcd/flux-benchmark, RESULTS.md, v2.9."""


@dataclass(frozen=True)
class Rollout:
    """Seconds from the start until all objects were there, until all pods were ready, and until whoever did
    it knew; its own CPU seconds and peak MiB, and the CPU seconds of the control plane."""

    applied: float
    ready: float
    known: float
    cpu: float
    peak: float
    plane_cpu: float


def rollout_figures(folder: Path, count: int, rounds: int) -> Iterator[Figure]:
    """Each round on fresh planes, by turns the one and the other first; medians."""
    ours, theirs = list[Rollout](), list[Rollout]()
    for number in range(rounds):
        turns = [(ours, _by_towline), (theirs, _by_kubectl)]
        for seen, roll_out in turns if number % 2 == 0 else reversed(turns):
            place = folder / f"{number}-{roll_out.__name__}"
            with stage(place, count, controllers=True) as there:
                there.once()
                seen.append(roll_out(there, count))
    apply, wait = "kubectl apply --server-side --validate=false", "and kubectl wait"
    flux = "Flux v2.9's published figure: 16 cores, bound by a 5 s poll"
    yield _figure("apply_1000_s", "s", "applied", ours, theirs, apply)
    yield _figure("ready_1000_s", "s", "known", ours, theirs, f"{apply} {wait}")
    yield _figure("pods_ready_1000_s", "s", "ready", ours, theirs, apply)
    if count == _OF_FLUX:
        yield Figure(
            "ready_1000_beside_flux_s", median(each.known for each in ours), "s", _FLUX_SECONDS, flux
        )
    yield _figure("rollout_1000_cpu_s", "CPU s", "cpu", ours, theirs, f"{apply} {wait}")
    yield _figure("rollout_1000_peak_mb", "MiB", "peak", ours, theirs, f"{apply} {wait}")
    yield _figure("rollout_1000_plane_cpu_s", "CPU s", "plane_cpu", ours, theirs, "the same, for kubectl")


def _figure(
    name: str, unit: str, field: str, ours: list[Rollout], theirs: list[Rollout], against: str
) -> Figure:
    value, peer = (median(getattr(each, field) for each in seen) for seen in (ours, theirs))
    return Figure(name, value, unit, peer, against)


def _by_towline(there: Stage, count: int) -> Rollout:
    """Told by the status branch."""
    with there.running() as daemon:
        come_to_rest(daemon.pid, LONGEST)
        before, plane_before = cpu_seconds([daemon.pid]), cpu_seconds(there.pids())
        pushed = there.push(*names_of(count))
        told = all_are_told(there.fleet, "Ready", count, LONGEST)
        plane_cpu, cpu = cpu_seconds(there.pids()) - plane_before, cpu_seconds([daemon.pid]) - before
        peak = peak_mb(daemon.pid)
    applied = burst(patches(there.plane, TOWLINE)).done
    ready = _last_ready(there.plane)
    return Rollout(applied - pushed, ready - pushed, told - pushed, cpu, peak, plane_cpu)


def _by_kubectl(there: Stage, count: int) -> Rollout:
    config = there.plane.kubeconfig
    file = as_list(there.rendered(names_of(count)), there.folder / "objects.json")
    before, begun = cpu_seconds(there.pids()), time.time()
    applying = kubectl(config, "apply", "--server-side", "--validate=false", "-f", str(file))
    sets = ("--for=jsonpath={.status.readyReplicas}=1", "statefulset", "--all", "--timeout=600s")
    waiting = kubectl(config, "wait", *sets)
    known, plane_cpu = time.time(), cpu_seconds(there.pids()) - before
    assert applying, "kubectl is not installed"
    assert waiting
    applied, ready = burst(patches(there.plane, KUBECTL)).done, _last_ready(there.plane)
    cpu, peak = applying.cpu_seconds + waiting.cpu_seconds, max(applying.peak_mb, waiting.peak_mb)
    return Rollout(applied - begun, ready - begun, known - begun, cpu, peak, plane_cpu)


def _last_ready(plane: ControlPlane) -> float:
    """When the last pod was ready at the latest: its own words are whole seconds, rounded down."""
    pods = plane.ask("GET", "/api/v1/namespaces/default/pods")["items"]
    conditions = (each for pod in pods for each in pod["status"]["conditions"] if each["type"] == "Ready")
    stamps = (each["lastTransitionTime"].replace("Z", "+00:00") for each in conditions)
    return 1 + max(datetime.fromisoformat(each).timestamp() for each in stamps)
