"""A training as the bench sees it, ours or a plain one: told step by step in a file of JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench_runtime.group import Group, Start, group

STEPS_SECONDS, LOAD_SECONDS = 300.0, 400.0
LOOK_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of a step: its loss, and the tokens trained on so far."""

    step: int
    loss: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the wall, and by the processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Training:
    """A training that runs, or is held."""

    group: Group
    progress: Path

    def load(self) -> float:
        """Let it load and train one step; the seconds from its start to that step's end."""
        self.go_on_to(1, LOAD_SECONDS)
        return time.monotonic() - self.group.began

    def go_on_to(self, step: int, seconds: float = STEPS_SECONDS) -> Spent:
        """Let it run until this step is told, and hold it; what that took. RuntimeError where it does not
        come so far."""
        began, used = time.monotonic(), self.group.cpu_seconds()
        with self.group.running():
            while self._steps() < step:
                self.group.look(began + seconds, LOOK_SECONDS)
            return Spent(time.monotonic() - began, self.group.cpu_seconds() - used)

    def finish(self) -> float:
        """Let it end, as it should; the loss of its last step."""
        self.group.finish(STEPS_SECONDS)
        return self.rows()[-1].loss

    def tokens_at(self, step: int) -> int:
        """Tokens trained on up to the end of this step."""
        return next(row.tokens for row in self.rows() if row.step == step)

    def rows(self) -> list[Row]:
        """The steps that are told."""
        if not self.progress.exists():
            return []
        lines = self.progress.read_text("utf-8").splitlines()
        known = [json.loads(line) for line in lines if line.endswith("}")]
        return [Row(each["step"], each["loss"], each["tokens"]) for each in known if "loss" in each]

    def _steps(self) -> int:
        return max((row.step for row in self.rows()), default=0)


@contextmanager
def training(start: Start, progress: Path) -> Iterator[Training]:
    """Started now; its steps are told in `progress`. Killed at the end."""
    with group(start) as processes:
        yield Training(processes, progress)
