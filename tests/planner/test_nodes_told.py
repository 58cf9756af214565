"""From what Azure answered to the sentence in the status file: what a person reads of nodes to come."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from reconciler.domain.cloud import AksStanding, CapacityType, CloudError, Option
from reconciler.domain.identity import PoolRef
from reconciler.domain.inventory import Holding
from reconciler.domain.logbook import Account, Logbook, Meter
from reconciler.domain.plan import Action, Outcome, Plan, Step, WorkspaceChange
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost, ObservedState
from reconciler.planner.assess.assess import Assessor, Pass, assess
from reconciler.planner.provision.setbacks import frozen, took_too_long, understand
from reconciler.planner.tell.status import blob_id, compose_status
from tests.builders import A100, NAME, observed_pool
from tests.planner.provision.test_setbacks import CASES, answer
from tests.planner.scenes import (
    LATER,
    NO_PLAN,
    PLAIN,
    asked,
    attempt,
    context,
    custom,
    desired,
    gpu_node,
    provisioned,
    running_set,
    up,
    world,
)

SPOT = Option(A100, CapacityType.SPOT)
ZONE_1, ZONE_2 = Option(A100, zone="1"), Option(A100, zone="2")
FAILED, AGAIN = "2026-11-01T15:05:00Z", "2026-11-01T15:35:00Z"
TRIED = attempt(failed=FAILED, again=AGAIN)
STOOD = attempt(stood="2026-11-01T15:29:40Z")
JOINED = attempt(stood="2026-11-01T15:29:40Z", joined="2026-11-01T15:33:00Z")
CREATE = Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there")
PRUNE = Step(Action.PRUNE, PoolRef("wabc"), NAME, "its workspace was removed from Git")
LEAVING = Holding("0ld", "workspaces/phi.yaml", "d0", ())

QUOTA = CloudError(
    400,
    ("ErrCode_InsufficientVCPUQuota",),
    "Insufficient vcpu quota requested 24, remaining 0 for family standardNCADSA100v4Family "
    "for region eastus.",
    "6f1c0a7e",
)
ZONE_FULL = CloudError(
    200,
    ("ReconcileVMSSAgentPoolFailed", "ZonalAllocationFailed"),
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone.",
    "77aa",
)
DRIVER = CloudError(
    200,
    ("ReconcileVMSSAgentPoolFailed", "VMExtensionProvisioningError"),
    "VM has reported a failure when processing extension 'vmssCSE': command terminated with exit status=84",
)
DRAIN = CloudError(
    200,
    ("PodDrainFailure",),
    "Drain did not complete pods [team-a/llama-0] within 10m0s: Cannot evict pod as it would violate the "
    "pod's disruption budget: team-a/llama-pdb",
)
QUOTA_SAYS = "24 more vCPUs of standardNCADSA100v4Family are needed in eastus and the quota has 0 left"
QUOTA_STEP = (
    "ask for 24 more vCPUs of standardNCADSA100v4Family in eastus (Azure portal, Quotas), "
    "or choose another VM size"
)


def choice(option: Option = PLAIN, move: Move = Move.GO, **more: Any) -> NodeChoice:
    return NodeChoice(option, move, **{"tries": 1, "most_tries": 12, **more})


def waits(error: CloudError, option: Option = PLAIN, **more: Any) -> NodeChoice:
    return choice(option, Move.WAIT, setback=understand(error), **{"until": AGAIN, **more})


def told(observed: ObservedState, context: Pass, *outcomes: Outcome, **changes: Any) -> WorkspaceReport:
    wanted = desired(asked(**changes))
    return assess(wanted, observed, NO_PLAN, outcomes, context).workspaces[NAME]


def written(report: WorkspaceReport) -> dict[str, Any]:
    """The status file, as YAML reads it."""
    status = compose_status(Report("towline", "c0ffee1", "", {NAME: report}), {}, {})
    assert status is not None
    document = yaml.safe_load(status.files["status/default/phi.yaml"] or b"")
    assert isinstance(document, dict)
    return document


def subject(report: WorkspaceReport) -> str:
    status = compose_status(Report("towline", "c0ffee1", "", {NAME: report}), {}, {})
    assert status is not None
    return status.message.splitlines()[0]


def test_a_pool_on_its_way_says_when_it_was_begun() -> None:
    begun = told(world(), provisioned(choice(), attempt()), Outcome(CREATE, True))
    seen = told(world(pool=observed_pool(state="Creating")), provisioned(choice(), attempt()))

    assert begun.awaiting == "agent pool wabc to be made, begun at 15:03 UTC"
    assert seen.message == "Waiting for agent pool wabc to be made, begun at 15:03 UTC"


def test_a_pool_that_is_tried_again_says_which_try_it_is() -> None:
    creating = world(pool=observed_pool(state="Creating"))

    report = told(creating, provisioned(choice(tries=3), attempt(tries=3)))

    assert report.awaiting == "agent pool wabc to be made, begun at 15:03 UTC, try 3 of 12"


def test_a_pool_without_an_attempt_says_what_its_tags_say() -> None:
    creating = world(pool=observed_pool(state="Creating", created="2026-11-01T09:10:00Z"))

    assert told(creating, provisioned(choice())).awaiting.endswith("to be made, begun at 09:10 UTC")


def test_nodes_are_waited_for_one_stage_after_another() -> None:
    pool = observed_pool()
    starting = gpu_node()
    starting["status"]["conditions"] = [{"type": "Ready", "status": "False", "message": "CNI is missing"}]

    joining = told(world(pool=pool), provisioned(choice(), STOOD))
    unready = told(world(pool=pool, nodes=(starting,)), provisioned(choice(), STOOD))
    bare = told(world(pool=pool, nodes=(gpu_node(gpus="0"),)), provisioned(choice(), JOINED))

    assert joining.awaiting == "its nodes to join: 0 of 1, since 15:29 UTC"
    assert unready.awaiting == "node aks-wabc-0: CNI is missing"
    assert bare.awaiting.startswith("nvidia.com/gpu on node aks-wabc-0")


def test_a_refused_request_is_told_with_next_step_code_and_correlation_id() -> None:
    refused = Outcome(CREATE, False, "400", error=QUOTA)

    report = told(world(), provisioned(choice(tries=0), TRIED), refused)

    assert report.message == f"{QUOTA_SAYS}; {QUOTA_STEP}; tried again at 15:35 UTC"
    assert written(report)["provisioning"] == {
        "option": A100,
        "tries": 1,
        "mostTries": 12,
        "code": "ErrCode_InsufficientVCPUQuota",
        "correlationId": "6f1c0a7e",
        "nextStep": QUOTA_STEP,
        "tryAgainAt": AGAIN,
    }
    assert subject(report) == f"phi waits until 15:35 UTC: {QUOTA_SAYS}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_answer_of_azure_is_a_sentence_in_the_file_with_its_code_beside_it(case: dict[str, Any]) -> None:
    error = answer(case)
    setback = understand(error)

    report = told(world(), provisioned(choice(), TRIED), Outcome(CREATE, False, "no", error=error))

    file = written(report)
    section, said = file["provisioning"], choice(setback=setback).trouble
    assert file["message"].casefold().startswith(said.casefold())
    assert file["message"].endswith("; tried again at 15:35 UTC")
    assert setback.next_step in file["message"]
    assert (section.get("code", ""), section["correlationId"]) == (setback.code, "c-1")
    assert section.get("nextStep", "") == setback.next_step
    assert not re.search(r"https?://\S*[?&](sig|se|sv)=", file["message"])
    reason = {each["type"]: each["reason"] for each in file["conditions"]}["NodesReady"]
    assert re.fullmatch(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", reason)


def test_the_next_pass_says_the_same_of_a_refusal_as_the_one_that_met_it() -> None:
    met = told(world(), provisioned(choice(), TRIED), Outcome(CREATE, False, "400", error=QUOTA))
    after = told(world(), provisioned(waits(QUOTA), TRIED, now=LATER))

    assert replace(after, conditions=()) == replace(met, conditions=())


def test_azures_code_is_the_reason_that_kaitos_users_see() -> None:
    report = told(world(), provisioned(waits(QUOTA), TRIED))

    conditions = {each.type: each for each in report.conditions}
    assert conditions["NodesReady"].reason == "ErrCode_InsufficientVCPUQuota"
    assert conditions["ResourceReady"].reason == "ErrCode_InsufficientVCPUQuota"
    assert len(conditions["NodesReady"].message) <= 256
    assert report.phase is Phase.PENDING


def test_what_is_used_up_waits_for_a_person_and_says_how_to_begin_anew() -> None:
    report = told(world(), provisioned(waits(QUOTA, until="", tries=12), TRIED))

    assert report.message == (
        f"{QUOTA_SAYS}; tried 12 times and not again: it waits for a person; {QUOTA_STEP}; "
        "then change the workspace, such as its annotation towline.dev/try, to have it tried anew"
    )
    assert written(report)["provisioning"]["needsAPerson"] is True
    assert report.settled
    assert subject(report).startswith(f"phi waits for a person: {QUOTA_SAYS}")


def test_what_was_never_asked_for_waits_for_a_person_alone() -> None:
    report = told(world(), provisioned(waits(QUOTA, until="", tries=0)))

    assert report.message == f"{QUOTA_SAYS}; it waits for a person; {QUOTA_STEP}"


def test_a_driver_that_fails_again_and_again_is_parked() -> None:
    failed = world(pool=observed_pool(state="Failed", error=DRIVER))

    anew = told(failed, provisioned(choice(move=Move.ANEW, setback=understand(DRIVER)), TRIED))
    parked = told(failed, provisioned(waits(DRIVER, until="", tries=3), TRIED))

    sentence = "Setting up the GPU of a new node failed: the GPU driver did not start (exit 84)"
    assert anew.message == f"{sentence}; its agent pool is taken away and made anew"
    assert parked.message == (
        f"{sentence}; tried 3 times and not again: it waits for a person; "
        "change the workspace, such as its annotation towline.dev/try, to have it tried anew"
    )


def test_a_full_zone_is_named_and_the_day_where_it_is_another_one() -> None:
    tomorrow = "2026-11-02T00:35:00Z"
    report = told(world(), provisioned(waits(ZONE_FULL, ZONE_1, until=tomorrow), TRIED))

    assert report.message == (
        f"Azure has no {A100} free in zone 1 now; "
        "wait, or accept another zone or VM size as well; tried again at 00:35 UTC on 2 November"
    )
    assert subject(report) == f"phi waits until 00:35 UTC: Azure has no {A100} free in zone 1 now"


def test_another_way_is_told_with_what_was_passed_over() -> None:
    passed = f"no capacity for {A100} in zone 1 until 16:04 UTC"
    creating = world(pool=observed_pool(state="Creating"))

    report = told(creating, provisioned(choice(ZONE_2, passed_over=(passed,)), attempt(ZONE_2)))

    assert report.message == (
        f"Waiting for agent pool wabc to be made, begun at 15:03 UTC, on {A100} (zone 2) because {passed}"
    )
    assert written(report)["provisioning"] == {"option": f"{A100} (zone 2)", "passedOver": [passed]}
    assert subject(report) == f"phi waits: {passed}; trying zone 2"


def test_the_way_that_is_tried_instead_is_told_shortly() -> None:
    creating = world(pool=observed_pool(state="Creating"))
    no_spot = f"{A100} (spot): no quota left for spot until 16:04 UTC"
    bigger = Option("Standard_NC40ads_H100_v5", CapacityType.SPOT)

    dearer = told(creating, provisioned(choice(passed_over=(no_spot,)), attempt()))
    other = told(creating, provisioned(choice(bigger, passed_over=(no_spot,)), attempt(bigger)))

    assert subject(dearer) == f"phi waits: {no_spot}; trying on-demand"
    assert "; trying Standard_NC40ads_H100_v5" in subject(other)


def test_machines_that_azure_does_not_name_are_named() -> None:
    full = CloudError(200, ("AllocationFailed",), "Allocation failed.")
    other = CloudError(400, ("OverconstrainedAllocationRequest",), "The condition is too restrictive.")

    spot = told(world(), provisioned(waits(full, SPOT), TRIED))
    strict = told(world(), provisioned(waits(other, ZONE_2), TRIED))

    assert spot.message.startswith(f"Azure has no spot {A100} free in this region now")
    assert strict.message.startswith(f"{A100} (zone 2): Azure has no machine free that meets")


def test_a_stage_that_takes_too_long_is_named() -> None:
    late = choice(move=Move.ABORT, setback=took_too_long("create", 40, PLAIN))

    report = told(world(pool=observed_pool(state="Creating")), provisioned(late, attempt()))

    assert report.message == (
        "Azure has been making the nodes for 40 minutes without an end; "
        "Azure is asked to stop, so that its agent pool can be made anew"
    )
    assert {each.type: each.reason for each in report.conditions}["NodesReady"] == "AgentPoolNotReady"


def test_a_missing_device_plugin_keeps_kaitos_reason_and_says_how_to_install_it() -> None:
    missing = choice(setback=took_too_long("gpu", 10, PLAIN))
    bare = world(pool=observed_pool(), nodes=(gpu_node(gpus="0"),))

    report = told(bare, provisioned(missing, JOINED))

    assert "device plugin" in report.message
    assert "; it waits for a person; " in report.message
    assert report.message.endswith("let it tolerate sku=gpu:NoSchedule")
    assert report.settled
    assert {each.type: each.reason for each in report.conditions}["NodesReady"] == "NodePluginsNotReady"


def test_a_stopped_cluster_is_told_before_anything_that_follows_from_it() -> None:
    because = frozen(AksStanding("Stopped", "Succeeded"))
    silent = gpu_node()
    silent["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    asleep = world(custom("Ready"), running_set(0), pool=observed_pool(), nodes=(silent,))

    report = told(asleep, provisioned(choice(move=Move.WAIT, because=because), JOINED))

    assert report.message.startswith("The AKS cluster is stopped: no nodes are made")
    assert report.message.endswith("start it with az aks start")
    assert not report.settled


def test_what_serves_while_the_cluster_takes_no_changes_waits_for_nothing() -> None:
    because = frozen(AksStanding("Running", "Upgrading"))
    held = Plan((), (WorkspaceChange(NAME, Action.HOLD, because, 1, 1, 3.67, 3.67),))
    passing = provisioned(choice(move=Move.WAIT, because=because), JOINED)

    report = assess(desired(asked()), up(), held, (), passing).workspaces[NAME]

    assert (report.phase, report.awaiting) == (Phase.READY, "")
    assert written(report)["provisioning"] == {"option": A100, "because": because}


def test_a_pool_that_goes_before_it_is_made_anew_is_waited_for() -> None:
    going = world(pool=observed_pool(state="Deleting"))

    report = told(going, provisioned(choice(move=Move.WAIT, because="it is being deleted"), attempt()))

    assert report.message == "Waiting for agent pool wabc (Deleting) to be gone before it is made anew"


def test_a_spot_machine_that_was_taken_away_is_no_riddle() -> None:
    gone = world(custom("Ready"), running_set(0), pool=observed_pool(count=0))

    one = told(gone, provisioned(choice(SPOT), JOINED))
    many = told(gone, provisioned(choice(SPOT), JOINED), nodes=2)

    assert one.message == "Its spot machine was taken away; it is asked for again"
    assert many.message.startswith("One of its spot machines was taken away")
    assert {each.type: each.reason for each in one.conditions}["NodesReady"] == "SpotEvicted"
    assert written(one)["provisioning"] == {"option": f"{A100} (spot)"}


def test_a_machine_that_was_lost_is_told_and_a_silent_one_is_left_to_aks() -> None:
    silent = gpu_node()
    silent["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]

    lost = told(world(pool=observed_pool(count=0)), provisioned(choice(), JOINED))
    quiet = told(world(pool=observed_pool(), nodes=(silent,)), provisioned(choice(), JOINED))

    assert lost.message == "Its machine is gone; it is asked for again"
    assert quiet.message == (
        "Node aks-wabc-0 has stopped answering (its kubelet is silent); "
        "AKS restarts such a node by itself, as a rule"
    )


def test_what_serves_on_its_old_nodes_says_why_the_new_ones_do_not_come() -> None:
    serving = world(custom("Ready"), running_set(), pool=observed_pool(state="Failed", error=QUOTA))

    report = told(serving, provisioned(waits(QUOTA), TRIED))

    assert report.phase is Phase.READY
    assert report.message.startswith(f"Still serving where it was; its new nodes do not come: {QUOTA_SAYS}")
    assert subject(report) == f"phi serves on; new nodes: {QUOTA_SAYS}"


def test_what_serves_is_not_held_back_by_new_nodes_that_are_refused() -> None:
    serving = world(custom("Ready"), running_set())

    report = told(serving, provisioned(choice(), TRIED), Outcome(CREATE, False, "400", error=QUOTA))

    assert report.phase is Phase.READY
    assert report.message.startswith(f"Still serving where it was; its new nodes do not come: {QUOTA_SAYS}")


def test_a_change_of_a_pool_that_is_refused_is_told_though_its_nodes_are_there() -> None:
    step = Step(Action.UPDATE, PoolRef("wabc"), NAME, "count differs")

    report = told(up(), provisioned(choice(), TRIED), Outcome(step, False, "400", error=QUOTA))

    assert report.message.startswith(f"Could not change agent pool wabc: {QUOTA_SAYS}; ask for 24 more")


def departing(pool: Any, *outcomes: Outcome) -> WorkspaceReport:
    passing = context(holding=LEAVING)
    return assess(desired(), world(pool=pool), NO_PLAN, outcomes, passing).workspaces[NAME]


def test_a_removal_that_a_disruption_budget_blocks_names_the_pod() -> None:
    report = departing(observed_pool(state="Failed", error=DRAIN))

    assert report.phase is Phase.DELETING
    assert "team-a/llama-0 did not leave" in report.message
    assert "kubectl get pdb" in report.message
    assert report.message.endswith("its removal is asked for again")


def test_a_pool_that_goes_after_it_failed_to_come_is_not_told_by_why_it_did_not_come() -> None:
    report = departing(observed_pool(state="Failed", error=QUOTA))

    assert report.message == "Agent pool wabc is left; its removal is asked for again"


def test_a_removal_says_that_nodes_cost_until_they_are_gone() -> None:
    going = departing(observed_pool(state="Deleting"))
    busy = CloudError(409, ("OperationNotAllowed",), "there's an in progress update agent pool operation")
    refused = departing(observed_pool(), Outcome(PRUNE, False, "409", error=busy, transient=True))

    assert going.message == "Agent pool wabc is deleted once its pods have left it; it costs until it is gone"
    assert refused.message.startswith("Could not remove agent pool wabc: Azure is busy")
    assert refused.message.endswith("; it is tried again")


def test_what_was_spent_is_in_the_file_and_a_spot_price_is_a_bound() -> None:
    passing = replace(
        provisioned(choice(SPOT), JOINED),
        logbook=Logbook(accounts={NAME: Account(12.5, "2026-10-30T08:00:00Z", until="2026-10-31T09:00:00Z")}),
    )

    report = told(up(), passing, cost=Cost(3.67, "2026-06-18", "eastus", at_most=True))

    assert written(report)["cost"] == {
        "dollarsPerHour": 3.67,
        "dollarsPerMonth": 2679.1,
        "priceDate": "2026-06-18",
        "priceRegion": "eastus",
        "soFar": 12.5,
        "since": "2026-10-30T08:00:00Z",
        "asOf": "2026-11-01T00:00:00Z",
        "atMost": True,
    }


def test_nodes_of_what_goes_are_told_with_their_price() -> None:
    meter = Meter(NAME, A100, 1, 3.67, "2026-10-31T09:00:00Z")
    passing = replace(context(holding=LEAVING), logbook=Logbook(meters={"wabc": meter}))
    going = world(pool=observed_pool(state="Deleting"))

    report = assess(desired(), going, NO_PLAN, (), passing).workspaces[NAME]

    assert written(report)["cost"] == {
        "dollarsPerHour": 3.67,
        "dollarsPerMonth": 2679.1,
        "soFar": 55.05,
        "since": "2026-10-31T09:00:00Z",
        "asOf": "2026-11-01T00:00:00Z",
    }


SCENES = {
    "begun": (world(), provisioned(choice(), attempt())),
    "creating": (world(pool=observed_pool(state="Creating")), provisioned(choice(), attempt())),
    "joining": (world(pool=observed_pool()), provisioned(choice(), STOOD)),
    "refused": (world(), provisioned(waits(QUOTA), TRIED)),
    "used up": (world(), provisioned(waits(QUOTA, until=""), TRIED)),
    "evicted": (world(pool=observed_pool(count=0)), provisioned(choice(SPOT), JOINED)),
    "plain": (up(), provisioned(choice(), JOINED)),
}


@pytest.mark.parametrize("scene", SCENES)
def test_time_alone_changes_no_word(scene: str) -> None:
    observed, passing = SCENES[scene]
    assessor = Assessor()
    first = assessor.assess(desired(asked()), observed, NO_PLAN, (), passing)
    status = compose_status(first, {}, {})
    assert status is not None
    there = {path: blob_id(data) for path, data in status.files.items() if data is not None}

    again = assessor.assess(desired(asked()), observed, NO_PLAN, (), replace(passing, now=LATER))

    assert again.workspaces[NAME] is first.workspaces[NAME]
    assert compose_status(again, there, {}) is None


def test_a_plain_way_has_nothing_to_say() -> None:
    assert "provisioning" not in written(told(up(), provisioned(choice(), JOINED)))
