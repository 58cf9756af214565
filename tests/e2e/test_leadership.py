"""Several daemons of one fleet of which one leads: whoever falls away is replaced, and writes no more."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pytest

from reconciler.sandbox.requests import Asked

from .companions import LEASES, QUICK, companion, daemons, holder, identity, leader, slow_companion
from .stage import Stage, config_repo
from .typed import Daemon

pytestmark = pytest.mark.slow

ELECTING = ("--leader-elect",)
DEADLINE = 10.0  # seconds after which a leader whose lease is not renewed stops by itself
LONGEST = 15.0  # seconds for which a silent one is believed


def writes(stage: Stage) -> list[Asked]:
    """What was written, leases apart."""
    return [each for each in stage.outlook.writes() if not each.path.startswith(LEASES)]


def two(stage: Stage, among: list[Daemon]) -> tuple[Daemon, Daemon]:
    """The one that leads and the one that stands by."""
    stage.becomes(lambda: leader(stage, among) and all(map(identity, among)), among[0])
    first = leader(stage, among)
    assert first is not None
    return first, next(each for each in among if each is not first)


def test_one_leads_and_the_other_stands_by_and_takes_over_from_one_that_was_killed(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with daemons(stage, *ELECTING) as both:
        first, second = two(stage, both)
        stage.becomes_phase("chat", "Ready", first)
        stage.becomes(lambda: f"{identity(first)} leads" in second.said, second)
        assert "phase=" not in second.said

        first.kill()
        begun = time.monotonic()
        stage.person.push(config_repo("chat", "more"))
        stage.becomes(lambda: holder(stage) == identity(second), second, 3 * LONGEST)
        took = time.monotonic() - begun
        stage.becomes_phase("more", "Ready", second)

        assert took > DEADLINE - 5
        assert took < LONGEST + 5
        assert second.is_running()


def test_who_ends_lets_go_at_once(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with daemons(stage, *ELECTING) as both:
        first, second = two(stage, both)
        stage.becomes_phase("chat", "Ready", first)

        assert first.stop() == 0
        begun = time.monotonic()
        stage.becomes(lambda: holder(stage) == identity(second), second)

        assert time.monotonic() - begun < DEADLINE - 2
        stage.person.push(config_repo("chat", "more"))
        stage.becomes_phase("more", "Ready", second)


def test_who_sleeps_through_its_lease_writes_nothing_more_when_it_wakes(stage: Stage) -> None:
    """Stopped in the middle of a pass, between two writes, and woken when another has done the rest."""
    with daemons(stage, *ELECTING) as both:
        stage.person.push(config_repo("chat"))
        first, second = two(stage, both)
        stage.becomes_phase("chat", "Ready", first)
        stage.becomes(lambda: quiet(stage), first)
        asleep: list[str] = []

        def lull(asked: Asked) -> None:
            if not asleep and asked.method == "PATCH" and asked.path.endswith("/workspaces/late"):
                asleep.append(asked.path)
                os.kill(first.process.pid, signal.SIGSTOP)

        stage.sandbox.requests.listen(lull)
        stage.person.push(config_repo("chat", "late"))
        stage.becomes(lambda: asleep, first)
        stage.becomes(lambda: holder(stage) == identity(second), second, 3 * LONGEST)
        stage.becomes_phase("late", "Ready", second)
        stage.becomes(lambda: quiet(stage), second)
        before = len(writes(stage))

        os.kill(first.process.pid, signal.SIGCONT)
        stage.becomes(lambda: f"{identity(second)} leads" in first.said, first)
        stage.becomes(lambda: quiet(stage), second)

        assert writes(stage)[before:] == []
        assert holder(stage) == identity(second)
        assert "pass failed" not in first.said
        assert first.is_running()


def quiet(stage: Stage) -> bool:
    """Whether nothing was written for two seconds."""
    before = len(writes(stage)), len(stage.person.status_commits())
    time.sleep(2)
    return before == (len(writes(stage)), len(stage.person.status_commits()))


def test_who_cannot_renew_stops_before_another_begins(stage: Stage) -> None:
    """All that it says of its lease arrives half a minute late; everything else gets through at once."""
    with slow_companion(stage, "slow") as (place, way), place.daemon(*QUICK, *ELECTING) as first:
        stage.person.push(config_repo("chat"))
        stage.becomes_phase("chat", "Ready", first)
        with companion(stage, "other").daemon(*QUICK, *ELECTING) as second:
            stage.becomes(lambda: f"{identity(first)} leads" in second.said, second)
            stage.becomes(lambda: quiet(stage), first)
            way.slow_down(lately=4.0)
            time.sleep(DEADLINE + 1.5)
            assert holder(stage) == identity(first)
            stage.person.push(config_repo("chat", "late"))
            stage.becomes(lambda: holder(stage) == identity(second), second, 2 * LONGEST)
            stage.becomes_phase("late", "Ready", second)
            way.hurry()
            stage.becomes(lambda: f"{identity(second)} leads" in first.said, first)
            stage.becomes(lambda: quiet(stage), second)

            made = Counter(each.path for each in writes(stage) if "/late" in each.path)
            assert made[stage.outlook.path("StatefulSet", "late")] == 1
            assert holder(stage) == identity(second)
            lost = [each for each in stage.sandbox.requests if each.path.startswith(LEASES)]
            assert 409 in {each.status for each in lost if each.method == "PUT"}


def test_once_says_who_leads_and_waits_no_longer_than_it_may(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with stage.daemon(*QUICK, *ELECTING) as first:
        stage.becomes_phase("chat", "Ready", first)
        stage.becomes(lambda: quiet(stage), first)
        before = len(writes(stage))
        other = companion(stage, "other")

        ended = other.type("run", "--once", "--timeout", "3", *ELECTING)

        assert ended.returncode == 1
        assert f"Error: nothing was done here: {identity(first)} leads" in ended.stderr
        assert len(writes(stage)) == before


def test_once_holds_the_lease_and_lets_go_of_it(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))

    for _ in range(2):
        stage.settle(*ELECTING)
        assert holder(stage) == ""
    assert stage.person.phase("chat") == "Ready"
