"""What the log says of a pass."""

from __future__ import annotations

from dataclasses import replace

from structlog.testing import capture_logs

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.faults import Refused
from reconciler.wiring.told import Teller

NAME = WorkspaceName("default", "phi")
PHI = WorkspaceReport(
    NAME, Phase.PENDING, "Waiting for agent pool w1 (Creating)", "agent pool w1 (Creating)", "c0ffee",
    "phi.yaml", "phi-4", "Standard_NC24ads_A100_v4", 1, (), "", Cost(3.67, "2026-06-18", "eastus"),
)  # fmt: skip
KIND = Finding("more.yaml", 2, 1, "kind", "Towline runs Workspaces, not InferenceSets", "write a Workspace")


def test_a_mistake_of_a_person_is_told_once() -> None:
    report = Report("prod", "c0ffee", "Add phi", {}, findings=(KIND,))

    with capture_logs() as said:
        teller = Teller()
        teller(report)
        teller(replace(report, commit="beef"))

    told = [entry["why"] for entry in said if entry["event"] == "finding"]
    assert told == [
        "more.yaml:2:1: error: kind: Towline runs Workspaces, not InferenceSets. write a Workspace"
    ]


def test_what_is_awaited_is_not_told_twice_in_a_line() -> None:
    with capture_logs() as said:
        Teller()(Report("prod", "c0ffee", "Add phi", {NAME: PHI}))

    told = next(entry for entry in said if entry["event"] == "workspace")
    assert told["message"] == "Waiting for agent pool w1 (Creating)"
    assert "awaiting" not in told


def test_a_fault_without_a_code_shows_none() -> None:
    with capture_logs() as said:
        Teller()(Refused("there is no readable towline.yaml"))

    assert said == [
        {
            "event": "pass failed",
            "fault": "Refused",
            "why": "there is no readable towline.yaml",
            "log_level": "error",
        }
    ]
