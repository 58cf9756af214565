"""A Python that has the libraries of Towline's containers, and all that is run with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Runtime:
    """`python` is the program, `code` the folder with the package `runtime`, `cache` where models that were
    made once are kept; `hub` holds further models as <owner>/<name>; `keeps_vllm` leaves vLLM the engine
    where a document names it, on the CPU."""

    python: Path
    code: Path
    cache: Path
    hub: Path | None = None
    keeps_vllm: bool = False
