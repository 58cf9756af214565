"""A row of work/progress.jsonl: what is known at one step. The trainer appends, everybody else reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """What is known at `step` of `steps`; None: not known at this step. `tokens` counts those trained on
    since this run began; `eta_seconds` is the time the rest takes at this speed. A row tells a training loss
    or an evaluation's; one without either says where a run begins."""

    step: int
    steps: int
    epoch: float
    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    tokens: int | None = None
    tokens_per_second: float | None = None
    eta_seconds: float | None = None


def append(row: Row, path: Path) -> None:
    """One line at the end of the file, whole: a line is written by one call."""
    known = {name: value for name, value in asdict(row).items() if value is not None}
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(known) + "\n")


def read(path: Path) -> tuple[Row, ...]:
    """All rows in the order they were written; a line cut short by a crash is left out."""
    if not path.exists():
        return ()
    return tuple(row for line in path.read_text(encoding="utf-8").splitlines() if (row := parse(line)))


def parse(line: str) -> Row | None:
    """The row in this line, or None where it was cut short."""
    try:
        return Row(**json.loads(line))
    except (ValueError, TypeError):
        return None


def course(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows of the one course that led here: what was trained past a checkpoint and lost is dropped
    where a later run did these steps again."""
    kept: list[Row] = []
    for row in rows:
        while kept and _is_done_again(kept[-1], row):
            kept.pop()
        kept.append(row)
    return tuple(row for row in kept if not _is_bare(row))


def _is_done_again(before: Row, row: Row) -> bool:
    return before.step > row.step or (before.step == row.step and _kind(before) == _kind(row))


def _is_bare(row: Row) -> bool:
    return row.loss is None and row.eval_loss is None


def _kind(row: Row) -> tuple[bool, bool]:
    return row.loss is None, row.eval_loss is None
