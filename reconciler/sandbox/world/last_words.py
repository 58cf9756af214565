"""The message a container leaves when it ends: what it wrote to its file, else the end of its log."""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 4096
_MOST_LOG_BYTES, _MOST_LOG_LINES = 2048, 80
"""What the kubelet takes of a log. Source: kubernetes.io, "Determine the Reason for Pod Failure"."""


def last_words(written: Path, log: Path, policy: str, code: int) -> str:
    """The termination message, by the container's `terminationMessagePolicy`; "" where there is none."""
    said = _end_of(written, _MOST_BYTES, from_start=True)
    if not said and code and policy == "FallbackToLogsOnError":
        said = "".join(_end_of(log, _MOST_LOG_BYTES).splitlines(keepends=True)[-_MOST_LOG_LINES:])
    return said


def _end_of(place: Path, size: int, *, from_start: bool = False) -> str:
    try:
        with place.open("rb") as stream:
            length = stream.seek(0, 2)
            stream.seek(0 if from_start else max(0, length - size))
            return stream.read(size).decode(errors="replace")
    except OSError:
        return ""
