"""Which field, whose it is, for how long: in one sentence."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.plan import Action, Claim, Outcome, Step
from reconciler.planner.assess.contested import contested, with_contests
from tests.builders import NAME, desired_object, stateful_set

UNTIL = "2026-11-22T13:00:00Z"


def left(*claims: Claim, workspace: WorkspaceName | None = NAME) -> Outcome:
    ref = desired_object(stateful_set()).ref
    return Outcome(Step(Action.KEEP, ref, workspace, "left"), done=True, claims=claims, until=UNTIL)


def test_a_fight_names_the_field_and_whoever_fights() -> None:
    assert contested(left(Claim("spec.replicas", "keda-operator", fought=True))) == (
        "spec.replicas of StatefulSet/default/phi is set again and again by keda-operator; Towline leaves it"
        " alone until 13:00 UTC on 22 November, or until the workspace changes in Git"
    )


def test_what_another_controller_holds_is_said_to_be_owned() -> None:
    both = left(Claim("spec.replicas", "keda-operator"), Claim("spec.paused", "argo-rollouts"))

    assert contested(both).startswith(
        "spec.replicas and spec.paused of StatefulSet/default/phi are owned by keda-operator and"
        " argo-rollouts; Towline leaves them alone"
    )


def test_what_nobody_owns_was_changed_on_its_way_in() -> None:
    many = left(Claim("spec.a"), Claim("spec.b"), Claim("spec.c"))

    assert contested(many).startswith(
        "spec.a and 2 more fields of StatefulSet/default/phi are changed by a mutating webhook, or by the"
        " server itself, whenever Towline sets them;"
    )


def test_what_cannot_be_changed_is_left_until_the_wish_is_another() -> None:
    fixed = replace(left(Claim("spec.template")), until="")

    assert contested(fixed).endswith("; Towline leaves it alone until the workspace changes in Git")


def test_what_belongs_to_no_workspace_waits_for_the_object_to_change() -> None:
    assert contested(left(Claim("data.a"), workspace=None)).endswith("or until the object changes in Git")


def test_it_stands_beside_what_is_said_of_the_workspace() -> None:
    one = left(Claim("spec.replicas", "keda-operator"))

    assert with_contests("Serving", ()) == "Serving"
    assert with_contests("Serving", (one,)) == f"Serving; {contested(one)}"
    assert with_contests("Serving", (one, one)) == f"Serving; {contested(one)} (and 1 more)"
