"""Why vLLM's engine died: its processes log it, and only their exit reaches the one that started them.

`LastWords` is a logging handler that vLLM's own logging configuration starts in each process; the first word
of all is kept, because the later ones only tell that another process is gone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.artifacts.faults import Fault, Mistaken, Passing

SPEAKERS = ("vllm.v1.engine.core", "vllm.v1.executor.multiproc_executor")
"""The loggers of vLLM 0.32.0 that tell the end of an engine or of a worker."""
MISTAKES = ("AssertionError", "KeyError", "NotImplementedError", "TypeError", "ValidationError", "ValueError")
LONGEST = 600


class LastWords(logging.Handler):
    """Keeps the exception of the first error that is logged, in a file."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.ERROR)
        self._path = Path(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the exception of `record` down, unless there is one already."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return
        try:
            with self._path.open("x", encoding="utf-8") as file:
                json.dump({"kind": type(error).__name__, "text": str(error)}, file)
        except FileExistsError:
            return
        except OSError:
            self.handleError(record)


def with_last_words(configuration: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """vLLM's logging `configuration` (logging.config's form), with the handler on the loggers that matter."""
    handler = {"class": f"{LastWords.__module__}.{LastWords.__name__}", "path": str(path)}
    speakers = {name: {"handlers": ["last_words"], "propagate": True} for name in SPEAKERS}
    return {
        **configuration,
        "handlers": {**configuration["handlers"], "last_words": handler},
        "loggers": {**configuration["loggers"], **speakers},
    }


def read_last_words(path: Path) -> Fault | None:
    """The end of the engine as one sentence: a person's mistake, or one that may pass; None: no failure."""
    if not path.exists():
        return None
    told = json.loads(path.read_text("utf-8"))
    return reason_of(told["kind"], told["text"])


def reason_of(kind: str, text: str) -> Fault:
    """Judge an exception by the name of its class: `kind`, with its `text`."""
    flat = " ".join(text.split()).removesuffix(".")[:LONGEST]
    if kind == "OutOfMemoryError":
        return Mistaken(
            "The GPU has not the memory for this model: take a larger instanceType, or lower "
            f"gpu-memory-utilization, max-num-seqs or max-model-len under vllm: ({flat})."
        )
    if kind in MISTAKES:
        return Mistaken(f"vLLM cannot serve this: {flat}.")
    return Passing(f"vLLM's engine ended with {kind}: {flat}.")
