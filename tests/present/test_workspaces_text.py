"""The fleet as a list, and as it moves."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import Any

from click import unstyle
from rich.console import Console

from reconciler.cli import get
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Orphan, Setback, Spending
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.domain.telemetry import Benchmark, Download, Telemetry
from reconciler.present.progress import Progress, changes
from reconciler.present.workspaces import without_nodes, workspaces_json, workspaces_text
from tests.builders import A100
from tests.planner.scenes import LATER, NOW, PLAIN, fleet_report, workspace_report
from tests.planner.speaking import benchmark, loading_report, measured_report, training, tuning_report

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


def stuck(**changes: Any) -> WorkspaceReport:
    no = Setback(Kind.PERMANENT, "SkuNotAvailable", "it is not offered", "choose another", "c0-1")
    choice = NodeChoice(PLAIN, Move.WAIT, setback=no, tries=2, most_tries=12, passed_over=("B: no quota",))
    told = {"message": "It is not offered; it waits for a person; choose another", "choice": choice}
    return replace(PENDING, **{**told, **changes})


def test_what_azure_said_last_is_in_the_json() -> None:
    spending = Spending(12.5, NOW, LATER)

    found = workspaces_json([stuck(spending=spending), READY])["workspaces"]

    assert found[0]["provisioning"] == {
        "option": A100,
        "because": "",
        "passed_over": ["B: no quota"],
        "tries": 2,
        "most_tries": 12,
        "code": "SkuNotAvailable",
        "correlation_id": "c0-1",
        "next_step": "choose another",
        "try_again_at": "",
        "needs_a_person": True,
    }
    assert found[0]["spending"] == {
        "dollars": 12.5, "since": NOW, "at": LATER, "is_partial": False, "at_most": False,
    }  # fmt: skip
    assert (found[1]["provisioning"], found[1]["spending"]) == (None, None)


def test_every_key_of_the_json_is_in_the_help_of_the_verb() -> None:
    said = get.command.help or ""
    heard = Telemetry("uid", Download("w", 1, 2), benchmark(), training())
    told = stuck(spending=Spending(1.0, NOW, LATER), telemetry=heard)
    found = json.loads(json.dumps(workspaces_json([told])))["workspaces"][0]

    heard_of = found["telemetry"]["training"]
    keys = {*found, *found["provisioning"], *found["spending"], *found["conditions"][0], *heard_of}
    keys |= {key for each in ("download", "benchmark") for key in found["telemetry"][each]}
    keys |= {*found["telemetry"], *heard_of["rows"], *heard_of["curve"][0]}
    assert {key for key in keys if f'"{key}"' not in said} == set()


def test_how_far_a_tuning_has_come_stands_beside_what_is_awaited() -> None:
    told = unstyle(workspaces_text([tuning_report(), READY])).splitlines()

    assert told[1].endswith("the tuning to finish: step 120 of 400, loss 1.23, eval loss 1.70, 12 min left")
    assert told[2].endswith("   -")


def test_wide_adds_the_model_and_what_its_container_says() -> None:
    kaitos = measured_report("kaitos", Benchmark(tokens_per_minute=52_000.0))
    failed = measured_report("wrong", Benchmark(error="no answer\x1b[31m in 60 s"))
    over = tuning_report(phase=Phase.SUCCEEDED, awaiting="", heard=training(state="done"))
    fleet = [READY, measured_report(), kaitos, failed, loading_report(), over]

    told = unstyle(workspaces_text(fleet, wide=True)).splitlines()

    start, end = told[0].index("MODEL"), told[0].index("AWAITING")
    assert [line[start:end].split(maxsplit=1)[1].strip() for line in told] == [
        "SAYS OF ITSELF",
        "-",
        "197 tokens/s, first token after 0.18 s",
        "52,000 tokens/min",
        "no benchmark: no answer[31m in 60 s",
        "1.4 of 7.1 GB",
        "loss 1.23, eval loss 1.70",
    ]
    assert told[5].endswith("the model to load")


def test_what_was_heard_is_in_the_json_whole() -> None:
    found = workspaces_json([tuning_report(), READY])["workspaces"]

    assert found[0]["telemetry"]["training"]["curve"][-1] == {"step": 120, "loss": 1.2343, "eval_loss": None}
    assert found[0]["telemetry"]["benchmark"] is None
    assert found[1]["telemetry"] == {"pod": "", "download": None, "benchmark": None, "training": None}


def test_why_nodes_do_not_come_is_what_is_awaited() -> None:
    assert "It is not offered; it waits for a person; choose another" in workspaces_text([stuck()])


def test_a_spot_price_is_a_bound() -> None:
    assert " ≤ $3.67 " in workspaces_text([replace(READY, cost=Cost(3.67, "", "", at_most=True))])


def test_who_cannot_get_nodes_is_told_with_the_reason() -> None:
    served, choice = stuck(phase=Phase.READY), stuck().choice
    assert choice is not None

    again = stuck(choice=replace(choice, until=LATER), message="It is busy; tried again at 11:00 UTC")

    assert list(without_nodes([READY, stuck(), served, PENDING, again])) == [
        "team-b/llama-3-3-70b cannot get its nodes: It is not offered; it waits for a person; choose another",
        "team-b/llama-3-3-70b has not got its nodes yet: It is busy; tried again at 11:00 UTC",
    ]


def test_a_pool_that_nobody_asks_for_is_told_once() -> None:
    spent = Spending(45.0, NOW, NOW)
    left = Orphan("w9", "team-a/llama", A100, 1, NOW, LATER, spent, 3.67, "it is young")
    before, after = fleet_report(READY), fleet_report(READY, orphans=(left,))

    assert changes(before, after) == (
        f"agent pool w9, 1× {A100}, made for team-a/llama; found at 10:00 UTC on 1 November, "
        "$3.67 an hour, $45.00 since 10:00 UTC on 1 November; it is young",
    )
    assert changes(after, after) == ()
    assert "agent pool w9" in shown(after, terminal=True)


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
