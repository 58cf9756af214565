"""Measure, show a table, and say it again as one line of JSON.

`--quick` is a check that the measurements work: a tiny model, about two minutes. `--only PART` leaves the
other parts out.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from tests.bench_runtime.figure import Figure, last_line, table
from tests.bench_runtime.group import FOR_ALL
from tests.bench_runtime.plan import Plan, free_memory, make_plan
from tests.bench_runtime.serving import small_figures, vllm_figures
from tests.bench_runtime.tuning import tuning_figures


@dataclass(frozen=True, slots=True)
class Part:
    """What is measured together: the packages it needs, the modules both contenders begin with, and GiB of
    memory for both."""

    measure: Callable[[Plan, Path], Iterator[Figure]]
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    memory: float

    def hindrance(self) -> str:
        """Why it cannot be measured here; empty where it can."""
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            return f"{', '.join(missing)} not installed"
        free = free_memory()
        return f"needs {self.memory} GiB of free memory of {free:.1f}" if free < self.memory else ""


PARTS = {
    "serve": Part(
        vllm_figures, ("vllm",), ("vllm.entrypoints.openai.api_server", "runtime.serving.vllm.launch"), 8
    ),
    "small": Part(
        small_figures,
        ("transformers", "fastapi", "openai"),
        ("transformers.cli.serve", "runtime.serving.small.opening"),
        4,
    ),
    "tune": Part(
        tuning_figures,
        ("trl", "peft", "datasets"),
        ("tests.bench_runtime.plain_trl", "runtime.tuning.training.train"),
        6,
    ),
}


def main(arguments: Sequence[str]) -> None:
    """All parts that can be measured here, in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_runtime", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append")
    asked = parser.parse_args(arguments)
    if find_spec("torch") is None:
        parser.error("torch is not installed here: make bench-runtime finds the Python that has it")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    plan, figures, skipped = make_plan(quick=asked.quick), list[Figure](), dict[str, str]()
    begun = time.monotonic()
    for name in asked.only or PARTS:
        if why := PARTS[name].hindrance():
            skipped[name] = why
            continue
        for each in _measured(PARTS[name], plan):
            told = f"{each.name}  {each.value:.4g} {each.unit}, {each.ratio:.3f} of the peer's"
            _say(f"{time.monotonic() - begun:6.0f} s  {told}", sys.stderr)
            figures.append(each)
    _say(table(figures))
    for name, why in skipped.items():
        _say(f"{name} is left out: {why}")
    _say(last_line(figures, plan.machine(), skipped))


def _measured(part: Part, plan: Plan) -> Iterator[Figure]:
    """With the part's libraries read from the disk before, so that whoever starts first has no loss of it."""
    argv = (sys.executable, "-c", f"import {', '.join(part.modules)}")
    subprocess.run(argv, env={**os.environ, **FOR_ALL}, capture_output=True, check=True)
    with tempfile.TemporaryDirectory(prefix="towline-bench-") as folder:
        yield from part.measure(plan, Path(folder))


def _say(words: str, stream: TextIO = sys.stdout) -> None:
    stream.write(f"{words}\n")
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
