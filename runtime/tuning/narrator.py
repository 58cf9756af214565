"""Tells how the tuning stands: to the log, to /metrics, and to the pod's termination message."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from runtime.telemetry import Point, Rows, say, training_line
from runtime.tuning.data.checking import CheckedData
from runtime.tuning.log import tell
from runtime.tuning.progress.rows import Row, course, parse, read
from runtime.tuning.progress.standing import Standing, termination_message

EVERY_SECONDS = 15.0
"""Between one line of telemetry and the next while a state lasts."""


class Narrator:
    """Holds the Standing; whoever asks gets the value of this moment."""

    def __init__(
        self, rows: Path, termination_log: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rows, self._termination_log, self._clock = rows, termination_log, clock
        self._data: Rows | None = None
        self._told = 0.0
        self.begin()

    def begin(self) -> None:
        """Stand where the rows on disk say; without any, at the start."""
        self._read_bytes = self._rows.stat().st_size if self._rows.exists() else 0
        self._course = list(course(read(self._rows)))
        self._standing = Standing().after(self._course)

    def standing(self) -> Standing:
        """Where it stands."""
        return self._standing

    def judged(self, data: CheckedData) -> None:
        """What was found in the data; told with all that follows."""
        self._data = Rows(data.training, data.held_back, data.unusable, data.shown)

    def enter(self, state: str, message: str = "", **known: object) -> None:
        """Another state began, or the same has something new to say of itself."""
        self._stand(replace(self._standing, state=state, message=message))
        if any(value is not None for value in known.values()):
            tell(state, **known)
        self._say()

    def follow(self) -> None:
        """Tell the rows that came since; the first of them says that the training runs."""
        rows = self._fresh()
        if not rows:
            return
        begins = self._standing.state == "loading"
        now = self._standing.after(rows)
        self._stand(replace(now, state="training") if begins else now)
        self._course = list(course([*self._course, *rows]))
        for row in rows:
            if row.loss is not None or row.eval_loss is not None:
                tell("step", **asdict(row))
        if begins or self._clock() - self._told >= EVERY_SECONDS:
            self._say()

    def end(self, state: str, message: str, digest: str = "") -> None:
        """The last that is told."""
        last = replace(self._standing, state=state, message=message, digest=digest)
        self._stand(replace(last, eta_seconds=0.0) if state == "done" else last)
        self._say()

    def _fresh(self) -> list[Row]:
        """The rows that were written since, whole lines only."""
        if not self._rows.exists():
            return []
        with self._rows.open("rb") as stream:
            stream.seek(self._read_bytes)
            fresh = stream.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        return [row for line in whole.decode().splitlines() if (row := parse(line))]

    def _stand(self, now: Standing) -> None:
        """Stand there from now on. The termination message is written only where the kubelet put its file: it
        is not ours to make."""
        if self._termination_log.exists():
            self._termination_log.write_text(termination_message(now), encoding="utf-8")
        self._standing = now

    def _say(self) -> None:
        self._told = self._clock()
        say(training_line(self._standing, self._data, _points(self._course)))


def _points(rows: Sequence[Row]) -> list[Point]:
    return [(row.step, row.loss, row.eval_loss) for row in rows]
