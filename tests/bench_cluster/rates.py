"""How fast objects are applied, beside the best that a bare load generator reaches with the same bodies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.figure import Figure
from tests.bench_cluster.audit import TOWLINE, burst, patches
from tests.bench_cluster.bare import best_rate
from tests.bench_cluster.stage import Stage, names_of, stage

_THREADS = (4, 8, 16, 32)


def rate_figures(folder: Path, count: int, rounds: int) -> Iterator[Figure]:
    """Where nobody but the API and its store is at work; by turns the one and the other first; medians."""
    ours, bare = list[float](), list[float]()
    for number in range(rounds):
        with stage(folder / str(number), count, controllers=False) as there:
            there.once()
            objects = there.rendered(names_of(count))
            there.push(*names_of(count))
            if number % 2:
                ours.append(_by_towline(there))
            bare.append(best_rate(there.plane.kubeconfig, objects, _THREADS))
            if number % 2 == 0:
                ours.append(_by_towline(there))
    against = f"urllib3 with the same bodies, the best of {', '.join(map(str, _THREADS))} threads"
    yield Figure("apply_rate", median(ours), "objects/s", median(bare), against)


def _by_towline(there: Stage) -> float:
    """From its first write of a workspace's object to its last."""
    there.once()
    return burst(patches(there.plane, TOWLINE)).rate
