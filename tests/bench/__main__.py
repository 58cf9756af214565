"""Measure, show a table, and say it again as one line of JSON.

TOWLINE_BENCH_SMALL=1 measures with a tenth of everything, a larger number with as small a part: a check that
the measurements work, no more.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure, last_line, table
from tests.bench.noop import large_fleet, small_fleet
from tests.bench.polling import poll_figure
from tests.bench.push import push_figures


def main() -> None:
    """All measurements in a folder that is removed afterwards."""
    share = _share(os.environ.get("TOWLINE_BENCH_SMALL", ""))
    begun, figures = time.monotonic(), list[Figure]()
    with tempfile.TemporaryDirectory(prefix="towline-bench-") as folder:
        for each in _measured(Path(folder), share):
            print(f"{time.monotonic() - begun:6.0f} s  {each.name}", file=sys.stderr)  # noqa: T201
            figures.append(each)
    if share > 1:
        print(f"Everything at one {share}th; the names are those of the whole bench.")  # noqa: T201
    print(table(figures))  # noqa: T201
    print(last_line(figures))  # noqa: T201


def _share(small: str) -> int:
    return 10 if small == "1" else int(small or 1)


def _measured(folder: Path, share: int) -> Iterator[Figure]:
    yield from push_figures(folder / "push", max(2, 7 // share))
    yield from small_fleet(folder / "small", 1_000 // share)
    yield from large_fleet(folder / "large", 10_000 // share)
    yield poll_figure(folder / "poll", 50_000 // share)


if __name__ == "__main__":
    main()
