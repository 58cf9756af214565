"""kill -9 while Azure's troubles are dealt with, then a restart: one pool, and no request that was not
counted before it was made."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .killing import copy_of, is_about_nodes, killed_at_write
from .stage import Stage, config_repo, fleet, staged

SMALL, BIGGER = "Standard_NC24ads_A100_v4", "Standard_NC48ads_A100_v4"
QUICK = ("--poll", "0.5")


@dataclass(frozen=True)
class Trouble:
    """What Azure does, what the Fleet says about nodes, and where of the writes about nodes to kill."""

    word: str
    provisioning: str
    kills: tuple[int, ...]
    size: str = SMALL


TROUBLES = {
    "a failed pool is taken away and made anew": Trouble("driver-failed:1", "{}", (4, 5, 6, 7, 8, 9, 10)),
    "no hardware, so another size": Trouble(
        "no-capacity:1", f"{{instanceTypes: [{BIGGER}]}}", (4, 5, 6, 7, 8), BIGGER
    ),
    "a pool that never comes is stopped and made anew": Trouble(
        "stuck-creating:1", "{limits: {createMinutes: 10}}", (5, 6, 7, 8, 9, 10, 11)
    ),
}
KILLS = [(name, nth) for name, trouble in TROUBLES.items() for nth in trouble.kills]


@dataclass(frozen=True)
class Ending:
    """What is left in the end, and which pools were removed on the way."""

    portrait: dict[str, Any]
    removed: frozenset[str]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ending]:
    """The ending of a trouble when nobody is killed."""
    known: dict[str, Ending] = {}

    def ending(name: str) -> Ending:
        if name not in known:
            with staged(tmp_path_factory.mktemp("undisturbed")) as stage:
                befall(stage, TROUBLES[name])
                stage.settle(*QUICK)
                known[name] = ending_of(stage)
        return known[name]

    return ending


@pytest.mark.parametrize(("name", "nth"), KILLS, ids=[f"{name}, {nth}" for name, nth in KILLS])
def test_killed_amid_a_trouble_it_ends_as_if_it_had_not_been(
    stage: Stage, undisturbed: Callable[[str], Ending], name: str, nth: int
) -> None:
    befall(stage, TROUBLES[name])

    assert killed_at_write(stage, nth, *QUICK, of=is_about_nodes)
    stage.settle(*QUICK)

    assert stage.person.phase("chat") == "Ready"
    assert [pool_of(each) for each in stage.outlook.pools()] == [(TROUBLES[name].size, 1, "Succeeded")]
    assert ending_of(stage) == undisturbed(name)
    assert_all_was_counted(stage)


def test_killed_again_and_again_before_it_asks_it_stops_at_what_the_fleet_allows(stage: Stage) -> None:
    stage.person.push(config_repo("chat", towline=fleet("  provisioning: {maxTries: 3}\n")))
    killed = [killed_at_write(stage, 1, of=is_about_nodes) for _ in range(3)]
    assert all(each.endswith("nodes-demo") for each in killed)

    ended = stage.type("run", "--until-settled")

    assert ended.returncode == 1
    assert asked(stage, "PUT") == Counter()
    assert stage.outlook.pools() == []
    assert "needsAPerson: true" in stage.person.status_files()["status/default/chat.yaml"]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a settled world of one workspace, to be copied."""
    folder = tmp_path_factory.mktemp("standing")
    with staged(folder) as stage:
        stage.person.push(config_repo("stays", towline=fleet("  provisioning: {orphanGraceMinutes: 10}\n")))
        stage.settle()
    return folder


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_amid_the_removal_of_an_orphan_nothing_else_goes(
    standing: Path, tmp_path: Path, nth: int
) -> None:
    with with_orphan(standing, tmp_path) as stage:
        stays = [each for each in stage.outlook.pools() if each["name"] != "wlost"]

        assert killed_at_write(stage, nth, *QUICK, of=is_about_nodes, settles=False)
        with stage.daemon(*QUICK) as daemon:
            stage.becomes(lambda: stage.outlook.pools() == stays, daemon, 30)

        assert set(asked(stage, "DELETE")) == {"wlost"}
        assert asked(stage, "PUT") == Counter()
        assert stage.person.phase("stays") == "Ready"


@contextmanager
def with_orphan(standing: Path, folder: Path) -> Iterator[Stage]:
    """The settled world with a pool of the fleet's in it that no workspace asks for."""
    with copy_of(standing, folder) as stage:
        tags = {
            "towline-fleet": "demo",
            "towline-workspace": "lost",
            "towline-workspace-namespace": "default",
        }
        stage.outlook.make_pool("wlost", {"vmSize": SMALL, "count": 1, "mode": "User", "tags": tags})
        yield stage


def befall(stage: Stage, trouble: Trouble) -> None:
    stage.sandbox.ask(trouble.word)
    towline = fleet(f"  provisioning: {trouble.provisioning}\n")
    stage.person.push(config_repo("chat", towline=towline))


def ending_of(stage: Stage) -> Ending:
    return Ending(stage.outlook.portrait(), frozenset(asked(stage, "DELETE")))


def pool_of(pool: dict[str, Any]) -> tuple[str, int, str]:
    properties = pool["properties"]
    return properties["vmSize"], properties["count"], properties["provisioningState"]


def asked(stage: Stage, method: str) -> Counter[str]:
    """How often Towline asked ARM so, by the name of the pool."""
    writes = (each for each in stage.outlook.writes() if each.api == "arm" and each.method == method)
    return Counter(each.path.rpartition("/agentPools/")[2] for each in writes)


def assert_all_was_counted(stage: Stage) -> None:
    """A kill may leave a request counted that was never made, and none that was made uncounted."""
    logbook = stage.outlook.find("ConfigMap", "nodes-demo", "towline-system")
    assert logbook is not None
    attempts = json.loads(logbook["data"]["attempts"])
    for pool, times in asked(stage, "PUT").items():
        assert times <= attempts[pool]["tries"] <= times + 1
    for pool, times in asked(stage, "DELETE").items():
        if pool in {each["name"] for each in stage.outlook.pools()}:
            assert times <= attempts[pool]["recreations"] <= times + 1
