"""Nodes that do not come: each trouble of one agent pool told with its reason, left as a good operator would
leave it, without a pool too many and without harm to others, and mended when its cause is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.cloud import Option

from .ordeal import A100, Case, Record, undergo
from .stage import fleet, staged

SLOW = "OperationNotAllowed"
SET_UP = "VMExtensionProvisioningError"
AGAIN = "tried again at"
GIVEN_UP = "it waits for a person; change the workspace, such as its annotation towline.dev/try"

PASSING = (
    Case("forbidden", ("not allowed", "agentPools/write", "give ", AGAIN), "AuthorizationFailed"),
    Case("forbidden-subnet", ("subnets/join", "Network Contributor"), "LinkedAuthorizationFailed"),
    Case("policy", ("No GPUs without a cost centre", "exemption", AGAIN), "RequestDisallowedByPolicy"),
    Case("not-registered", ("az provider register", AGAIN), "MissingSubscriptionRegistration"),
    Case("subnet-full", ("251 IP addresses", "larger subnet", AGAIN), "InsufficientSubnetSize"),
    Case("too-many-pools", ("as many agent pools as it may", "remove workspaces"), "InvalidParameter"),
    Case("config-conflict", ("cluster's own settings", "cluster autoscaling", AGAIN), SLOW),
    Case("busy", ("Azure is busy with another operation", AGAIN), SLOW),
    Case("vnet-busy", ("virtual network is being changed",), "VirtualNetworkNotInSucceededState", "Failed"),
    Case("pool-failed", ("Azure failed by itself",), "ReconcileVMSSAgentPoolFailed", "Failed", removals=2),
    Case("overridden", ("later operation", "stopped this one"), "Canceled", "Canceled", removals=2),
    Case(
        "no-quota",
        ("36 more vCPUs of StandardNVADSA10v5Family are needed", "ask for 36 more", "Quotas", AGAIN),
        "ErrCode_InsufficientVCPUQuota",
        option=Option("Standard_NV36ads_A10_v5"),
    ),
    Case(
        "quota-late",
        ("no vCPU quota at all for StandardNCadsH100v5Family", "ask for 40 vCPUs", AGAIN),
        SLOW,
        "Failed",
        option=Option("Standard_NC40ads_H100_v5"),
    ),
    Case(
        "no-capacity",
        ("no Standard_NC48ads_A100_v4 free in this region", "another VM size", AGAIN),
        "AllocationFailed",
        "Failed",
        removals=1,
        option=Option("Standard_NC48ads_A100_v4"),
    ),
    Case(
        "overconstrained",
        ("no machine free that meets all of: Networking", AGAIN),
        "OverconstrainedAllocationRequest",
        "Failed",
        removals=1,
        option=Option("Standard_NC96ads_A100_v4"),
    ),
    Case(
        "overconstrained",
        ("Availability Zone", "another zone", AGAIN),
        "OverconstrainedZonalAllocationRequest",
        "Failed",
        removals=1,
        option=Option(A100, zone="3"),
    ),
    Case(
        "zone-full",
        ("free in zone 2", "another zone", AGAIN),
        "ZonalAllocationFailed",
        "Failed",
        removals=1,
        option=Option(A100, zone="2"),
    ),
    Case("cache-too-small", ("Serving",), left="Succeeded", phase="Ready"),
    Case("no-ephemeral", ("Serving",), left="Succeeded", phase="Ready"),
    Case("no-device-plugin", ("no nvidia.com/gpu", "deploy the device plugin"), "", "Succeeded", person=True),
    Case("image-pull", ("cannot be pulled", "check that it exists"), "", "Succeeded", at="image-pull-0"),
    Case("crash-loop", ("crashed with exit code 1", "kubectl logs"), "", "Succeeded", at="crash-loop-0"),
)
LASTING = (
    Case("driver-failed", ("exit 84", "tried 3 times", GIVEN_UP), SET_UP, "", True, 3, "commit"),
    Case("bad-hardware", ("infoROM", "tried 3 times", GIVEN_UP), SET_UP, "", True, 3, "commit"),
    Case("node-never-joins", ("none of its nodes joined", GIVEN_UP), "", "", True, 3, "commit"),
    Case("node-never-ready", ("did not become Ready", GIVEN_UP), "", "", True, 3, "commit"),
    Case("stuck-creating", ("for 25 minutes without an end", GIVEN_UP), "", "", True, 3, "commit"),
    Case(
        "sku-not-available",
        ("does not offer Standard_NC48ads_A100_v4", "choose another VM size or zone", AGAIN),
        "SkuNotAvailable",
        mends="no",
        option=Option("Standard_NC48ads_A100_v4"),
    ),
    Case(
        "not-for-subscription",
        ("may not use Standard_NC96ads_A100_v4 in eastus", AGAIN),
        "VMSizeNotSupported",
        mends="no",
        option=Option("Standard_NC96ads_A100_v4"),
    ),
)
ALL = (*PASSING, *LASTING)
by_trouble = pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """All that comes right by itself when its cause is gone."""
    return undergo(tmp_path_factory.mktemp("passing"), PASSING)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """All that is tried as often as it may be, and what Azure keeps closed for a day."""
    limits = "  provisioning:\n    limits: {createMinutes: 25}\n"
    return undergo(tmp_path_factory.mktemp("lasting"), LASTING, limits, quiet_in_trouble=True)


@pytest.fixture
def seen(case: Case, request: pytest.FixtureRequest) -> Record:
    """What was seen of the ordeal that this case was part of."""
    record: Record = request.getfixturevalue("passing" if case in PASSING else "lasting")
    return record


@by_trouble
def test_the_status_says_what_happened_and_what_to_do(case: Case, seen: Record) -> None:
    told = seen.told[case.name]

    assert case.is_told(told), told
    provisioning = told.get("provisioning", {})
    asked = {each.correlation for each in seen.asked(case, "PUT", "POST")}
    assert not case.code or provisioning["correlationId"] in asked
    assert AGAIN not in case.says or provisioning["tryAgainAt"]
    assert not (case.person and "tryAgainAt" in provisioning)
    assert f"{case.name}: {case.phase}" in seen.page


@by_trouble
def test_what_is_left_is_one_pool_at_most_and_nobody_elses_is_touched(case: Case, seen: Record) -> None:
    assert seen.left.get(case.name, ()) == ((case.left,) if case.left else ())
    assert seen.most[case.name] <= 1
    assert seen.nobodys == ()


@by_trouble
def test_it_comes_right_when_its_cause_is_gone(case: Case, seen: Record) -> None:
    assert case.mends == "no" or seen.after[case.name] == "Ready", seen.said[-4000:]


@by_trouble
def test_no_pool_is_taken_away_without_need(case: Case, seen: Record) -> None:
    removals = seen.asked(case, "DELETE")
    ready = seen.ready.get(case.name, len(seen.log))

    assert len(removals) <= case.removals
    assert not [each for each in removals if seen.log.index(each) >= ready]


@pytest.mark.parametrize("ordeal", ["passing", "lasting"])
def test_a_workspace_without_trouble_is_ready_all_along(ordeal: str, request: pytest.FixtureRequest) -> None:
    seen: Record = request.getfixturevalue(ordeal)

    assert seen.untroubled == {"Ready"}
    assert "Traceback" not in seen.said


@pytest.mark.parametrize("ordeal", ["passing", "lasting"])
def test_while_nothing_changes_nothing_is_written(ordeal: str, request: pytest.FixtureRequest) -> None:
    """Be it that all is well, or that all waits for a person or for another day."""
    seen: Record = request.getfixturevalue(ordeal)

    assert seen.quiet == ([], [])


def test_what_azure_closes_for_a_day_is_asked_for_once_and_opens_by_itself(tmp_path: Path) -> None:
    """At so fast a clock a stage is over between two looks: the Fleet's limits are set far apart."""
    wide = "  provisioning:\n    limits: {createMinutes: 9000, joinMinutes: 9000, gpuMinutes: 9000}\n"
    closed = Case("sku-not-available", ())
    with staged(tmp_path, speed=12000) as stage:
        stage.sandbox.ask(f"{closed.trouble}:1@{closed.pool}")
        stage.person.push({"towline.yaml": fleet(wide), f"workspaces/{closed.name}.yaml": closed.file()})
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes(
                lambda: "tryAgainAt" in stage.person.told(closed.name).get("provisioning", {}), daemon
            )
            again = stage.person.told(closed.name)["provisioning"]["tryAgainAt"]
            stage.becomes_phase(closed.name, "Ready", daemon)

            asked = [each for each in stage.outlook.writes() if each.api == "arm"]
            assert [(each.method, each.status) for each in asked] == [("PUT", 409), ("PUT", 201)]
            (pool,) = stage.outlook.pools()
            assert pool["properties"]["tags"]["towline-created"] >= again
