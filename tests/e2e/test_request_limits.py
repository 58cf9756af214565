"""A hundred workspaces at once, under AKS's request limits: made, kept for an hour, and removed.

An hour of looks at 100 agent pools every 30 seconds is 120 reads of the cluster and 120 lists of four pages,
600 requests of the 3,600 that AKS would answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.requests import Asked

from .killing import copy_of
from .stage import Stage, config_repo, fleet, staged
from .typed import Daemon

NAMES = [f"w{number:03}" for number in range(100)]
ROOM: dict[str, Any] = {"throttling": True, "most_pools": 120, "quota_vcpus": 10_000}
FAST, SLOW = 200.0, 10.0
HOUR = 3600.0
PUBLISHED = {
    "PUT agentPool": (20, 1 / 60),
    "PUT managedCluster": (20, 1 / 60),
    "GET managedCluster": (60, 1),
    "GET operation": (200, 2),
    "other": (60, 1),
}
"""Requests at once and a second, of each agent pool or of the subscription: "Throttling limits" of
https://learn.microsoft.com/azure/aks/quotas-skus-regions."""


@dataclass(frozen=True)
class Request:
    """What Towline asked ARM; `at` is in seconds of the world."""

    at: float
    asked: Asked


@dataclass
class Story:
    """What was asked in a world, and the moments that matter."""

    folder: Path
    requests: list[Request] = field(default_factory=list)
    ready: float = 0.0
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    pools: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, stage: Stage) -> None:
        def hear(asked: Asked) -> None:
            if asked.api == "arm" and asked.agent != "somebody-else":
                self.requests.append(Request(stage.sandbox.now().timestamp(), asked))

        stage.sandbox.requests.listen(hear)

    @property
    def hour(self) -> Counter[str]:
        """What was asked in the hour that began two minutes after all were Ready."""
        begin = self.ready + 120
        return kinds(each for each in self.requests if begin <= each.at < begin + HOUR)


@contextmanager
def watched(stage: Stage, story: Story, speed: float) -> Iterator[Daemon]:
    """A daemon that looks every 30 seconds of the world at least."""
    story.listen(stage)
    with stage.daemon("--poll", str(30 / speed)) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A hundred workspaces pushed at once, made in the 26 minutes that were recorded of a GPU pool, and kept
    for an hour after they were Ready."""
    story = Story(tmp_path_factory.mktemp("hundred"))
    with staged(story.folder, FAST, pool_seconds=1560, **ROOM) as stage:
        stage.person.push(config_repo(*NAMES, towline=fleet("  prune: {maxWorkspaces: 100}\n")))
        with watched(stage, story, FAST) as daemon:
            stage.becomes(lambda: "100 of 100 ready" in stage.person.page(), daemon, 120)
            story.ready = stage.sandbox.now().timestamp()
            is_over = story.ready + 120 + HOUR
            stage.becomes(lambda: stage.sandbox.now().timestamp() > is_over, daemon, 60)
        story.told, story.pools = stage.person.everything_told(), stage.outlook.pools()
    return story


def test_a_hundred_workspaces_pushed_at_once_all_become_ready(hundred: Story) -> None:
    assert {name: told["phase"] for name, told in hundred.told.items()} == dict.fromkeys(NAMES, "Ready")
    owners = [pool["properties"]["tags"]["towline-workspace"] for pool in hundred.pools]
    assert sorted(owners) == NAMES


def test_each_pool_is_asked_for_once(hundred: Story) -> None:
    asked = Counter(each.asked.path for each in hundred.requests if each.asked.method != "GET")
    assert len(asked) == 100
    assert set(asked.values()) == {1}


def test_aks_never_has_to_say_that_it_is_too_much(hundred: Story) -> None:
    assert {each.asked.status for each in hundred.requests} == {200, 201}
    assert overdrawn(hundred.requests) == []


def test_an_hour_in_which_nothing_changes_is_one_read_and_one_list_of_four_pages_a_look(
    hundred: Story,
) -> None:
    looks = hundred.hour["GET managedCluster"]
    pages = hundred.hour.total() - looks

    assert 10 < looks <= 121
    assert set(hundred.hour) == {"GET managedCluster", "GET agentPools"}
    assert abs(pages - 4 * looks) <= 4


def test_a_hundred_that_leave_at_once_go_as_fast_as_aks_takes_it(hundred: Story, tmp_path: Path) -> None:
    story = Story(tmp_path)
    with copy_of(hundred.folder, tmp_path, speed=SLOW, **ROOM) as stage:
        stage.person.push({f"workspaces/{name}.yaml": None for name in NAMES[1:]})
        with watched(stage, story, SLOW) as daemon:
            stage.becomes(lambda: "1 of 1 ready" in stage.person.page(), daemon, 120)
        left = stage.outlook.pools()

    assert [pool["properties"]["tags"]["towline-workspace"] for pool in left] == NAMES[:1]
    assert {each.asked.status for each in story.requests} == {200, 202}
    assert overdrawn(story.requests) == []
    assert kinds(story.requests)["DELETE agentPool"] == 99


def overdrawn(requests: Iterable[Request]) -> list[Request]:
    """Those that came when their bucket was empty."""
    left: dict[tuple[str, str], tuple[float, float]] = {}
    found: list[Request] = []
    for each in requests:
        bucket = bucket_of(each.asked)
        burst, a_second = PUBLISHED[bucket[0]]
        tokens, then = left.get(bucket, (burst, each.at))
        tokens = min(burst, tokens + (each.at - then) * a_second)
        if tokens < 1:
            found.append(each)
        left[bucket] = (tokens - 1, each.at)
    return found


def bucket_of(asked: Asked) -> tuple[str, str]:
    """Which published limit counts the request, and for which agent pool."""
    kind = kind_of(asked)
    name = asked.path.rpartition("/")[2] if kind == "PUT agentPool" else ""
    return (kind if kind in PUBLISHED else "other"), name


def kinds(requests: Iterable[Request]) -> Counter[str]:
    return Counter(kind_of(each.asked) for each in requests)


def kind_of(asked: Asked) -> str:
    """Method and resource: `agentPools` is their list, `agentPool` is one."""
    *_, parent, last = asked.path.rstrip("/").split("/")
    one = {"agentpools": "agentPool", "managedclusters": "managedCluster", "operations": "operation"}
    return f"{asked.method} {one.get(parent.lower(), last)}"
