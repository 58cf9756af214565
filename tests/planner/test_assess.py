"""What a pass finds to be true of a workspace, from its first minute to its last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import CapacityType, CloudError, Option
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding
from reconciler.domain.plan import Action, Outcome, Plan, Step, WorkspaceChange
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedState
from reconciler.domain.workspace import Workspace
from reconciler.planner.assess.assess import Assessor, Pass, assess, workspace_status, workspace_statuses
from tests.builders import (
    NAME,
    config,
    declared,
    desired_object,
    desired_workspace,
    manifest,
    observed_pool,
    stateful_set,
)
from tests.planner.scenes import (
    LATER,
    NO_PLAN,
    NOW,
    asked,
    context,
    custom,
    desired,
    gpu_node,
    job,
    pod,
    running_set,
    seen,
    up,
    workspace_report,
    world,
)


def report_of(
    observed: ObservedState, workspace: DesiredWorkspace | None = None, **more: Any
) -> WorkspaceReport:
    wanted = desired(workspace or asked())
    fleet = more.get("fleet", {})
    report = assess(wanted, observed, NO_PLAN, more.get("outcomes", ()), context(NAME, **fleet))
    return report.workspaces[NAME]


def said(report: WorkspaceReport) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in report.conditions}


NO_QUOTA = CloudError(
    400,
    ("ErrCode_InsufficientVCPUQuota",),
    "Insufficient vcpu quota requested 24, remaining 0 for family StandardNCADSA100v4Family "
    "for region eastus.",
)
STAGES = [
    (world(), "agent pool wabc to be created"),
    (world(pool=observed_pool(state="Creating")), "agent pool wabc to be made"),
    (world(pool=observed_pool(state="Updating")), "agent pool wabc (Updating)"),
    (world(pool=observed_pool()), "its nodes to join: 0 of 1"),
    (
        world(pool=observed_pool(), nodes=(gpu_node(gpus="0"),)),
        "nvidia.com/gpu on node aks-wabc-0: the NVIDIA device plugin is not running there",
    ),
    (world(pool=observed_pool(), nodes=(gpu_node(),)), "the StatefulSet to be created"),
    (
        world(
            running_set(0),
            pool=observed_pool(),
            nodes=(gpu_node(),),
            pods=(pod(waiting="ContainerCreating"),),
        ),
        "the container image: 0 of 1 pods Ready",
    ),
    (
        world(running_set(0), pool=observed_pool(), nodes=(gpu_node(),), pods=(pod(),)),
        "the model to load: 0 of 1 pods Ready",
    ),
]


@pytest.mark.parametrize(("observed", "awaiting"), STAGES, ids=[each for _, each in STAGES])
def test_a_new_workspace_is_pending_and_names_what_it_waits_for(
    observed: ObservedState, awaiting: str
) -> None:
    report = report_of(observed)

    assert report.phase is Phase.PENDING
    assert report.awaiting == awaiting
    assert report.message == f"Waiting for {awaiting}"
    assert said(report)["WorkspaceSucceeded"] == ("False", "workspacePending")


def test_a_workspace_is_ready_when_its_nodes_and_its_model_are() -> None:
    report = report_of(up())

    assert (report.phase, report.awaiting) == (Phase.READY, "")
    assert report.message == "Serving microsoft/phi-4-mini-instruct on 1× Standard_NC24ads_A100_v4"
    assert report.nodes_ready == ("aks-wabc-0",)
    assert report.endpoint == "http://phi.default.svc.cluster.local"
    assert said(report) == {
        "NodesReady": ("True", "NodesReady"),
        "ResourceReady": ("True", "workspaceResourceStatusSuccess"),
        "InferenceReady": ("True", "WorkspaceInferenceStatusSuccess"),
        "WorkspaceSucceeded": ("True", "workspaceSucceeded"),
    }


def test_one_node_of_two_is_not_enough() -> None:
    observed = world(running_set(1, 2), pool=observed_pool(count=2), nodes=(gpu_node(),))

    report = report_of(observed, asked(nodes=2))

    assert report.awaiting == "its nodes to join: 1 of 2"
    assert said(report)["NodesReady"] == ("False", "NodeNotReady")


@pytest.mark.parametrize("state", ["Ready", "NotReady"])
def test_what_has_served_is_never_pending_again(state: str) -> None:
    report = report_of(world(custom(state), running_set(0), pool=observed_pool(), nodes=(gpu_node(),)))

    assert report.phase is Phase.NOT_READY


def test_a_failed_pool_says_why_and_what_to_do() -> None:
    report = report_of(world(pool=observed_pool(state="Failed", error=NO_QUOTA)))

    assert "the quota has 0 left; ask for 24 more vCPUs" in report.message
    assert said(report)["NodesReady"] == ("False", "ErrCode_InsufficientVCPUQuota")
    assert said(report)["ResourceReady"] == ("False", "ErrCode_InsufficientVCPUQuota")


def test_a_pool_of_somebody_else_is_not_taken_for_ours() -> None:
    report = report_of(world(pool=observed_pool(owner=WorkspaceName("team-b", "other"))))

    assert report.message == "An agent pool named wabc is there and belongs to team-b/other"


def test_a_cloud_that_cannot_be_seen_is_waited_for_and_told_once() -> None:
    observed = world(cloud=False, blind=("Azure does not answer",))

    report = assess(desired(asked()), observed, NO_PLAN, (), context(NAME))

    assert report.workspaces[NAME].awaiting == "Azure to answer: the agent pools cannot be seen"
    assert report.problems == ("Azure does not answer",)


def test_nodes_that_are_ready_need_no_cloud_to_be_seen() -> None:
    assert report_of(replace(up(), pools=None)).phase is Phase.READY


def test_a_pod_failure_is_classified_and_waits_its_turn_behind_the_nodes() -> None:
    crashing = pod(waiting="CrashLoopBackOff")
    homeless = pod()
    homeless["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    ]

    crashed = report_of(world(running_set(0), pool=observed_pool(), nodes=(gpu_node(),), pods=(crashing,)))
    waiting = report_of(world(running_set(0), pool=observed_pool(state="Creating"), pods=(homeless,)))

    assert said(crashed)["InferenceReady"] == ("False", "ContainerCrashLoopBackOff")
    assert crashed.message.startswith("Container phi crashed and is started again")
    assert said(waiting)["InferenceReady"] == ("False", "WorkspaceInferenceStatusPending")
    assert waiting.message == "Waiting for agent pool wabc to be made"


@pytest.mark.parametrize(
    ("status", "phase", "started", "succeeded"),
    [
        ({}, Phase.PENDING, "WorkspaceTuningJobStatusPending", "workspacePending"),
        ({"active": 1, "ready": 1}, Phase.RUNNING, "WorkspaceTuningJobStatusStarted", "workspacePending"),
        (
            {"conditions": [{"type": "Complete", "status": "True"}]},
            Phase.SUCCEEDED,
            "WorkspaceTuningJobStatusStarted",
            "workspaceSucceeded",
        ),
        (
            {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
            Phase.FAILED,
            "WorkspaceTuningJobStatusFailed",
            "workspaceFailed",
        ),
    ],
)
def test_a_tuning_is_pending_running_succeeded_or_failed(
    status: dict[str, Any], phase: Phase, started: str, succeeded: str
) -> None:
    report = report_of(world(job(status), pool=observed_pool(), nodes=(gpu_node(),)), asked(tuning=True))

    assert report.phase is phase
    assert said(report)["JobStarted"][1] == started
    assert said(report)["WorkspaceSucceeded"][1] == succeeded
    assert report.endpoint == ""


def test_a_finished_tuning_stays_finished_when_its_nodes_go() -> None:
    done = job({"conditions": [{"type": "Complete", "status": "True"}]})

    report = report_of(world(done, pool=observed_pool(state="Deleting")), asked(tuning=True))

    assert (report.phase, report.awaiting) == (Phase.SUCCEEDED, "")


def test_the_newest_attempt_of_a_job_speaks_for_it() -> None:
    first = pod("phi-a", born="2026-11-01T09:00:00Z", terminated={"reason": "Error", "exitCode": 1})
    second = pod("phi-b", waiting="ContainerCreating", born="2026-11-01T09:30:00Z")
    retrying = job({"active": 1, "failed": 1})

    report = report_of(
        world(retrying, pool=observed_pool(), nodes=(gpu_node(),), pods=(second, first)), asked(tuning=True)
    )

    assert report.awaiting == "the container image: the Job's pod is starting, attempt 2 of 7"


def test_a_condition_keeps_its_since_until_its_status_changes() -> None:
    past = (
        {"type": "NodesReady", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "InferenceReady", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    )

    report = report_of(
        world(custom("Pending", past), running_set(), pool=observed_pool(), nodes=(gpu_node(),))
    )

    since = {each.type: each.since for each in report.conditions}
    assert since["NodesReady"] == "2026-01-01T00:00:00Z"
    assert since["InferenceReady"] == NOW


def test_where_no_custom_resource_tells_the_report_before_this_one_does() -> None:
    assessor = Assessor()
    bare = world(running_set(), pool=observed_pool(), nodes=(gpu_node(),))
    again = world(running_set(0), pool=observed_pool(), nodes=(gpu_node(),))
    assessor.assess(desired(asked()), bare, NO_PLAN, (), context(NAME))

    report = assessor.assess(desired(asked()), again, NO_PLAN, (), context(NAME, now=LATER)).workspaces[NAME]

    assert report.phase is Phase.NOT_READY
    assert {each.type: each.since for each in report.conditions} == {
        "NodesReady": NOW, "ResourceReady": NOW, "InferenceReady": LATER, "WorkspaceSucceeded": LATER,
    }  # fmt: skip


def test_karpenter_workspaces_say_how_their_claims_are() -> None:
    claim = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodeClaim",
        "metadata": {"name": "wsabc"},
        "status": {"conditions": [{"type": "Launched", "status": "Unknown", "reason": "LaunchFailed"}]},
    }
    bare = {key: value for key, value in claim.items() if key != "status"}
    workspace = desired_workspace(desired_object(bare), desired_object(stateful_set()))

    report = report_of(world(claim), workspace, fleet={"nodeProvisioner": "gpu-provisioner"})

    assert said(report)["NodeClaimReady"] == ("False", "LaunchFailed")
    assert report.message == "Node claim wsabc is not launched: its provider has not said more"


def test_karpenter_nodes_are_found_by_the_workspace_they_are_labelled_with() -> None:
    node = gpu_node("aks-k-0")
    node["metadata"]["labels"] = {
        "kaito.sh/workspace": "phi",
        "kaito.sh/workspacenamespace": "default",
        "apps": "phi",
    }
    claim = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "default-phi"}}
    workspace = desired_workspace(desired_object(claim), desired_object(stateful_set()))

    report = report_of(world(running_set(), nodes=(node,)), workspace, fleet={"nodeProvisioner": "karpenter"})

    assert report.nodes_ready == ("aks-k-0",)
    assert report.phase is Phase.READY


def test_own_nodes_are_those_the_label_selector_names() -> None:
    other = gpu_node("other")
    other["metadata"]["labels"] = {"apps": "somebody-else"}
    workspace = replace(asked(), pool=None)

    report = report_of(
        world(running_set(), nodes=(gpu_node("mine"), other)), workspace, fleet={"nodeProvisioner": "byo"}
    )

    assert report.nodes_ready == ("mine",)


def test_nodes_that_a_person_named_are_the_ones_that_count() -> None:
    document = manifest()
    document["resource"]["preferredNodes"] = ("mine",)
    named = replace(declared(), manifest=Workspace.model_validate(document))
    passing = replace(context(NAME), config=replace(config(NAME), workspaces={NAME: named}))
    own = replace(asked(), pool=None, option=Option("", CapacityType.OWN), instance_type="")
    observed = world(running_set(), nodes=(gpu_node("other"), gpu_node("mine")))

    report = assess(desired(own), observed, NO_PLAN, (), passing).workspaces[NAME]

    assert report.nodes_ready == ("mine",)
    assert report.message == "Serving microsoft/phi-4-mini-instruct on 1 node of your own"


def test_a_claim_that_karpenter_made_speaks_before_its_pool() -> None:
    pool = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "default-phi"},
        "spec": {"replicas": 1},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    failed = {"type": "Launched", "status": "False", "reason": "LaunchFailed", "message": "no quota"}
    claim = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodeClaim",
        "metadata": {"name": "default-phi-x1"},
        "status": {"conditions": [failed]},
    }
    bare = {key: value for key, value in pool.items() if key != "status"}
    workspace = desired_workspace(desired_object(bare), desired_object(stateful_set()))

    report = report_of(world(pool, claim), workspace, fleet={"nodeProvisioner": "karpenter"})

    assert report.message.startswith("Node claim default-phi-x1 is not launched: no quota")
    assert said(report)["NodeClaimReady"] == ("False", "LaunchFailed")


def test_own_nodes_count_as_far_as_they_are_taken() -> None:
    placed = pod()
    placed["spec"] = {**placed.get("spec", {}), "nodeName": "n2"}
    nodes = tuple(gpu_node(name) for name in ("n1", "n2", "n3"))

    report = report_of(
        world(running_set(), nodes=nodes, pods=(placed,)),
        replace(asked(), pool=None),
        fleet={"nodeProvisioner": "byo"},
    )

    assert report.nodes_ready == ("n2",)


def error(message: str = "preset x is not known") -> Finding:
    return Finding("workspaces/phi.yaml", 3, 1, "inference.preset.name", message, "use y", workspace=NAME)


def test_errors_in_something_new_make_it_invalid() -> None:
    report = assess(desired(held={NAME: (error(),)}), world(), NO_PLAN, (), context(NAME)).workspaces[NAME]

    assert report.phase is Phase.INVALID
    assert report.message == "Not applied: preset x is not known"
    assert (report.commit, report.endpoint, report.conditions) == ("", "", ())
    assert report.findings == (error(),)


def test_errors_hold_what_runs_as_it_was() -> None:
    wanted = desired(held={NAME: (error(), error("count is negative"))})
    passing = context(NAME, holding=Holding("0ld", "workspaces/phi.yaml", "d0", ()))

    report = assess(wanted, up(), NO_PLAN, (), passing).workspaces[NAME]

    assert report.phase is Phase.HELD
    assert report.message == "Kept as it was: preset x is not known (and 1 more)"
    assert report.commit == "0ld"
    assert said(report)["InferenceReady"] == ("True", "WorkspaceInferenceStatusSuccess")


def test_a_removed_workspace_is_deleting_until_its_nodes_are_gone() -> None:
    passing = context(holding=Holding("0ld", "workspaces/phi.yaml", "d0", ()))
    leaving = assess(desired(), world(pool=observed_pool(state="Deleting")), NO_PLAN, (), passing)
    gone = assess(desired(), world(), NO_PLAN, (), passing)

    assert leaving.workspaces[NAME].phase is Phase.DELETING
    assert leaving.workspaces[NAME].awaiting == "agent pool wabc to be gone"
    assert not leaving.settled
    assert gone.workspaces == {}


def test_a_removed_workspace_is_still_deleting_while_azure_cannot_be_asked() -> None:
    passing = context(holding=Holding("0ld", "workspaces/phi.yaml", "d0", ()))

    report = assess(desired(), world(cloud=False), NO_PLAN, (), passing).workspaces[NAME]

    assert report.awaiting == "what Azure does not show at the moment to be gone"


def test_a_deletion_that_waits_for_a_person_is_held() -> None:
    because = "4 workspaces would be removed at once and the fleet allows 3"
    step = Step(Action.HOLD, PoolRef("wabc"), NAME, because, uid="wabc")
    plan = Plan((step,), (WorkspaceChange(NAME, Action.HOLD, because, 1, 0, 3.67, 0.0),))
    passing = context(holding=Holding("0ld", "workspaces/phi.yaml", "d0", ()))

    report = assess(desired(), up(), plan, (), passing)

    assert report.workspaces[NAME].phase is Phase.HELD
    assert report.workspaces[NAME].message == f"Removal waits: {because}"
    assert len(report.awaiting_approval) == 12


def outcome(transient: bool) -> Outcome:
    step = Step(Action.UPDATE, asked().objects[1].ref, NAME, "image differs")
    return Outcome(step, False, "the server said no.", transient=transient)


def test_a_refused_step_holds_what_serves_and_is_its_message() -> None:
    report = report_of(up(), outcomes=(outcome(transient=False),))

    assert report.phase is Phase.HELD
    assert report.message == "Could not update StatefulSet/default/phi: the server said no"


def test_a_step_to_be_tried_again_leaves_the_phase_and_is_a_problem_of_the_pass() -> None:
    report = assess(desired(asked()), up(), NO_PLAN, (outcome(transient=True),), context(NAME))

    assert report.workspaces[NAME].phase is Phase.READY
    assert report.workspaces[NAME].message.endswith("the server said no; it is tried again")
    assert report.problems == ("update StatefulSet/default/phi: the server said no.",)
    assert not report.settled


def test_a_refused_pool_comes_with_what_a_person_can_do() -> None:
    step = Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there")
    refused = Outcome(step, False, "400", error=NO_QUOTA)

    report = report_of(world(), outcomes=(refused,))

    assert report.phase is Phase.PENDING
    assert report.message.startswith("Could not make agent pool wabc: 24 more vCPUs of")
    assert "the quota has 0 left; ask for 24 more vCPUs" in report.message


def test_a_failed_tuning_says_what_its_last_attempt_died_of() -> None:
    failed = job({"conditions": [{"type": "Failed", "status": "True", "message": "Job has given up"}]})
    last = pod("phi-b", terminated={"reason": "Error", "exitCode": 7})

    report = report_of(
        world(failed, pool=observed_pool(), nodes=(gpu_node(),), pods=(last,)), asked(tuning=True)
    )

    assert report.phase is Phase.FAILED
    assert report.message.endswith("Job has given up; container phi ended with exit code 7; its log says why")


def test_a_pool_that_this_pass_began_to_create_is_being_created() -> None:
    begun = Outcome(Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there"), True)

    report = report_of(world(), outcomes=(begun,))

    assert report.awaiting == "agent pool wabc to be made"


def test_a_running_tuning_is_waited_for_until_it_ends() -> None:
    running = world(job({"active": 1, "ready": 1}), pool=observed_pool(), nodes=(gpu_node(),))

    assert report_of(running, asked(tuning=True)).awaiting == "the tuning to finish"


def test_the_commit_is_the_one_that_asked_for_what_runs() -> None:
    same = context(NAME, holding=Holding("0ld", "", "d1", ()))
    changed = context(NAME, holding=Holding("0ld", "", "d0", ()))

    assert assess(desired(asked()), up(), NO_PLAN, (), same).workspaces[NAME].commit == "0ld"
    assert assess(desired(asked()), up(), NO_PLAN, (), changed).workspaces[NAME].commit == "c0ffee1"


def test_findings_are_told_once_and_those_of_no_workspace_by_the_fleet() -> None:
    lost = Finding("towline.yaml", 1, 1, "", "unknown field x", "remove it", Severity.WARNING)
    workspace = replace(declared(), findings=(error(), error()))
    cfg = replace(config(NAME), workspaces={NAME: workspace}, findings=(lost, error()))

    report = assess(desired(asked()), up(), NO_PLAN, (), Pass(cfg, NOW, {}))

    assert report.findings == (lost,)
    assert report.workspaces[NAME].findings == (error(),)


def test_the_custom_resource_gets_kaitos_status() -> None:
    status = workspace_status(report_of(up()), generation=7)

    assert {key: status[key] for key in ("state", "targetNodeCount", "workerNodes")} == {
        "state": "Ready", "targetNodeCount": 1, "workerNodes": ["aks-wabc-0"],
    }  # fmt: skip
    assert status["conditions"][0] == {
        "type": "NodesReady",
        "status": "True",
        "reason": "NodesReady",
        "message": "Enough Nodes are ready",
        "lastTransitionTime": NOW,
        "observedGeneration": 7,
    }


def test_a_custom_resource_is_told_once_what_it_should_say() -> None:
    report = assess(desired(asked()), up(), NO_PLAN, (), context(NAME))
    ((ref, status),) = workspace_statuses(report, up())
    told = replace(up(), objects={ref: seen({**custom(), "status": {**status, "performance": {}}})})
    memo: dict[Any, Any] = {}

    assert (ref.kind, status["state"]) == ("Workspace", "Ready")
    assert list(workspace_statuses(report, told, memo)) == []
    assert list(memo) == [NAME]
    assert list(workspace_statuses(replace(report, workspaces={}), told, memo)) == []
    assert memo == {}


def test_no_status_is_written_where_there_is_no_custom_resource_or_it_is_going() -> None:
    report = assess(desired(asked()), up(), NO_PLAN, (), context(NAME))
    going = {ref: replace(each, deleting=True) for ref, each in up().objects.items()}

    assert list(workspace_statuses(report, world())) == []
    assert list(workspace_statuses(report, replace(up(), objects=going))) == []


def test_the_problems_of_the_pass_come_first() -> None:
    told = replace(context(NAME), problems=("Git cannot be reached",))

    report = assess(desired(asked()), world(blind=("Azure is silent",)), NO_PLAN, (), told)

    assert report.problems == ("Git cannot be reached", "Azure is silent")


def test_the_custom_resource_never_says_a_word_kaito_has_not() -> None:
    held = workspace_report(phase=Phase.HELD)

    assert workspace_status(held, 1)["state"] == "NotReady"
    assert workspace_status(replace(held, tuning=True), 1)["state"] == "Running"


def fleet_of(count: int) -> tuple[DesiredState, ObservedState, Pass]:
    names = [WorkspaceName("default", f"w{number}") for number in range(count)]
    workspaces, objects, nodes = [], {}, []
    for name in names:
        document = running_set()
        document["metadata"]["name"] = name.name
        bare = stateful_set(name.name)
        workspaces.append(replace(desired_workspace(desired_object(bare, name), name=name), digest=name.name))
        live = seen(document, workspace=name)
        objects[live.ref] = live
        nodes.append(seen(gpu_node(f"n-{name.name}", **{"kaito.sh/workspace": name.name, "apps": name.name})))
    wanted = DesiredState({each.name: each for each in workspaces}, {})
    cfg = config(*names, nodeProvisioner="karpenter")
    return wanted, ObservedState(objects, {}, tuple(nodes), {}), Pass(cfg, NOW, {})


def test_an_unchanged_fleet_gets_the_very_reports_it_had() -> None:
    wanted, observed, passing = fleet_of(50)
    assessor = Assessor()
    first = assessor.assess(wanted, observed, NO_PLAN, (), passing)

    again = assessor.assess(wanted, observed, NO_PLAN, (), replace(passing, now=LATER))

    assert all(phase is Phase.READY for phase in (each.phase for each in first.workspaces.values()))
    assert all(again.workspaces[name] is report for name, report in first.workspaces.items())


def test_a_world_seen_anew_but_unchanged_gives_equal_values_the_same_report() -> None:
    wanted, observed, passing = fleet_of(3)
    assessor = Assessor()
    first = assessor.assess(wanted, observed, NO_PLAN, (), passing)
    copied = replace(observed, nodes=tuple(replace(each) for each in observed.nodes))

    again = assessor.assess(wanted, copied, NO_PLAN, (), passing)

    assert all(again.workspaces[name] is report for name, report in first.workspaces.items())


def test_reports_come_in_order_of_name_whatever_the_order_of_the_files() -> None:
    names = (WorkspaceName("b", "x"), WorkspaceName("a", "z"), NAME)

    report: Report = assess(
        desired(held={name: (error(),) for name in names}), world(), NO_PLAN, (), context(*names)
    )

    assert list(report.workspaces) == sorted(names)


def test_what_begins_to_roll_in_this_pass_does_not_count_as_serving_what_is_asked() -> None:
    target = Ref("apps/v1", "StatefulSet", NAME.namespace, NAME.name)
    image = ("spec.template.spec.containers[phi].image",)
    rolled = Outcome(Step(Action.UPDATE, target, NAME, "it differs", fields=image), done=True)
    labels = Step(Action.UPDATE, target, NAME, "it differs", fields=("metadata.labels",))
    labelled = Outcome(labels, done=True)

    assert report_of(up(), outcomes=(rolled,)).phase is not Phase.READY
    assert report_of(up(), outcomes=(rolled,)).awaiting == "its pods to be replaced"
    assert report_of(up(), outcomes=(labelled,)).phase is Phase.READY
