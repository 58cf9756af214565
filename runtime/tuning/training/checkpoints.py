"""Checkpoints that are whole: marked only once every file of them is on the disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

MARK = "whole.json"


def mark_whole(checkpoint: Path, of: str) -> None:
    """Say that this checkpoint is complete, and whose course (`of`) it belongs to."""
    files = {str(p.relative_to(checkpoint)): p.stat().st_size for p in _files(checkpoint)}
    for path in _files(checkpoint):
        _sync(path)
    draft = checkpoint / f"{MARK}.part"
    draft.write_text(json.dumps({"of": of, "files": files}), encoding="utf-8")
    _sync(draft)
    draft.replace(checkpoint / MARK)


def newest_whole(folder: Path, of: str) -> Path | None:
    """The checkpoint of the highest step that is whole and of this course; None: begin at the start."""
    numbered = ((_step(path), path) for path in folder.glob("checkpoint-*"))
    return next((path for step, path in sorted(numbered, reverse=True) if step and _is_whole(path, of)), None)


def _is_whole(checkpoint: Path, of: str) -> bool:
    try:
        mark = json.loads((checkpoint / MARK).read_text(encoding="utf-8"))
        sizes = {name: (checkpoint / name).stat().st_size for name in mark["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(mark.get("of") == of and sizes == mark["files"])


def _step(path: Path) -> int:
    number = path.name.removeprefix("checkpoint-")
    return int(number) if number.isdecimal() else 0


def _files(checkpoint: Path) -> list[Path]:
    return sorted(p for p in checkpoint.rglob("*") if p.is_file() and not p.name.startswith(MARK))


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
