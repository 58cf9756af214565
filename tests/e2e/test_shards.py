"""Several daemons that share the work of a fleet: each acts on its own part, one of them on the whole."""

from __future__ import annotations

from collections import Counter

import pytest

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.share import bucket

from .companions import daemons, holders, identity
from .stage import Stage, config_repo, fleet
from .test_leadership import quiet, writes
from .typed import Daemon

pytestmark = pytest.mark.slow

SHARDS = 3
NAMES = tuple(f"w{number}" for number in range(60))
SHARED = ("--shards", str(SHARDS))
MANY = fleet("  prune:\n    maxWorkspaces: 100\n")


def each_has_one(stage: Stage, among: list[Daemon]) -> bool:
    return sorted(holders(stage, SHARDS)) == sorted(map(identity, among))


def phases(stage: Stage) -> Counter[str]:
    return Counter(str(told.get("phase", "")) for told in stage.person.everything_told().values())


def test_three_share_sixty_workspaces_and_two_go_on_when_one_is_killed(stage: Stage) -> None:
    with daemons(stage, *SHARED, count=SHARDS) as all_of_them:
        stage.person.push(config_repo(towline=MANY))
        stage.becomes(lambda: each_has_one(stage, all_of_them), all_of_them[0], 60)
        stage.person.push(config_repo(*NAMES, towline=MANY))
        stage.becomes(lambda: phases(stage) == {"Ready": len(NAMES)}, all_of_them[0], 120)
        stage.becomes(lambda: "60 of 60 ready" in stage.person.page(), all_of_them[0])
        stage.becomes(lambda: quiet(stage), all_of_them[0])

        for kind in ("StatefulSet", "Service", "Workspace"):
            made = Counter(each.path for each in writes(stage) if each.method == "PATCH")
            assert {made[stage.outlook.path(kind, name)] for name in NAMES} == {1}, kind
        assert set(stage.outlook.inventory()) == {f"default.{name}" for name in NAMES}
        assert len(stage.outlook.pools()) == len(NAMES)
        asked = Counter(each.path for each in writes(stage) if each.api == "arm" and each.method == "PUT")
        assert set(asked.values()) == {1}

        gone = next(each for each in all_of_them if identity(each) == holders(stage, SHARDS)[0])
        gone.kill()
        left = [each for each in all_of_them if each is not gone]
        stage.becomes(lambda: set(holders(stage, SHARDS)) == set(map(identity, left)), left[0], 60)
        stage.person.push({"workspaces/w0.yaml": None, **config_repo("more", towline=MANY)})
        stage.becomes_phase("more", "Ready", left[0])
        stage.becomes(lambda: not stage.person.told("w0"), left[0])
        stage.becomes(lambda: "60 of 60 ready" in stage.person.page(), left[0])
        assert all(each.is_running() for each in left)
        assert "Traceback" not in "".join(each.said for each in all_of_them)


def test_one_record_of_everything_is_divided_without_a_loss(stage: Stage) -> None:
    stage.person.push(config_repo("chat", "stays", "other"))
    stage.settle()
    before = stage.outlook.inventory()
    maps = [each["metadata"]["name"] for each in stage.outlook.all("ConfigMap")]
    assert "inventory-demo" in maps

    with daemons(stage, *SHARED, count=2) as both:
        stage.becomes(lambda: all(holders(stage, SHARDS)), both[0])
        stage.becomes(lambda: "inventory-demo" not in records(stage), both[0])
        stage.becomes(lambda: quiet(stage), both[0])
        buckets = {bucket(WorkspaceName("default", name)) for name in ("chat", "stays", "other")}
        assert records(stage) == {f"inventory-demo-{number:02d}" for number in buckets}
        assert stage.outlook.inventory() == before
        stage.person.push({"workspaces/chat.yaml": None})
        stage.becomes(lambda: set(stage.outlook.inventory()) == {"default.stays", "default.other"}, both[0])

    stage.person.push(config_repo("new"))
    stage.settle()
    assert records(stage) == {"inventory-demo"}
    assert set(stage.outlook.inventory()) == {"default.stays", "default.other", "default.new"}


def records(stage: Stage) -> set[str]:
    """The ConfigMaps of the inventory."""
    names = (each["metadata"]["name"] for each in stage.outlook.all("ConfigMap"))
    return {name for name in names if name.startswith("inventory-")}
