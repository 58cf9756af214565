"""The fleet as a list, and as it moves."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

from click import unstyle
from rich.console import Console

from reconciler.domain.report import Phase, Report
from reconciler.domain.state import Cost
from reconciler.present.progress import Progress, changes
from reconciler.present.workspaces import workspaces_json, workspaces_text
from tests.planner.scenes import fleet_report, workspace_report

READY = workspace_report()
PENDING = workspace_report(
    "llama-3-3-70b",
    "team-b",
    phase=Phase.PENDING,
    nodes_wanted=2,
    nodes_ready=(),
    awaiting="pool w2 (Creating)",
    message="Waiting for pool w2 (Creating)",
    cost=Cost(None, "", ""),
)


def shown(report: Report, *more: Report, terminal: bool = False) -> str:
    out = StringIO()
    console = Console(file=out, width=80, force_terminal=terminal, color_system=None)
    with Progress(console) as progress:
        for each in (report, *more):
            progress.show(each)
    return out.getvalue()


def test_workspaces_stand_in_columns() -> None:
    assert unstyle(workspaces_text([READY, PENDING])).splitlines() == [
        "NAME                   INSTANCE                   NODES   PHASE      $/HOUR   AWAITING",
        "default/phi            Standard_NC24ads_A100_v4   1/1     Ready       $3.67   -",
        "team-b/llama-3-3-70b   Standard_NC24ads_A100_v4   0/2     Pending   unknown   pool w2 (Creating)",
    ]


def test_what_is_broken_says_why_rather_than_what_it_waits_for() -> None:
    broken = replace(PENDING, message="Agent pool w2: no quota")
    invalid = replace(
        PENDING, phase=Phase.INVALID, message="Not applied: no such preset", awaiting="a mended w.yaml"
    )

    assert "Agent pool w2: no quota" in workspaces_text([broken])
    assert "Not applied: no such preset" in workspaces_text([invalid])


def test_none_at_all_is_a_sentence() -> None:
    assert workspaces_text([]) == "No workspaces."


def test_columns_line_up_with_wide_letters() -> None:
    header, row = unstyle(workspaces_text([workspace_report("日本語")])).splitlines()

    assert header.index("INSTANCE") == row.index("Standard") + len("日本語")


def test_the_json_is_plain_and_complete() -> None:
    found = json.loads(json.dumps(workspaces_json([PENDING])))["workspaces"][0]

    assert (found["namespace"], found["name"], found["phase"]) == ("team-b", "llama-3-3-70b", "Pending")
    assert found["dollars_per_hour"] is None
    assert found["conditions"][0]["type"] == "InferenceReady"


def test_only_what_is_new_is_told() -> None:
    before, after = (
        fleet_report(READY, PENDING),
        fleet_report(READY, replace(PENDING, phase=Phase.READY, message="Serving")),
    )

    assert changes(None, before)[0] == "default/phi: Ready, Serving phi-4 on 1× Standard_NC24ads_A100_v4"
    assert changes(before, after) == ("team-b/llama-3-3-70b: Ready, Serving",)
    assert changes(after, after) == ()
    assert changes(before, fleet_report(READY, problems=("Azure is silent",))) == (
        "team-b/llama-3-3-70b: gone",
        "Azure is silent",
    )


def test_away_from_a_terminal_progress_is_one_line_a_change_however_long() -> None:
    long = replace(READY, message="x" * 300)

    text = shown(fleet_report(READY), fleet_report(READY), fleet_report(long))

    assert text.splitlines() == [
        "default/phi: Ready, Serving phi-4 on 1× Standard_NC24ads_A100_v4",
        f"default/phi: Ready, {'x' * 300}",
    ]


def test_on_a_terminal_progress_is_one_table_that_changes_in_place() -> None:
    text = shown(fleet_report(PENDING), fleet_report(READY, problems=("Azure is silent",)), terminal=True)

    assert "pool w2 (Creating)" in text
    assert text.rstrip().endswith("\x1b[?25h")
    assert "Azure is silent" in text
    assert "\x1b[1A" in text


def test_brackets_in_a_name_are_no_markup() -> None:
    assert "[red]x[/red]" in shown(fleet_report(workspace_report("[red]x[/red]")))
