"""Rows as aligned columns, as `kubectl get` prints them: no frames, nothing cut, wide letters count twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from click import unstyle
from rich.cells import cell_len

_GAP = "   "


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """One line a row; the columns numbered in `right` are flush right. Cells may carry terminal colours."""
    if not rows:
        return ""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        _GAP.join(_cell(cell, widths[index], flush_right=index in right) for index, cell in enumerate(row))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(cell: str, width: int, *, flush_right: bool) -> str:
    room = " " * (width - _width(cell))
    return room + cell if flush_right else cell + room


def _width(cell: str) -> int:
    return cell_len(unstyle(cell))
