"""What Prometheus is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.domain.cloud import Option
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Orphan, Setback, Spending
from reconciler.domain.report import Phase
from reconciler.domain.state import Cost
from reconciler.domain.tally import Tally
from reconciler.faults import Deposed, Throttled, Unreachable
from reconciler.listen.fleet import MOST_NAMED, MOST_NAMESPACES
from tests.builders import A100
from tests.engine.outside import Outside, listened_to, of, report, workspace


@pytest.fixture
def outside() -> Iterator[Outside]:
    with listened_to() as asker:
        yield asker


def test_a_scrape_before_the_first_pass_tells_of_no_fleet(outside: Outside) -> None:
    found = outside.scrape()

    assert of(found, "towline_passes_total", result="ok") == 0
    assert not [name for name, _ in found if name.startswith("towline_workspace")]


def test_passes_are_counted_by_how_they_ended(outside: Outside) -> None:
    bad = report(problems=("the status branch could not be written",))
    outside.passes(report(), report(), bad, Unreachable("no answer"), Throttled("slower", retry_after=9))

    found = outside.scrape()

    results = {"ok": 2, "problems": 1, "unreachable": 1, "throttled": 1}
    assert {each: of(found, "towline_passes_total", result=each) for each in results} == results
    assert of(found, "controller_runtime_reconcile_total", controller="fleet", result="success") == 2
    assert of(found, "controller_runtime_reconcile_total", controller="fleet", result="error") == 3
    assert of(found, "towline_problems", fleet="towline") == 1


def test_how_long_passes_took_is_a_histogram_under_our_name_and_under_that_of_flux(outside: Outside) -> None:
    outside.passes(report(), seconds=0.02)
    outside.passes(report(), seconds=4)
    outside.passes(report(), seconds=5000)

    found = outside.scrape()

    flux = {"kind": "Fleet", "name": "towline", "namespace": ""}
    for name, labels in (("towline_pass", {}), ("gotk_reconcile", flux)):
        bounds = {"0.01": 0, "0.025": 1, "2.5": 1, "5.0": 2, "1800.0": 2, "+Inf": 3}
        told = {le: of(found, f"{name}_duration_seconds_bucket", le=le, **labels) for le in bounds}
        assert told == bounds
        assert of(found, f"{name}_duration_seconds_count", **labels) == 3
        assert of(found, f"{name}_duration_seconds_sum", **labels) == pytest.approx(5004.02)


def test_a_fleet_is_told_in_figures(outside: Outside) -> None:
    warning = Finding("f.yaml", 1, 1, "x", "odd", "", Severity.WARNING)
    error = Finding("g.yaml", 1, 1, "x", "wrong", "")
    spent = Spending(12.0, "2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z")
    outside.passes(
        report(
            workspace(nodes_wanted=2, gpus_per_node=4, findings=(warning,), spending=spent),
            workspace("default/tuned", Phase.SUCCEEDED, nodes_wanted=1, nodes_ready=()),
            workspace("lab/llama", Phase.PENDING, nodes_ready=(), cost=Cost(None, "", "")),
            workspace("lab/typo", Phase.INVALID, nodes_ready=(), findings=(error,)),
            findings=(warning,),
            awaiting_approval="abc",
        )
    )

    found = outside.scrape()

    phases = {
        (place, str(phase)): of(found, "towline_workspaces", fleet="towline", namespace=place, phase=phase)
        for phase in Phase
        for place in ("default", "lab")
    }
    assert {phase: count for phase, count in phases.items() if count} == {
        ("default", "Ready"): 1,
        ("default", "Succeeded"): 1,
        ("lab", "Pending"): 1,
        ("lab", "Invalid"): 1,
    }
    figures = {
        "nodes_wanted": (3, 1),
        "nodes_ready": (1, 0),
        "gpus_wanted": (9, 1),
        "gpus_ready": (4, 0),
        "dollars_per_hour": (pytest.approx(7.34), 0),
        "workspaces_of_unknown_price": (0, 1),
        "dollars_spent": (12, 0),
    }
    for name, values in figures.items():
        places = ("default", "lab")
        told = tuple(of(found, f"towline_{name}", fleet="towline", namespace=place) for place in places)
        assert told == values, name
    assert of(found, "towline_awaiting_approval", fleet="towline") == 1
    assert of(found, "towline_findings", fleet="towline", severity="error") == 1
    assert of(found, "towline_findings", fleet="towline", severity="warning") == 1
    ready = {"phi": ("default", 1), "tuned": ("default", 1), "llama": ("lab", 0), "typo": ("lab", 0)}
    for name, (namespace, value) in ready.items():
        labels = {"fleet": "towline", "namespace": namespace, "name": name}
        assert of(found, "towline_workspace_ready", **labels) == value


def test_attempts_that_wait_and_that_need_a_person_are_told_apart(outside: Outside) -> None:
    full = Setback(Kind.CAPACITY, "AllocationFailed", "there are no such machines now")
    quota = Setback(Kind.PERMANENT, "QuotaExceeded", "the quota is used up")
    waits = NodeChoice(Option(A100), Move.WAIT, setback=full, until="2026-11-22T12:05:00Z")
    parked = NodeChoice(Option(A100), Move.WAIT, setback=quota)
    choices = (NodeChoice(Option(A100), Move.GO), waits, waits, parked)
    outside.passes(report(*(workspace(f"lab/w{n}", choice=each) for n, each in enumerate(choices))))

    found = outside.scrape()

    moves = {"go": 1, "again": 0, "anew": 0, "abort": 0, "wait": 2, "parked": 1}
    assert {move: of(found, "towline_attempts", fleet="towline", move=move) for move in moves} == moves
    kinds = {"capacity": 2, "permanent": 1, "transient": 0, "recreate": 0}
    assert {kind: of(found, "towline_setbacks", fleet="towline", kind=kind) for kind in kinds} == kinds


def test_orphans_are_told_with_what_they_cost(outside: Outside) -> None:
    spending = Spending(12.0, "2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z")
    orphan = Orphan("wabc", "lab/gone", A100, 1, spending.since, spending.at, spending, 3.67)
    outside.passes(report(orphans=(orphan, replace(orphan, pool="wdef", dollars_per_hour=None))))

    found = outside.scrape()

    assert of(found, "towline_orphans", fleet="towline") == 2
    assert of(found, "towline_orphans_dollars_per_hour", fleet="towline") == 3.67


def test_only_so_many_workspaces_are_named(outside: Outside) -> None:
    outside.passes(report(*(workspace(f"lab/w{number:05}") for number in range(MOST_NAMED + 500))))

    found = outside.scrape()

    named = sorted(dict(labels)["name"] for name, labels in found if name == "towline_workspace_ready")
    assert named == [f"w{number:05}" for number in range(MOST_NAMED)]
    labels = {"fleet": "towline", "namespace": "lab", "phase": "Ready"}
    assert of(found, "towline_workspaces", **labels) == MOST_NAMED + 500
    for name in ("gotk_suspend_status", "gotk_resource_info"):
        assert sum(each == name for each, _ in found) == MOST_NAMED


def test_only_so_many_namespaces_are_named_and_the_rest_is_summed_up(outside: Outside) -> None:
    outside.passes(report(*(workspace(f"n{number:04}/w", nodes_wanted=1) for number in range(250))))

    found = outside.scrape()

    wanted = {
        dict(labels)["namespace"]: value
        for (name, labels), value in found.items()
        if name == "towline_nodes_wanted"
    }
    assert len(wanted) == MOST_NAMESPACES + 1
    assert wanted["(others)"] == 250 - MOST_NAMESPACES


def test_flux_dashboards_find_conditions_suspensions_and_revisions(outside: Outside) -> None:
    held = workspace("lab/held", Phase.HELD, commit="abc")
    outside.passes(report(workspace(), held, workspace("lab/new", Phase.PENDING), problems=("x",)))

    found = outside.scrape()

    def ready(kind: str, namespace: str, name: str) -> list[str]:
        naming = {"kind": kind, "namespace": namespace, "name": name, "type": "Ready"}
        statuses = ("True", "False", "Unknown")
        return [each for each in statuses if of(found, "gotk_reconcile_condition", status=each, **naming)]

    assert ready("Workspace", "default", "phi") == ["True"]
    assert ready("Workspace", "lab", "held") == ["False"]
    assert ready("Workspace", "lab", "new") == ["Unknown"]
    assert ready("Fleet", "", "towline") == ["False"]
    suspended = {"kind": "Workspace", "namespace": "lab"}
    assert of(found, "gotk_suspend_status", name="held", **suspended) == 1
    assert of(found, "gotk_suspend_status", name="new", **suspended) == 0
    info = next(
        dict(labels) for name, labels in found if name == "gotk_resource_info" and ("name", "held") in labels
    )
    assert info == {
        "customresource_group": "kaito.sh",
        "customresource_kind": "Workspace",
        "customresource_version": "v1beta1",
        "exported_namespace": "lab",
        "name": "held",
        "ready": "False",
        "suspended": "true",
        "revision": "abc",
        "source_name": "towline",
    }


def test_what_doors_count_is_told_at_the_moment_of_the_scrape_each_family_once(outside: Outside) -> None:
    assert not [name for name, _ in outside.scrape() if "azure" in name]
    change, other = (("call", "change pool"),), (("call", "other"),)
    outside.tallies = (
        Tally("towline_azure_bucket_tokens", "Left.", change, 18.5, grows=False),
        Tally("towline_azure_requests", "Sent.", change, 2),
        Tally("towline_azure_bucket_tokens", "Left.", other, 3, grows=False),
    )

    found = outside.scrape()

    assert of(found, "towline_azure_bucket_tokens", call="change pool") == 18.5
    assert of(found, "towline_azure_bucket_tokens", call="other") == 3
    assert of(found, "towline_azure_requests_total", call="change pool") == 2
    assert outside.ask("/metrics")[1].count("# TYPE towline_azure_bucket_tokens") == 1


def test_a_commit_is_late_from_when_it_is_seen_to_the_first_pass_of_it_that_comes_through(
    outside: Outside,
) -> None:
    outside.pulse.saw("c0ffee")
    outside.passes(Unreachable("no answer"), seconds=3)
    assert of(outside.scrape(), "towline_git_lag_seconds") == 3

    outside.passes(report(), report(), seconds=2)
    outside.clock.now += 60

    found = outside.scrape()
    assert of(found, "towline_git_lag_seconds") == 0
    assert of(found, "towline_commit_reconciled_seconds_count") == 1
    assert of(found, "towline_commit_reconciled_seconds_sum") == 5
    assert of(found, "towline_seconds_since_git_look") == 67

    outside.pulse.saw("decade")
    outside.passes(report(), seconds=4)
    assert of(outside.scrape(), "towline_git_lag_seconds") == 4


def test_who_stands_by_is_late_with_nothing(outside: Outside) -> None:
    outside.pulse.saw("c0ffee")
    outside.passes(Deposed("other-pod leads"), seconds=90)

    found = outside.scrape()

    assert of(found, "towline_git_lag_seconds") == 0
    assert of(found, "towline_passes_total", result="ok") == 0
    assert "deposed" not in outside.ask("/metrics")[1]


def test_a_pass_that_is_under_way_is_seen(outside: Outside) -> None:
    outside.pulse.begin(30)
    outside.clock.now += 12

    found = outside.scrape()

    assert of(found, "towline_pass_under_way_seconds") == 12
    assert of(found, "controller_runtime_active_workers", controller="fleet") == 1


def test_after_a_fault_the_last_report_stands_and_grows_old(outside: Outside) -> None:
    outside.passes(report(workspace()), Unreachable("no answer"), seconds=2)
    outside.clock.now += 40

    found = outside.scrape()

    assert of(found, "towline_seconds_since_pass") == 40
    assert of(found, "towline_seconds_since_good_pass") == 42
    assert of(found, "towline_workspaces", fleet="towline", namespace="default", phase="Ready") == 1


def test_the_process_itself_is_told(outside: Outside) -> None:
    assert of(outside.scrape(), "process_resident_memory_bytes") > 1_000_000
