"""Two daemons on one repository and one cluster, as when the new one starts before the old one has ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from .stage import Stage, config_repo, workspace
from .typed import Daemon

BIGGER = "Standard_NC48ads_A100_v4"
QUICK = ("--poll", "0.5")


@contextmanager
def two_daemons(stage: Stage) -> Iterator[tuple[Daemon, Daemon]]:
    """Each with a memory of its own, both in the same world."""
    other = replace(stage, folder=stage.folder / "other")
    other.state.mkdir(parents=True)
    (other.state / "sandbox").symlink_to(stage.state / "sandbox")
    with stage.daemon(*QUICK) as one, other.daemon(*QUICK) as two:
        yield one, two


def settled_down(stage: Stage, seconds: float = 4) -> tuple[int, int]:
    """How much is written to the world, and committed, while nothing changes."""
    before = len(stage.outlook.writes()), len(stage.person.status_commits())
    time.sleep(seconds)
    return len(stage.outlook.writes()) - before[0], len(stage.person.status_commits()) - before[1]


def test_two_daemons_make_one_pool_a_workspace_and_come_to_rest(stage: Stage) -> None:
    with two_daemons(stage) as (one, two):
        stage.person.push(config_repo("chat", "stays"))
        for name in ("chat", "stays"):
            stage.becomes_phase(name, "Ready", one)
        stage.becomes(lambda: settled_down(stage, 1) == (0, 0), two, 30)

        assert settled_down(stage) == (0, 0)
        assert [each["properties"]["count"] for each in stage.outlook.pools()] == [1, 1]
        assert {each["properties"]["tags"]["towline-workspace"] for each in stage.outlook.pools()} == {
            "chat",
            "stays",
        }
        assert [each for each in stage.outlook.writes() if each.method == "DELETE"] == []
        assert one.is_running()
        assert two.is_running()
        assert "Traceback" not in one.said + two.said
    assert stage.person.remote("fsck", "--strict", "--no-dangling") == ""


def test_two_daemons_move_a_workspace_and_remove_another_without_a_fight(stage: Stage) -> None:
    stage.person.push(config_repo("chat", "leaves"))
    stage.settle()
    with two_daemons(stage) as (one, two):
        change = {"workspaces/chat.yaml": workspace("chat", size=BIGGER), "workspaces/leaves.yaml": None}
        stage.person.push(change)
        stage.becomes(lambda: stage.person.told("chat").get("instanceType") == BIGGER, one)
        stage.becomes_phase("chat", "Ready", one)
        stage.becomes(lambda: len(stage.outlook.pools()) == 1 and not stage.person.told("leaves"), two)
        stage.becomes(lambda: settled_down(stage, 1) == (0, 0), two, 30)

        assert settled_down(stage) == (0, 0)
        assert [each["properties"]["vmSize"] for each in stage.outlook.pools()] == [BIGGER]
        assert stage.person.phase("chat") == "Ready"
        assert set(stage.outlook.inventory()) == {"default.chat"}
