"""What a pass came to, one line a fact; what did not change is not told again."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from reconciler.daemon import Answer
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Report, WorkspaceReport
from reconciler.faults import Deposed, Fault

Tell = Callable[[Answer], None]


def telling(*listeners: Tell) -> Tell:
    """Tell each of them, in order."""

    def tell(answer: Answer) -> None:
        for each in listeners:
            each(answer)

    return tell


class Teller:
    """Tells the log what is new since the last pass."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._said: dict[WorkspaceName, tuple[str, str, str]] = {}
        self._commit = ""
        self._problems: tuple[str, ...] = ()
        self._findings: frozenset[Finding] = frozenset()
        self._standing_by = ""

    def __call__(self, answer: Answer) -> None:
        """One pass's report, or what ended it."""
        if isinstance(answer, Deposed):
            self._tell_of_standing_by(str(answer))
            return
        if isinstance(answer, Fault):
            code = {"code": answer.code} if answer.code else {}
            self._log.error("pass failed", fault=type(answer).__name__, **code, why=str(answer))
            return
        self._standing_by = ""
        if answer.commit != self._commit:
            self._log.info("commit", commit=answer.commit[:12], subject=answer.subject)
        for problem in answer.problems:
            if problem not in self._problems:
                self._log.warning("problem", why=problem)
        self._commit, self._problems = answer.commit, answer.problems
        self._tell_findings(answer)
        for report in answer.workspaces.values():
            self._tell_workspace(report)
        for name in [name for name in self._said if name not in answer.workspaces]:
            del self._said[name]
            self._log.info("workspace", name=str(name), phase="Gone")

    def _tell_of_standing_by(self, why: str) -> None:
        """Once, and anew when we have led in between: what was said then is no longer ours to tell."""
        if why != self._standing_by:
            self._log.info("standing by", why=why)
        self._standing_by = why
        self._said.clear()

    def _tell_findings(self, report: Report) -> None:
        """Every person's mistake, once."""
        found = dict.fromkeys(report.findings)
        for each in report.workspaces.values():
            found.update(dict.fromkeys(each.findings))
        for finding in found:
            if finding not in self._findings:
                self._log.warning("finding", why=str(finding))
        self._findings = frozenset(found)

    def _tell_workspace(self, report: WorkspaceReport) -> None:
        facts = (str(report.phase), report.message, report.awaiting)
        if self._said.get(report.name) == facts:
            return
        self._said[report.name] = facts
        phase, message, awaiting = facts
        more = {"awaiting": awaiting} if awaiting and not message.endswith(awaiting) else {}
        self._log.info("workspace", name=str(report.name), phase=phase, message=message, **more)
