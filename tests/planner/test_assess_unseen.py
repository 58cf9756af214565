"""What is said of workspaces, and of the fleet, where part of the world is unseen or does not go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.inventory import Holding, Owned
from reconciler.domain.plan import Action, Plan, Step, WorkspaceChange
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import ObservedObject, ObservedState
from reconciler.planner.assess.assess import Assessor, assess
from tests.builders import (
    NAME,
    config,
    desired_object,
    desired_workspace,
    observed_object,
    observed_pool,
    ref_of,
    stateful_set,
)
from tests.planner.scenes import (
    NO_PLAN,
    asked,
    context,
    custom,
    desired,
    gpu_node,
    pod,
    running_set,
    up,
    world,
)

WHY = "StatefulSets cannot be listed: forbidden"
SETS = ("apps/v1", "StatefulSet")
SERVICES = ("v1", "Service")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "phi", "namespace": "default"}}


def hidden(observed: ObservedState, *kinds: tuple[str, str], why: str = WHY) -> ObservedState:
    left = {ref: each for ref, each in observed.objects.items() if (ref.api_version, ref.kind) not in kinds}
    return replace(observed, objects=left, unseen=dict.fromkeys(kinds, why))


def report_of(observed: ObservedState, **more: Any) -> WorkspaceReport:
    workspace = more.get("workspace") or asked()
    return assess(desired(workspace), observed, NO_PLAN, (), context(NAME)).workspaces[NAME]


def conditions_of(report: WorkspaceReport) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in report.conditions}


SAID = (
    {"type": "InferenceReady", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    {"type": "WorkspaceSucceeded", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
)


def test_what_serves_keeps_its_phase_and_its_conditions_while_its_workload_is_not_seen() -> None:
    serving = world(custom("Ready", SAID), pool=observed_pool(), nodes=(gpu_node(),))

    report = report_of(hidden(serving, SETS))

    assert report.phase is Phase.READY
    assert report.message.endswith(f"; {WHY}")
    assert report.awaiting == "its StatefulSet to be seen"
    assert conditions_of(report)["InferenceReady"] == ("True", "Unseen")
    assert conditions_of(report)["WorkspaceSucceeded"] == ("True", "Unseen")
    assert {each.since for each in report.conditions if each.reason == "Unseen"} == {"2026-01-01T00:00:00Z"}
    assert not report.settled


def test_a_new_workspace_is_not_called_ready_by_what_nobody_saw() -> None:
    fresh = world(pool=observed_pool(), nodes=(gpu_node(),), pods=(pod(),))

    report = report_of(hidden(fresh, SETS))

    assert report.phase is Phase.PENDING
    assert report.message == WHY
    assert conditions_of(report)["InferenceReady"] == ("Unknown", "Unseen")


def test_pods_that_are_ready_make_nobody_ready_whose_service_is_not_seen() -> None:
    workspace = desired_workspace(desired_object(SERVICE), *asked().objects, pool=asked().pool)
    starting = replace(
        up(), objects={ref: each for ref, each in up().objects.items() if ref.kind != "Workspace"}
    )

    fresh = report_of(hidden(starting, SERVICES), workspace=workspace)
    serving = report_of(hidden(up(), SERVICES), workspace=workspace)

    assert (fresh.phase, serving.phase) == (Phase.PENDING, Phase.READY)
    assert conditions_of(fresh)["InferenceReady"][0] == "True"
    assert conditions_of(fresh)["WorkspaceSucceeded"] == ("Unknown", "Unseen")
    assert serving.message == f"Serving microsoft/phi-4-mini-instruct on 1× Standard_NC24ads_A100_v4; {WHY}"
    assert serving.awaiting == "every Service to be seen"


def test_who_needs_nothing_of_that_kind_is_as_ever() -> None:
    plain = report_of(hidden(up(), SERVICES))

    assert plain == report_of(up())


def test_custom_resources_that_are_not_seen_take_no_phase_away() -> None:
    bare = replace(up(), objects={ref: each for ref, each in up().objects.items() if ref.kind != "Workspace"})

    report = report_of(hidden(bare, ("kaito.sh/v1beta1", "Workspace")))

    assert report.phase is Phase.READY


def test_what_was_measured_is_remembered_while_the_workload_is_not_seen() -> None:
    assessor = Assessor()
    before = assessor.assess(desired(asked()), up(), NO_PLAN, (), context(NAME)).workspaces[NAME]

    after = assessor.assess(desired(asked()), hidden(up(), SETS), NO_PLAN, (), context(NAME)).workspaces[NAME]

    assert (after.phase, after.telemetry) == (before.phase, before.telemetry)


def test_the_page_names_a_kind_that_is_not_seen_once() -> None:
    other = replace(asked(), name=WorkspaceName("default", "other"))
    observed = hidden(up(), SETS, SERVICES)

    report = assess(desired(asked(), other), observed, NO_PLAN, (), context(NAME, other.name))

    assert report.problems == (WHY,)
    assert report.is_busy


def error() -> Finding:
    return Finding("workspaces/phi.yaml", 3, 1, "inference", "preset x is not known", "use y", workspace=NAME)


def holding(*documents: dict[str, Any]) -> Holding:
    owned = tuple(Owned(ref_of(each), f"{each['kind']}-{each['metadata']['name']}") for each in documents)
    return Holding("0ld", "workspaces/phi.yaml", "d0", owned)


def test_what_is_held_is_held_though_what_runs_of_it_is_not_seen() -> None:
    passing = context(NAME, holding=holding(stateful_set()))

    report = assess(desired(held={NAME: (error(),)}), hidden(world(), SETS), NO_PLAN, (), passing)

    assert report.workspaces[NAME].phase is Phase.HELD
    assert report.workspaces[NAME].message == f"Kept as it was: preset x is not known; {WHY}"


def test_a_removed_workspace_stays_on_the_page_while_what_is_left_is_not_seen() -> None:
    step = Step(Action.HOLD, ref_of(stateful_set()), NAME, WHY)
    plan = Plan((step,), (WorkspaceChange(NAME, Action.HOLD, WHY, 0, 0, 0.0, 0.0),))
    passing = context(holding=holding(stateful_set()))

    report = assess(desired(), hidden(world(), SETS), plan, (), passing).workspaces[NAME]

    assert (report.phase, report.message) == (Phase.DELETING, WHY)
    assert report.awaiting == "what may be there of kind StatefulSet to be gone"


def lingering(
    document: dict[str, Any], *finalizers: str, since: str = "2026-11-01T09:00:00Z"
) -> dict[str, Any]:
    metadata = {**document["metadata"], "deletionTimestamp": since, "finalizers": list(finalizers)}
    return {**document, "metadata": metadata}


def with_lingering(observed: ObservedState, *documents: dict[str, Any]) -> ObservedState:
    going = [
        observed_object(each, uid=f"{each['kind']}-{each['metadata']['name']}", workspace=NAME, deleting=True)
        for each in documents
    ]
    return replace(observed, objects={**observed.objects, **{each.ref: each for each in going}})


def test_a_removed_workspace_is_deleting_until_the_last_service_is_gone_and_says_who_holds_it() -> None:
    passing = context(holding=holding(SERVICE))
    observed = with_lingering(world(), lingering(SERVICE, "example.com/hold"))

    report = assess(desired(), observed, NO_PLAN, (), passing)
    gone = assess(desired(), world(), NO_PLAN, (), context())

    assert report.workspaces[NAME].phase is Phase.DELETING
    assert report.workspaces[NAME].message == (
        "Service/default/phi has been going since 09:00 UTC on 1 November: finalizer example.com/hold waits"
    )
    assert report.workspaces[NAME].awaiting == "Service/default/phi to be gone"
    assert report.problems == ()
    assert gone.workspaces == {}


def test_a_workload_that_does_not_go_is_named_with_its_finalizer() -> None:
    observed = with_lingering(
        world(pool=observed_pool(), nodes=(gpu_node(),)), lingering(running_set(), "foregroundDeletion")
    )

    report = report_of(observed)

    assert report.phase is Phase.PENDING
    assert report.message.startswith("StatefulSet/default/phi has been going since 09:00 UTC on 1 November")
    assert "foregroundDeletion (what it owns goes first) waits" in report.message


def test_what_hangs_and_belongs_to_nobodys_message_is_a_problem_after_a_while() -> None:
    beside = {**SERVICE, "metadata": {"name": "former", "namespace": "default"}}
    long_ago = with_lingering(up(), lingering(beside, "example.com/hold"))
    just_now = with_lingering(up(), lingering(beside, "example.com/hold", since="2026-11-01T09:58:00Z"))

    hanging, going = (
        assess(desired(asked()), each, NO_PLAN, (), context(NAME)) for each in (long_ago, just_now)
    )

    assert hanging.problems == (
        "Service/default/former has been going since 09:00 UTC on 1 November: "
        "finalizer example.com/hold waits",
    )
    assert going.problems == ()


def leftovers(report: Report) -> list[tuple[str, str]]:
    return [(each.message, each.mend.partition("to remove it: ")[2]) for each in report.findings]


def ours(document: dict[str, Any], name: str | None = "gone", **fields: Any) -> ObservedObject:
    owner = WorkspaceName("default", name) if name else None
    return observed_object(document, workspace=owner, **fields)


def made(kind: str, name: str, **metadata: Any) -> dict[str, Any]:
    version = {"StatefulSet": "apps/v1"}.get(kind, "v1")
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "default", **metadata},
    }


def test_what_bears_our_marks_and_is_nobodys_is_told_with_how_to_remove_it() -> None:
    found = (
        ours(made("StatefulSet", "gone")),
        ours(made("Service", "gone")),
        ours(made("ConfigMap", "beside"), None),
        ours(made("ConfigMap", "another-tools"), None, digest=""),
    )
    observed = replace(up(), objects={**up().objects, **{each.ref: each for each in found}})

    report = assess(desired(asked()), observed, NO_PLAN, (), context(NAME))

    assert leftovers(report) == [
        (
            "ConfigMap/default/beside is left over: nothing in Git asks for it",
            "kubectl delete -n default configmap/beside",
        ),
        (
            "StatefulSet/default/gone, Service/default/gone are left over of workspace default/gone: "
            "nothing in Git asks for it",
            "kubectl delete -n default statefulset/gone service/gone",
        ),
    ]
    assert report.workspaces[NAME].phase is Phase.READY
    assert report.problems == ()


def test_nothing_is_left_over_while_a_file_is_unread_or_its_workspace_is_held_or_written_down() -> None:
    found = ours(made("StatefulSet", "phi"), "phi")
    observed = replace(world(), objects={found.ref: found})
    written = Holding("0ld", "workspaces/phi.yaml", "d0", (Owned(found.ref, found.uid),))

    unread = replace(context(), config=config(unread=("workspaces/phi.yaml",)))
    reports = (
        assess(desired(), observed, NO_PLAN, (), unread),
        assess(desired(held={NAME: (error(),)}), observed, NO_PLAN, (), context(NAME)),
        assess(desired(), observed, NO_PLAN, (), context(holding=written)),
    )

    assert [leftovers(report) for report in reports] == [[], [], []]
    assert len(leftovers(assess(desired(), observed, NO_PLAN, (), context()))) == 1


def test_much_that_is_left_over_is_told_in_few_lines() -> None:
    found = [ours(made("StatefulSet", f"gone-{number}"), f"gone-{number}") for number in range(30)]
    observed = replace(world(), objects={each.ref: each for each in found})

    told = leftovers(assess(desired(), observed, NO_PLAN, (), context()))

    assert len(told) == 21
    assert told[-1][0] == "10 more workspaces have left something over"
