"""kill -9 at every step of a pass, then a restart: the same world, and no node provisioned twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.gitserver import GitServer

from .killing import copy_of, killed_at_push, killed_at_write
from .stage import Stage, config_repo, example, fleet, staged, workspace

STEPS_TO_CREATE = range(1, 17)
STEPS_TO_PRUNE = range(1, 9)
STEPS_TO_REPLACE = range(1, 13)
STEPS_TO_BEGIN = (4, 5, 7, 9)
BIGGER = "Standard_NC48ads_A100_v4"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The end world of example-repo when nobody is killed."""
    with staged(tmp_path_factory.mktemp("undisturbed")) as stage:
        stage.person.push(example())
        stage.settle()
        return stage.outlook.portrait()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a settled world of two workspaces, to be copied."""
    folder = tmp_path_factory.mktemp("standing")
    with staged(folder) as stage:
        stage.person.push(config_repo("chat", "stays"))
        stage.settle()
    return folder


@pytest.mark.parametrize("nth", STEPS_TO_CREATE)
def test_killed_at_any_write_it_converges_to_the_same_world(
    stage: Stage, undisturbed: dict[str, Any], nth: int
) -> None:
    stage.person.push(example())

    assert killed_at_write(stage, nth)
    stage.settle()

    assert_same(stage, undisturbed)


@pytest.mark.parametrize("moved", [False, True], ids=["before the branch moved", "after"])
def test_killed_at_the_status_push_it_converges_to_the_same_world(
    stage: Stage, undisturbed: dict[str, Any], moved: bool
) -> None:
    stage.person.push(example())
    with GitServer(stage.person.bare.parent) as server:
        stage.url = server.url(stage.person.bare.name)

        killed_at_push(stage, moved=moved)
        assert stage.person.has_status() == moved
        stage.settle()

    assert_same(stage, undisturbed)
    assert stage.person.remote("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("nth", STEPS_TO_PRUNE)
def test_killed_at_any_write_a_removal_is_finished(standing: Path, tmp_path: Path, nth: int) -> None:
    with copy_of(standing, tmp_path) as stage:
        before = stage.outlook.portrait()
        stage.person.push({"workspaces/chat.yaml": None})

        assert killed_at_write(stage, nth)
        stage.settle()
        stage.settle()

        left = stage.outlook.portrait()
        assert [name for name in left if "/chat" in name] == []
        assert [pool["properties"]["tags"]["towline-workspace"] for pool in stage.outlook.pools()] == [
            "stays"
        ]
        assert set(stage.outlook.inventory()) == {"default.stays"}
        assert untouched(left, "stays") == untouched(before, "stays")
        assert not [path for path in stage.person.status_files() if "chat" in path]


@pytest.mark.parametrize("nth", STEPS_TO_REPLACE)
def test_killed_at_any_write_a_move_to_other_nodes_is_finished(
    standing: Path, tmp_path: Path, nth: int
) -> None:
    with copy_of(standing, tmp_path) as stage:
        stage.person.push({"workspaces/chat.yaml": workspace("chat", size=BIGGER)})

        assert killed_at_write(stage, nth)
        stage.settle()

        pools = {pool["properties"]["vmSize"]: pool["properties"]["count"] for pool in stage.outlook.pools()}
        assert pools == {BIGGER: 1, "Standard_NC24ads_A100_v4": 1}
        assert stage.person.told("chat")["instanceType"] == BIGGER
        assert len(stage.outlook.all("StatefulSet")) == 2
        assert len(stage.outlook.inventory()) == 2


@pytest.mark.parametrize("nth", STEPS_TO_BEGIN)
def test_what_was_begun_before_the_kill_goes_when_it_is_no_longer_asked_for(stage: Stage, nth: int) -> None:
    stage.person.push(config_repo("chat"))
    assert killed_at_write(stage, nth)

    stage.person.push({"workspaces/chat.yaml": None, "workspaces/.gitkeep": ""}, "Think better of it")
    approve_if_asked(stage)
    stage.settle()

    assert stage.outlook.pools() == []
    assert [name for name in stage.outlook.portrait() if "/chat" in name] == []
    assert stage.outlook.inventory() == {}


def approve_if_asked(stage: Stage) -> None:
    """A commit without any workspace removes nothing by itself: say that it is meant."""
    stage.type("run", "--once")
    if approval := stage.person.page().partition("add `")[2].partition("`")[0]:
        stage.person.push({"towline.yaml": fleet(f"  approved: ['{approval}']\n")}, "Approve")


def untouched(portrait: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in portrait.items() if f"/{name}" in key}


def assert_same(stage: Stage, undisturbed: dict[str, Any]) -> None:
    """Object for object, one pool a workspace, asked for once; one inventory entry each; told in Git."""
    assert stage.outlook.portrait() == undisturbed
    asked = [each.path for each in stage.outlook.writes() if each.api == "arm" and each.method == "PUT"]
    assert len(asked) == len(set(asked)) == len(stage.outlook.pools()) == 2
    assert {pool["properties"]["count"] for pool in stage.outlook.pools()} == {1}
    person = stage.person
    assert (person.phase("phi-4-chat"), person.phase("phi-3-support-tuning")) == ("Ready", "Succeeded")
