"""A plan as a person reads it and as a program does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from click import unstyle

from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.plan import Action, Overlap, Plan, Step, WorkspaceChange
from reconciler.present.plan import plan_json, plan_text

PHI = WorkspaceName("default", "phi-4-chat")
OLD = WorkspaceName("team-b", "old")
SET = Ref("apps/v1", "StatefulSet", "default", "phi-4-chat")


def plan() -> Plan:
    steps = (
        Step(Action.CREATE, PoolRef("wabc"), PHI, "it is not there"),
        Step(Action.UPDATE, SET, PHI, "spec.replicas differs and 1 more", fields=("spec.replicas", "spec.x")),
        Step(Action.PRUNE, PoolRef("wold"), OLD, "its workspace was removed from Git", uid="wold"),
        Step(Action.HOLD, Ref("v1", "Service", "default", "y"), PHI, "it is still being deleted"),
        Step(Action.REPLACE, Ref("batch/v1", "Job", "default", "z"), PHI, "spec.template cannot be changed"),
    )
    changed = (
        WorkspaceChange(PHI, Action.CREATE, "it is not there", 0, 2, 0.0, 7.34),
        WorkspaceChange(OLD, Action.PRUNE, "it was removed from Git", 1, 0, 3.67, 0.0),
    )
    return Plan(steps, changed, kept=12)


def shown(value: Plan) -> list[str]:
    return unstyle(plan_text(value)).splitlines()


def test_a_plan_reads_workspaces_first_then_steps_then_the_sum() -> None:
    lines = shown(plan())

    assert lines[:3] == [
        "WORKSPACE            ACTION   NODES   $/HOUR   Δ$/HOUR     Δ$/MONTH   BECAUSE",
        "default/phi-4-chat   create   0 → 2    $7.34    +$7.34   +$5,358.20   it is not there",
        "team-b/old           prune    1 → 0    $0.00    -$3.67   -$2,679.10   it was removed from Git",
    ]
    assert lines[4:6] == [
        "  + AgentPool/wabc",
        "  ~ StatefulSet/default/phi-4-chat  spec.replicas differs and 1 more",
    ]
    assert lines[-1] == (
        f"Plan {plan().hash}: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 held, 12 unchanged. "
        "Cost: +$3.67 an hour, +$2,679.10 a month."
    )


def test_every_action_has_its_marker() -> None:
    markers = [line[:3] for line in shown(plan())[4:-2] if not line.startswith("     ")]

    assert markers == ["  +", "  ~", "  -", "  !", "-/+"]


def test_several_differing_fields_are_listed_and_a_long_list_is_cut() -> None:
    many = tuple(f"spec.f{number}" for number in range(9))
    lines = shown(Plan((Step(Action.UPDATE, SET, PHI, "spec.f0 differs and 8 more", fields=many),), ()))

    assert "      · spec.f5" in lines
    assert "      · spec.f6" not in lines
    assert "      · and 3 more" in lines


def test_no_change_is_a_sentence() -> None:
    assert plan_text(Plan((), (), kept=12)) == "Nothing to do now: 12 things are as asked for."
    assert plan_text(Plan((), (), kept=1)) == "Nothing to do now: 1 thing is as asked for."


def test_an_unknown_price_is_unknown_and_left_out_of_the_sum() -> None:
    known = WorkspaceChange(PHI, Action.CREATE, "new", 0, 1, 0.0, 3.67)
    unknown = WorkspaceChange(OLD, Action.CREATE, "new", 0, 1, 0.0, None)
    step = Step(Action.CREATE, SET, PHI, "new")

    both, alone = shown(Plan((step,), (known, unknown))), shown(Plan((step,), (unknown,)))

    assert both[2].split()[5:8] == ["unknown", "unknown", "unknown"]
    assert both[-1].endswith("Cost: +$3.67 an hour, +$2,679.10 a month; 1 of unknown price.")
    assert alone[-1].endswith("Cost: unknown; 1 of unknown price.")


def test_the_json_has_exactly_the_documented_keys() -> None:
    found: dict[str, Any] = json.loads(json.dumps(plan_json(plan())))

    assert set(found) == {"hash", "steps", "workspaces"}
    assert found["hash"] == plan().hash
    assert found["steps"][1] == {
        "action": "update",
        "kind": "StatefulSet",
        "name": "phi-4-chat",
        "workspace": "default/phi-4-chat",
        "because": "spec.replicas differs and 1 more",
        "fields": ["spec.replicas", "spec.x"],
    }
    assert found["workspaces"][0] == {
        "workspace": "default/phi-4-chat",
        "action": "create",
        "because": "it is not there",
        "nodes_before": 0,
        "nodes_after": 2,
        "dollars_per_hour_before": 0.0,
        "dollars_per_hour_after": 7.34,
        "at_most": False,
        "overlap": None,
    }


MOVING = WorkspaceChange(
    PHI, Action.REPLACE, "it is not there", 1, 1, 3.67, 7.0, overlap=Overlap(26 / 60, 65 / 60, 10.67)
)


def test_a_replacement_says_for_how_long_both_pools_cost_and_what_that_is_reckoned_from() -> None:
    steps = (Step(Action.CREATE, PoolRef("wnew"), PHI, "it is not there"),)

    lines = shown(Plan(steps, (MOVING,)))

    assert lines[3] == (
        "default/phi-4-chat: both pools run while it moves, about 0.4 h, $4.62 (26 minutes to make a GPU"
        " pool, as recorded), at most 1.1 h, $11.56 (the fleet's limits)"
    )
    assert plan_json(Plan(steps, (MOVING,)))["workspaces"][0]["overlap"] == {
        "hours": 0.43,
        "dollars": pytest.approx(10.67 * 26 / 60),
        "hours_at_most": 1.08,
        "dollars_at_most": pytest.approx(10.67 * 65 / 60),
    }


def test_a_replacement_of_unknown_price_says_so() -> None:
    unknown = replace(MOVING, overlap=Overlap(0.5, 1.0, None))

    assert "about 0.5 h, unknown" in shown(Plan((), (unknown,)))[3]
    assert plan_json(Plan((), (unknown,)))["workspaces"][0]["overlap"]["dollars"] is None


def test_spot_machines_are_told_by_their_bound() -> None:
    spot = WorkspaceChange(PHI, Action.CREATE, "new", 0, 1, 0.0, 3.67, at_most_after=True)

    lines = shown(Plan((Step(Action.CREATE, SET, PHI, "new"),), (spot,)))

    assert "≤ $3.67" in lines[1]
    assert lines[-1].endswith("+$2,679.10 a month, spot machines counted at most.")
    assert plan_json(Plan((), (spot,)))["workspaces"][0]["at_most"] is True


def test_an_operation_to_be_stopped_has_its_marker_and_is_counted() -> None:
    lines = shown(Plan((Step(Action.ABORT, PoolRef("wabc"), PHI, "it takes too long"),), ()))

    assert lines[0] == "  × AgentPool/wabc  it takes too long"
    assert "1 to stop" in lines[-1]


def test_what_belongs_to_no_workspace_says_so() -> None:
    supporting = Step(
        Action.CREATE, Ref("v1", "ConfigMap", "default", "c"), WorkspaceName("default", ""), "new"
    )

    assert plan_json(Plan((supporting,), ()))["steps"][0]["workspace"] is None


def test_words_of_others_cannot_steer_the_terminal() -> None:
    because = "\x1b[2J\x1b]0;owned\x07 line\nbreak \u202eback"
    change = WorkspaceChange(PHI, Action.UPDATE, because, 1, 1, 1.0, 1.0)

    text = unstyle(plan_text(Plan((Step(Action.UPDATE, SET, PHI, because),), (change,))))

    assert text.count("[2J ]0;owned line break back") + text.count("[2J]0;owned line break back") == 2
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
