"""What a training process is told by the one that starts it, and what it leaves for it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

MISTAKEN, CRASHED, INTERRUPTED, OUT_OF_MEMORY = 1, 70, 75, 77  # exit codes of a training process


@dataclass(frozen=True)
class Order:
    """`document` is the TuningConfig's path, `weights` where the base model lies, `course` names what is
    trained, so that only its own checkpoints are resumed; `most_rows` at once (0: as many as fit)."""

    document: str
    weights: str
    course: str
    most_rows: int = 0

    def as_argument(self) -> str:
        """One argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, argument: str) -> Order:
        """The order in this argument."""
        return cls(**json.loads(argument))


@dataclass(frozen=True)
class Words:
    """What processes leave in the folder of words: a fault's sentence, and how many rows ran at once."""

    folder: Path

    def clear(self) -> None:
        """Forget what earlier processes left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            path.unlink()

    def leave_fault(self, rank: int, sentence: str) -> None:
        """Why this process ends."""
        (self.folder / f"fault-{rank}.txt").write_text(sentence, encoding="utf-8")

    def leave_rows(self, rows: int) -> None:
        """How many rows go through the model at once."""
        (self.folder / "rows.txt").write_text(str(rows), encoding="utf-8")

    def fault(self) -> str:
        """The first process's sentence, or empty."""
        faults = sorted(self.folder.glob("fault-*.txt"))
        return faults[0].read_text(encoding="utf-8") if faults else ""

    def rows(self) -> int:
        """How many rows went through the model at once, 0 where it did not come so far."""
        path = self.folder / "rows.txt"
        return int(path.read_text(encoding="utf-8")) if path.exists() else 0
