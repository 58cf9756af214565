"""Accounts of a pass, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost, ObservedState
from reconciler.planner.tell.events import Account, compose_events
from tests.builders import (
    A100,
    NAME,
    NOW,
    observed_state,
)

CUSTOM = Ref("kaito.sh/v1beta1", "Workspace", "default", "phi")


WORKLOAD = Ref("apps/v1", "StatefulSet", "default", "phi")


def workspace(name: WorkspaceName = NAME, phase: Phase = Phase.PENDING, **more: Any) -> WorkspaceReport:
    bare = WorkspaceReport(
        name, phase, "Waiting for its nodes", "its nodes", "c0ffee1", "f.yaml", "phi-4", A100, 1, (), "",
        Cost(3.67, "2026-06-18", "eastus"), gpus_per_node=1,
    )  # fmt: skip
    return replace(bare, **more)


def account(*workspaces: WorkspaceReport, done: tuple[Outcome, ...] = ()) -> Account:
    report = Report("towline", "c0ffee1234", "Add phi", {each.name: each for each in workspaces})
    return Account(report, done, NOW)


def told(
    before: Account | None, after: Account, observed: ObservedState | None = None
) -> list[tuple[str, str, str]]:
    events = compose_events(before, after, observed or observed_state())
    return [(each.type, each.reason, each.note) for each in events]


def done(action: Action, kind: str = "StatefulSet", **more: Any) -> Outcome:
    api_version = {"StatefulSet": "apps/v1", "Service": "v1"}.get(kind, "kaito.sh/v1beta1")
    step = Step(action, Ref(api_version, kind, "default", "phi"), NAME, "it is not there", **more)
    return Outcome(step, done=True, uid=f"uid-{kind}")


def refused(message: str = "quota", action: Action = Action.CREATE) -> Outcome:
    return Outcome(Step(action, WORKLOAD, NAME, "it is not there"), done=False, message=message)
