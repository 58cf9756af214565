"""A fleet on its way, as it happens: a live table on a terminal, one line a change anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Orphan
from reconciler.domain.report import Report, WorkspaceReport
from reconciler.planner.tell.readable import readable
from reconciler.planner.tell.status_orphans import orphan_told

from .columns import columns
from .workspaces import LONGEST, awaiting, phase_word

_HEADINGS = ("NAME", "PHASE", "NODES", "AWAITING")
_NOBODY: Mapping[WorkspaceName, WorkspaceReport] = {}


def changes(before: Report | None, after: Report) -> tuple[str, ...]:
    """A line for every workspace that says something new or is gone, for every agent pool newly found that
    nobody asks for, and for every new problem."""
    known = before.workspaces if before else _NOBODY
    said = [_line(each) for name, each in after.workspaces.items() if _says(known.get(name)) != _says(each)]
    gone = [f"{readable(str(name))}: gone" for name in known if name not in after.workspaces]
    old = frozenset(before.problems) if before else frozenset()
    alone = frozenset(each.pool for each in before.orphans) if before else frozenset()
    left = [_orphan(each) for each in after.orphans if each.pool not in alone]
    return (*said, *gone, *left, *(readable(each) for each in after.problems if each not in old))


class Progress:
    """Shows report after report on a console, each time only what is new."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: Report | None = None
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, report: Report) -> None:
        """The fleet as it is now."""
        if self._live:
            self._live.update(_table(report), refresh=True)
        else:
            for line in changes(self._shown, report):
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._shown = report


def _says(report: WorkspaceReport | None) -> tuple[str, str] | None:
    return (report.phase.value, report.message) if report else None


def _line(report: WorkspaceReport) -> str:
    return readable(f"{report.name}: {report.phase}, {report.message}")


def _orphan(orphan: Orphan) -> str:
    return readable(f"agent pool {orphan.pool}, {orphan_told(orphan)}")


def _table(report: Report) -> Text:
    """What moves: the instance type does not, and a narrow terminal has no room for it."""
    rows = [
        (
            readable(str(each.name), 80),
            phase_word(each.phase),
            f"{len(each.nodes_ready)}/{each.nodes_wanted}",
            readable(awaiting(each), LONGEST) or "-",
        )
        for each in report.workspaces.values()
    ]
    table = Text.from_ansi(columns([_HEADINGS, *rows]), no_wrap=True, overflow="ellipsis")
    for line in (*map(_orphan, report.orphans), *map(readable, report.problems)):
        table.append(f"\n{line}", style="yellow")
    return table
