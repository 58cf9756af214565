"""Trouble with the cloud and the cluster as a whole, and with what stood already: it is told, nothing that
works is touched for it, and all is well again when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.domain.cloud import Option

from .ordeal import A100
from .stage import Stage, config_repo, pool_of, staged, workspace
from .typed import Daemon

BOTH = ("chat", "stays")
CHATS_POOL = pool_of("chat", Option(A100))


@dataclass
class World:
    """A stage on which `chat` and `stays` are Ready and a daemon runs; `since` is how long the log was when
    the test began."""

    stage: Stage
    daemon: Daemon
    since: int = 0

    def becomes(self, question: object, seconds: float = 60) -> None:
        self.stage.becomes(question, self.daemon, seconds)

    def all_ready(self, *names: str) -> bool:
        return all(self.stage.person.phase(name) == "Ready" for name in names or BOTH)

    def says(self, name: str, *words: str) -> bool:
        told = str(self.stage.person.told(name))
        return all(word in told for word in words)

    def asked(self, *methods: str) -> list[str]:
        """What Towline asked of Azure's agent pools in this test, by method and pool."""
        log = tuple(self.stage.sandbox.requests)[self.since :]
        ours = (each for each in log if each.api == "arm" and each.agent != "somebody-else")
        return [f"{each.method} {each.path.split('/')[-1]}" for each in ours if each.method in methods]

    def comes(self, name: str) -> None:
        """Have a further workspace, and wait until it serves."""
        self.stage.person.push({f"workspaces/{name}.yaml": workspace(name)}, f"Have {name}")
        self.becomes(lambda: self.all_ready(name), 100)

    def leaves(self, name: str) -> None:
        """Have it removed from Git, and wait until nothing is left of it."""
        self.stage.person.push({f"workspaces/{name}.yaml": None}, f"Retire {name}")
        self.is_gone(name)

    def is_gone(self, name: str) -> None:
        """Wait until nothing is left of it."""
        self.becomes(lambda: not self.stage.person.told(name) and len(self.stage.outlook.pools()) == 2)


@pytest.fixture(scope="module")
def stood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all."""
    with staged(tmp_path_factory.mktemp("stood")) as stage:
        stage.person.push(config_repo(*BOTH))
        with stage.daemon("--poll", "0.5") as daemon:
            yield World(stage, daemon)
            assert "Traceback" not in daemon.said


@pytest.fixture
def world(stood: World) -> Iterator[World]:
    """Both Ready and two pools before and after."""
    stood.becomes(stood.all_ready)
    stood.since = len(stood.stage.sandbox.requests)
    yield stood
    stood.stage.sandbox.ask("none")
    stood.becomes(lambda: stood.all_ready() and len(stood.stage.outlook.pools()) == 2)


@pytest.mark.parametrize(
    "trouble",
    [
        "throttled:3",
        "api-500:3@arm",
        "api-500:3@kube",
        "reset:3@arm",
        "reset:3@kube",
    ],
)
def test_an_api_that_falters_is_asked_again(world: World, trouble: str) -> None:
    world.stage.sandbox.ask(trouble)
    world.comes("more")

    assert len(world.stage.outlook.pools()) == 3
    assert world.asked("DELETE") == []
    world.leaves("more")


UNSEEN = {
    "api-500@arm": "InternalServerError",
    "throttled": "Throttled",
    "reset@arm": "did not answer",
    "no-reader": "AuthorizationFailed",
    "not-registered": "MissingSubscriptionRegistration",
    "lost-list": "ResourceNotFound",
    "truncated-list": "InternalServerError",
}


@pytest.mark.parametrize(("trouble", "why"), UNSEEN.items(), ids=UNSEEN)
def test_while_the_pools_cannot_be_seen_workloads_are_looked_after_and_nothing_is_removed(
    world: World, trouble: str, why: str
) -> None:
    person, outlook = world.stage.person, world.stage.outlook
    world.comes("leaves")
    world.stage.sandbox.ask(trouble)
    person.push({"workspaces/leaves.yaml": None})

    world.becomes(lambda: "agent pools cannot be seen" in person.page() and why in person.page())
    outlook.delete("Service", "chat")
    world.becomes(lambda: outlook.find("Service", "chat") is not None)
    assert world.asked("DELETE") == []
    assert world.all_ready()

    world.stage.sandbox.ask("none")
    world.is_gone("leaves")
    assert len(world.asked("DELETE")) == 1


def test_a_list_that_leaves_out_a_pool_costs_nobody_a_node(world: World) -> None:
    before = {each["name"]: each["properties"]["tags"] for each in world.stage.outlook.pools()}
    world.stage.sandbox.ask(f"stale-list:4@{CHATS_POOL}")
    world.becomes(lambda: f"PUT {CHATS_POOL}" in world.asked("PUT"))
    world.stage.sandbox.ask("none")

    world.becomes(world.all_ready)
    assert before.keys() == {each["name"] for each in world.stage.outlook.pools()}
    assert world.asked("DELETE") == []


RESTLESS = {
    "cluster-stopped": ("the AKS cluster is stopped", "az aks start"),
    "cluster-starting": ("the AKS cluster is starting",),
    "cluster-upgrading": ("the AKS cluster is upgrading",),
}


@pytest.mark.parametrize(("trouble", "words"), RESTLESS.items(), ids=RESTLESS)
def test_while_the_cluster_is_not_at_rest_no_pool_is_made_changed_or_removed(
    world: World, trouble: str, words: tuple[str, ...]
) -> None:
    person = world.stage.person
    world.comes("leaves")
    made = world.asked("PUT")
    world.stage.sandbox.ask(trouble)
    person.push({"workspaces/leaves.yaml": None, "workspaces/more.yaml": workspace("more")})

    world.becomes(lambda: world.says("more", *words) and world.says("leaves", "Held", *words))
    if trouble != "cluster-upgrading":
        world.becomes(lambda: person.phase("chat") == "NotReady")
    assert world.asked("PUT", "DELETE", "POST") == made

    world.stage.sandbox.ask("none")
    world.becomes(lambda: world.all_ready(*BOTH, "more") and len(world.stage.outlook.pools()) == 3)
    assert len(world.asked("DELETE")) == 1
    world.leaves("more")


def test_a_cluster_that_says_updating_goes_on_having_its_pools_made(world: World) -> None:
    world.stage.sandbox.ask("cluster-updating")
    world.comes("more")
    world.leaves("more")


def test_a_cluster_stopped_and_started_has_all_its_nodes_and_models_again(world: World) -> None:
    before = {each["name"]: each["properties"]["tags"] for each in world.stage.outlook.pools()}
    world.stage.outlook.power("stop")
    world.becomes(lambda: all(world.stage.person.phase(name) == "NotReady" for name in BOTH))
    world.stage.outlook.power("start")

    world.becomes(world.all_ready)
    assert {each["name"]: each["properties"]["tags"] for each in world.stage.outlook.pools()} == before
    assert world.asked("PUT", "DELETE", "POST") == []


def test_a_machine_that_dies_is_told_and_its_pool_is_left_alone(world: World) -> None:
    world.stage.sandbox.ask(f"node-lost@{CHATS_POOL}")

    world.becomes(lambda: world.says("chat", "NotReady", "AKS restarts such a node by itself"))
    assert world.all_ready("stays")
    world.stage.sandbox.ask("none")
    world.becomes(world.all_ready)
    assert world.asked("PUT", "DELETE", "POST") == []


def test_a_gpu_that_errs_costs_nobody_the_model_that_runs_on_it(world: World) -> None:
    world.stage.sandbox.ask(f"gpu-faulty@{CHATS_POOL}")
    world.becomes(lambda: "GPUXIDErrors" in str(nodes_of(world, CHATS_POOL)))
    looks = len(world.asked("GET"))
    world.becomes(lambda: len(world.asked("GET")) > looks + 4)

    assert world.all_ready()
    assert world.asked("PUT", "DELETE", "POST") == []


GOING = {
    "drain-blocked": ("konnectivity-agent", "ignorePodDisruptionBudgets", "its removal is asked for again"),
    "stuck-deleting": ("it costs until it is gone",),
}


@pytest.mark.parametrize(("trouble", "words"), GOING.items(), ids=GOING)
def test_a_pool_that_does_not_go_is_told_with_what_holds_it_and_goes_afterwards(
    world: World, trouble: str, words: tuple[str, ...]
) -> None:
    world.comes("leaves")
    world.stage.sandbox.ask(f"{trouble}@{pool_of('leaves', Option(A100))}")
    world.stage.person.push({"workspaces/leaves.yaml": None})

    world.becomes(lambda: world.says("leaves", *words))
    assert world.all_ready()
    world.stage.sandbox.ask("none")
    world.is_gone("leaves")


REGIONAL = {"regional-quota": "QuotaExceeded", "regional-quota-late": "OperationNotAllowed"}


@pytest.mark.parametrize(("trouble", "code"), REGIONAL.items(), ids=REGIONAL)
def test_a_quota_of_the_whole_region_is_told_and_had_when_it_is_raised(
    world: World, trouble: str, code: str
) -> None:
    world.stage.sandbox.ask(trouble)
    world.stage.person.push({"workspaces/more.yaml": workspace("more")})

    world.becomes(lambda: world.says("more", "quota of the whole region has 0 left", "ask for 24 more Total"))
    told = world.stage.person.told("more")["provisioning"]
    assert told["code"] in REGIONAL.values()
    assert told["correlationId"] in {each.correlation for each in world.stage.sandbox.requests}
    world.stage.sandbox.ask("none")
    world.becomes(lambda: world.all_ready("more"))
    world.leaves("more")


def nodes_of(world: World, pool: str) -> list[dict[str, Any]]:
    status, answer = world.stage.outlook.ask("GET", f"/api/v1/nodes?labelSelector=agentpool%3D{pool}")
    assert status == 200
    return list(answer["items"])
