"""What of a pass that did something becomes a Kubernetes Event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.cloud import CloudError, Option
from reconciler.domain.identity import PoolRef
from reconciler.domain.plan import Action, Claim, Outcome, Step
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Setback
from tests.builders import (
    A100,
    NAME,
    desired_object,
    desired_pool,
    observed_object,
    observed_state,
    stateful_set,
)
from tests.planner.accounts import WORKLOAD, account, done, refused, told, workspace


def test_what_was_made_is_told_once_with_its_commit() -> None:
    made = tuple(done(Action.CREATE, kind) for kind in ("Service", "StatefulSet", "Workspace"))

    assert told(account(), account(workspace(), done=made)) == [
        (
            "Normal",
            "Created",
            "Created Service/phi, StatefulSet/phi, Workspace/phi as of commit c0ffee1 (Add phi)",
        )
    ]


@pytest.mark.parametrize(
    ("action", "note"),
    [
        (
            Action.REPLACE,
            "Replaced StatefulSet/phi (spec.serviceName and 1 more) as of commit c0ffee1 (Add phi)",
        ),
        (
            Action.UPDATE,
            "Updated StatefulSet/phi (spec.serviceName and 1 more) as of commit c0ffee1 (Add phi)",
        ),
        (Action.PRUNE, "Pruned StatefulSet/phi (spec.serviceName and 1 more) as of commit c0ffee1 (Add phi)"),
    ],
)
def test_what_was_changed_is_told_by_field(action: Action, note: str) -> None:
    changed = done(action, fields=("spec.serviceName", "spec.replicas"))

    assert told(account(), account(done=(changed,))) == [("Normal", note.partition(" ")[0], note)]


def test_what_somebody_else_changed_is_set_back_and_not_called_an_update() -> None:
    wish = desired_object(stateful_set())
    live = observed_object(stateful_set(replicas=3), digest=wish.digest)
    corrected = done(Action.UPDATE, desired=wish, fields=("spec.replicas",))

    assert told(account(), account(done=(corrected,)), observed_state(live)) == [
        (
            "Normal",
            "DriftCorrected",
            "Set back what somebody else had changed: StatefulSet/phi (spec.replicas)",
        )
    ]


def test_nodes_are_told_when_asked_for_when_refused_and_when_ready() -> None:
    asked = Outcome(Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there", desired_pool()), done=True)
    no = Setback(
        Kind.CAPACITY, "AllocationFailed", "Azure has no machine of this size now", "accept another size"
    )
    choice = NodeChoice(Option(A100), Move.WAIT, setback=no, until="2026-11-22T12:05:00Z")
    waiting, ready = workspace(choice=choice), workspace(nodes_ready=("aks-wabc-1",))

    assert told(account(), account(workspace(), done=(asked,))) == [
        ("Normal", "NodesRequested", f"Asked Azure for 1× {A100}, agent pool wabc: it is not there")
    ]
    assert told(account(workspace()), account(waiting)) == [
        ("Warning", "NodesRefused", f"Azure has no {A100} now; accept another size")
    ]
    assert told(account(waiting), account(ready)) == [
        ("Normal", "NodesReady", "Its node is ready: aks-wabc-1")
    ]


def test_a_step_that_fails_again_is_told_once() -> None:
    first = account(workspace(), done=(refused("no at 12:01"),))
    again = account(workspace(), done=(refused("no at 12:05"),))
    other = account(workspace(), done=(refused("another reason"),))

    assert told(account(), first) == [
        ("Warning", "FailedCreate", "Could not create StatefulSet/default/phi: no at 12:01")
    ]
    assert told(first, again) == []
    assert [reason for _, reason, _ in told(again, other)] == ["FailedCreate"]


def test_what_azure_said_no_to_is_not_told_twice() -> None:
    failed = replace(refused(), error=CloudError(400, ("QuotaExceeded",), "no"))
    assert told(account(), account(workspace(), done=(failed,))) == []


def test_fields_that_are_left_to_others_are_told_once_with_who_sets_them() -> None:
    kept = Step(Action.KEEP, WORKLOAD, NAME, "left")
    claims = (Claim("spec.replicas", "keda-operator", fought=True), Claim("metadata.labels.x"))
    left = Outcome(kept, done=True, claims=claims, until="2026-11-22T13:00:00Z")
    first, later = account(workspace(), done=(left,)), replace(left, until="2026-11-22T14:00:00Z")

    assert told(account(), first) == [
        (
            "Warning",
            "Contested",
            "spec.replicas and metadata.labels.x of StatefulSet/default/phi are set again and again by "
            "keda-operator; Towline leaves them alone until 13:00 UTC on 22 November, or until the workspace "
            "changes in Git",
        )
    ]
    assert told(first, account(workspace(), done=(later,))) == []
