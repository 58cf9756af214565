"""Nodes had in another way than the one liked best, within a budget; what is known before Azure is asked; and
machines that nobody asked for, or that were taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.domain.cloud import CapacityType, Option

from .ordeal import A100
from .person import STATUS
from .stage import Stage, fleet, pool_of, staged, workspace
from .typed import Daemon

H100, BIGGER = "Standard_NC40ads_H100_v5", "Standard_NC48ads_A100_v4"
GRACE = "  provisioning:\n    orphanGraceMinutes: 10\n"


@dataclass(frozen=True, slots=True)
class Other:
    """A workspace's annotations, the trouble of the way it likes best, how its nodes are had then, and what
    is said about the first way."""

    notes: Mapping[str, str]
    trouble: str
    first: Option
    then: Option
    because: str


OTHERS = {
    "another-size": Other(
        {"towline.dev/instance-types": H100},
        "no-capacity",
        Option(BIGGER),
        Option(H100),
        BIGGER,
    ),
    "another-family": Other(
        {"towline.dev/instance-types": H100},
        "no-quota",
        Option("Standard_NV36ads_A10_v5"),
        Option(H100),
        "StandardNVADSA10v5Family",
    ),
    "another-zone": Other(
        {"towline.dev/zones": "1,2"},
        "zone-full",
        Option(A100, zone="1"),
        Option(A100, zone="2"),
        "zone 1",
    ),
    "on-demand": Other(
        {"towline.dev/capacity-type": "spot,on-demand"},
        "spot-quota",
        Option(A100, CapacityType.SPOT),
        Option(A100),
        f"{A100} (spot)",
    ),
}


@dataclass(frozen=True, slots=True)
class World:
    """A stage and a daemon on it."""

    stage: Stage
    daemon: Daemon

    def becomes(self, question: object) -> None:
        self.stage.becomes(question, self.daemon)

    def asked(self, *methods: str) -> list[tuple[str, str, int]]:
        """Method, pool and status of what Towline asked of agent pools."""
        ours = (each for each in self.stage.outlook.writes() if each.api == "arm")
        return [
            (each.method, each.path.split("/")[-1], each.status) for each in ours if each.method in methods
        ]

    def looks(self) -> int:
        """How often Towline has listed the pools."""
        ours = (each for each in self.stage.sandbox.requests if each.agent != "somebody-else")
        return sum(each.method == "GET" and each.path.endswith("/agentPools") for each in ours)

    def pools(self) -> set[str]:
        return {each["name"] for each in self.stage.outlook.pools()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world, in which all of `OTHERS` are Ready in their other way."""
    with staged(tmp_path_factory.mktemp("ways")) as stage:
        stage.sandbox.ask(*(f"{each.trouble}@{pool_of(name, each.first)}" for name, each in OTHERS.items()))
        files = {
            f"workspaces/{name}.yaml": workspace(name, size=each.first.instance_type, notes=each.notes)
            for name, each in OTHERS.items()
        }
        stage.person.push({"towline.yaml": fleet(GRACE), **files})
        with stage.daemon("--poll", "0.5") as daemon:
            stood = World(stage, daemon)
            stood.becomes(lambda: all(stage.person.phase(name) == "Ready" for name in OTHERS))
            yield stood
            assert "Traceback" not in daemon.said


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_to_be_had_is_had_in_the_next_way_and_the_choice_is_explained(
    world: World, name: str
) -> None:
    other = OTHERS[name]
    former, pool = pool_of(name, other.first), pool_of(name, other.then)
    world.becomes(lambda: former not in world.pools())
    told = world.stage.person.told(name)

    assert told["phase"] == "Ready"
    assert told["instanceType"] == other.then.instance_type
    assert other.because in str(told["provisioning"]["passedOver"])
    assert pool in world.pools()
    assert [each for each in world.asked("DELETE") if each[1] == pool] == []


def test_a_spot_machine_that_is_taken_away_comes_back_to_the_same_pool(world: World) -> None:
    option = Option(A100, CapacityType.SPOT)
    pool = pool_of("cheap", option)
    world.stage.sandbox.ask("spot-quota:0")
    notes = {"towline.dev/capacity-type": "spot"}
    world.stage.person.push({"workspaces/cheap.yaml": workspace("cheap", notes=notes)})
    world.becomes(lambda: "no quota left for spot" in str(world.stage.person.told("cheap")))
    world.becomes(lambda: world.stage.person.phase("cheap") == "Ready")

    world.stage.sandbox.ask(f"spot-evicted:1@{pool}")
    world.becomes(lambda: world.stage.person.phase("cheap") == "NotReady")
    world.becomes(lambda: world.stage.person.phase("cheap") == "Ready")

    mine = [each for each in world.asked("PUT", "DELETE", "POST") if each[1] == pool]
    assert [each[0] for each in mine] == ["PUT", "PUT"]


def test_pools_that_nobody_asks_for_are_told_and_go_after_their_grace_when_the_cluster_is_at_rest(
    world: World,
) -> None:
    outlook, person, sandbox = world.stage.outlook, world.stage.person, world.stage.sandbox
    tags = {"towline-workspace": "lost", "towline-workspace-namespace": "default"}
    strangers = {"theirs": {"towline-fleet": "another", **tags}, "unknown": {}}
    before, sizes = world.pools(), {"vmSize": A100, "count": 1, "mode": "User"}
    sandbox.ask("cluster-updating")
    for name, marks in {"wlost": {"towline-fleet": "demo", **tags}, **strangers}.items():
        outlook.make_pool(name, {**sizes, "tags": marks})

    world.becomes(lambda: "wlost" in person.page() and "no nodes are removed" in person.page())
    sandbox.ask("cluster-updating:0", "cluster-upgrading")
    world.becomes(lambda: "the AKS cluster is upgrading" in person.page())
    page, looks = person.page(), world.looks()
    world.becomes(lambda: world.looks() > looks + 10)
    assert "made for default/lost" in page.replace("\\", "")
    assert "$3.67 an hour" in page.replace("\\", "")
    assert "theirs" not in page
    assert "unknown" not in page
    assert [each for each in world.asked("DELETE") if each[1] == "wlost"] == []

    sandbox.ask("none")
    world.becomes(lambda: world.pools() == before | {"theirs", "unknown"})
    assert {each[1] for each in world.asked("DELETE")}.isdisjoint(strangers)
    world.becomes(lambda: "Nodes nobody asks for" not in person.page())


def test_a_pool_that_nobody_asks_for_is_announced_before_it_goes(world: World) -> None:
    stage, before = world.stage, world.pools()
    tags = {"towline-fleet": "demo", "towline-workspace": "lost", "towline-workspace-namespace": "default"}
    stage.outlook.make_pool("wlate", {"vmSize": A100, "count": 1, "mode": "User", "tags": tags})
    world.becomes(lambda: world.pools() == before)

    log = [f"{each.method} {each.path.split('/')[-1]}" for each in stage.sandbox.requests]
    made, gone = log.index("PUT wlate"), log.index("DELETE wlate")
    assert log[made:gone].count("GET agentPools") >= 2
    told = stage.person.remote("log", "-p", "--format=", STATUS, "--", "README.md")
    assert re.search(r"wlate.*it goes at \d\d:\d\d UTC.* if nobody asks for it until then", told)


def test_a_way_that_the_budget_does_not_pay_for_is_never_asked_for(tmp_path: Path) -> None:
    budget = "  budget:\n    dollarsPerHourPerWorkspace: 4\n"
    first = Option(A100)
    with staged(tmp_path) as stage:
        stage.sandbox.ask(f"no-capacity:1@{pool_of('chat', first)}")
        chat = workspace("chat", notes={"towline.dev/instance-types": H100})
        stage.person.push({"towline.yaml": fleet(budget), "workspaces/chat.yaml": chat})
        with stage.daemon("--poll", "0.5") as daemon:
            world = World(stage, daemon)
            world.becomes(
                lambda: "a workspace of this fleet may cost $4.00/h" in str(stage.person.told("chat"))
            )
            assert stage.person.told("chat")["provisioning"]["code"] == "AllocationFailed"

            world.becomes(lambda: stage.person.phase("chat") == "Ready")
            assert {each[1] for each in world.asked("PUT")} == {pool_of("chat", first)}


def test_a_quota_that_is_too_small_and_a_size_that_is_closed_are_told_before_azure_is_asked(
    tmp_path: Path,
) -> None:
    files = {
        "workspaces/fits.yaml": workspace("fits"),
        "workspaces/large.yaml": workspace("large", size=BIGGER),
        "workspaces/barred.yaml": workspace("barred", size=H100),
    }
    with staged(tmp_path, quota_vcpus=60) as stage:
        stage.sandbox.ask(f"sku-restricted@{H100}")
        stage.person.push({"towline.yaml": fleet(), **files})

        plan = stage.type("plan")
        assert "48 more vCPUs of StandardNCADSA100v4Family are needed in eastus" in plan.stdout
        assert "has 36 of 60 left" in plan.stdout
        assert f"Azure does not offer {H100} to this subscription in eastus" in plan.stdout

        with stage.daemon("--poll", "0.5") as daemon:
            world = World(stage, daemon)
            world.becomes(lambda: stage.person.phase("fits") == "Ready")
            world.becomes(lambda: "ask for 12 more vCPUs" in str(stage.person.told("large")))
            barred = stage.person.told("barred")
            assert "NotAvailableForSubscription" in barred["message"]
            assert barred["provisioning"]["needsAPerson"] is True
            assert [each[1] for each in world.asked("PUT")] == [pool_of("fits", Option(A100))]


def test_where_azure_cannot_say_what_is_to_be_had_nodes_are_asked_for_all_the_same(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.sandbox.ask("no-quota-api", "no-sku-api")
        stage.person.push({"towline.yaml": fleet(), "workspaces/chat.yaml": workspace("chat")})

        plan = stage.type("plan")
        assert "whether the quota is enough is not known" in plan.stdout + plan.stderr
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes_phase("chat", "Ready", daemon)
            assert "whether the machine sizes are to be had here is not known" in daemon.said
