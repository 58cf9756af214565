"""python -m runtime.serving DOCUMENT: serve the model that the document names.

Exit codes: 0 told to stop; 1 a person must act; 2 wrong command line; 75 it may come right by itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from runtime.artifacts import Fault, Progress
from runtime.serving.adapter_watch import leave_watch
from runtime.serving.bench_run import leave_benchmark
from runtime.serving.document import ServingConfig, Vllm
from runtime.serving.reading import read_document
from runtime.serving.start import Course
from runtime.serving.telling import last_word, tell

TERMINATION_LOG = "/dev/termination-log"


def main(arguments: list[str]) -> int:
    """Run to the end; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m runtime.serving DOCUMENT\n")
        return 2
    _quieten()
    termination_log = TERMINATION_LOG
    try:
        config = read_document(Path(arguments[0]))
        termination_log = config.termination_log
        _serve(config)
    except Fault as fault:
        last_word(str(fault), termination_log)
        return fault.exit_code
    tell("stopped")
    return 0


def _serve(config: ServingConfig) -> None:
    weights, fetched = asyncio.run(_run(config))
    if weights is not None and isinstance(config.engine, Vllm):
        from runtime.serving.vllm import become

        leave_benchmark(config)
        leave_watch(config)
        become(config, weights, fetched)


async def _run(config: ServingConfig) -> tuple[Path | None, Progress | None]:
    course = Course(config)
    return await course.run(), course.fetched


def _quieten() -> None:
    """Our own lines are the log; of others only warnings are told, and no progress bars."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DO_NOT_TRACK", "1")


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(
        code
    )  # a thread deep in torch or in a download cannot be told to end, and must not be waited for
