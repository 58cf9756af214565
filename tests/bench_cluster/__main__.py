"""Measure, show a table, and say it again as one line of JSON.

`--workspaces 100` measures with a hundred where it would be a thousand, and a thousand where it would be ten
thousand: a check that the measurements work. `--only PART` leaves the other parts out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, last_line, table
from tests.bench_cluster.large import large_figures
from tests.bench_cluster.rates import rate_figures
from tests.bench_cluster.rollout import rollout_figures
from tests.cluster.programs import EVERYTHING, missing

_WHOLE = 1_000
_PARTS = ("rollout", "rate", "large")


def main() -> None:
    """All measurements in a folder that is removed afterwards."""
    words = _words().parse_args()
    if lost := missing(*EVERYTHING, "kubectl"):
        sys.exit(lost)
    begun, figures = time.monotonic(), list[Figure]()
    with tempfile.TemporaryDirectory(prefix="towline-bench-cluster-") as folder:
        for each in _measured(Path(folder), words):
            told = f"{time.monotonic() - begun:6.0f} s  {each.name} {each.value:.4g} {each.unit}"
            print(told, file=sys.stderr)  # noqa: T201
            figures.append(each)
    if words.workspaces != _WHOLE:
        print(f"With {words.workspaces} workspaces for 1000; the names are those of the whole bench.")  # noqa: T201
    print(f"{os.cpu_count()} cores, which others had kept {os.getloadavg()[2]:.1f} busy for 15 minutes.")  # noqa: T201
    print(table(figures))  # noqa: T201
    print(last_line(figures))  # noqa: T201


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m tests.bench_cluster", description=__doc__)
    words.add_argument("--workspaces", type=int, default=_WHOLE)
    words.add_argument("--rounds", type=int, default=2, help="of what is measured more than once")
    words.add_argument("--only", choices=_PARTS, action="append")
    return words


def _measured(folder: Path, told: argparse.Namespace) -> Iterator[Figure]:
    parts = told.only or _PARTS
    if "rollout" in parts:
        yield from rollout_figures(folder / "rollout", told.workspaces, told.rounds)
    if "rate" in parts:
        yield from rate_figures(folder / "rate", told.workspaces // 2, told.rounds)
    if "large" in parts:
        yield from large_figures(folder / "large", told.workspaces * 10)


if __name__ == "__main__":
    main()
