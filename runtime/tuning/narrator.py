"""Tells how the tuning stands: to the log, to /metrics, and to the pod's termination message."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from runtime.tuning.log import tell
from runtime.tuning.progress.rows import course, parse, read
from runtime.tuning.progress.standing import Standing, termination_message


class Narrator:
    """Holds the Standing; whoever asks gets the value of this moment."""

    def __init__(self, rows: Path, termination_log: Path) -> None:
        self._rows, self._termination_log = rows, termination_log
        self.begin()

    def begin(self) -> None:
        """Stand where the rows on disk say; without any, at the start."""
        self._read_bytes = self._rows.stat().st_size if self._rows.exists() else 0
        self._standing = Standing().after(course(read(self._rows)))

    def standing(self) -> Standing:
        """Where it stands."""
        return self._standing

    def enter(self, state: str, **known: object) -> None:
        """Another state began."""
        self._standing = replace(self._standing, state=state)
        tell(state, **known)
        self._write_message()

    def follow(self) -> None:
        """Tell the rows that came since; the first of them says that the training runs."""
        if not self._rows.exists():
            return
        with self._rows.open("rb") as stream:
            stream.seek(self._read_bytes)
            fresh = stream.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        rows = [row for line in whole.decode().splitlines() if (row := parse(line))]
        if rows and self._standing.state == "loading":
            self.enter("training", step=rows[0].step, steps=rows[0].steps)
        for row in rows:
            self._standing = self._standing.after([row])
            if row.loss is not None or row.eval_loss is not None:
                tell("step", **asdict(row))
        if rows:
            self._write_message()

    def end(self, state: str, message: str, digest: str = "") -> None:
        """The last that is told."""
        self._standing = replace(self._standing, state=state, message=message, digest=digest)
        if state == "done":
            self._standing = replace(self._standing, eta_seconds=0.0)
        tell(state, message=message, digest=digest or None)
        self._write_message()

    def _write_message(self) -> None:
        """Only where the kubelet put the file: it is not ours to make."""
        if self._termination_log.exists():
            self._termination_log.write_text(termination_message(self._standing), encoding="utf-8")
