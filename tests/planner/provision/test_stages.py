"""One agent pool, stage by stage: what is done about it, why, and until when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import AksStanding, CloudError, Option
from reconciler.domain.logbook import Attempt, Logbook
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Kind, Move
from reconciler.domain.state import ObservedPool
from tests.builders import A100, NAME, NOW, observed_node, observed_pool
from tests.planner.provision.asking_nodes import (
    DRIVER,
    H100,
    INTERNAL,
    NO_CAPACITY,
    QUOTA,
    SMALL_CACHE,
    SPOT,
    ago,
    book,
    chosen,
    failed,
    provisions,
    refusal,
    seen,
    tried,
    way,
    ways,
)

UNKNOWN = CloudError(500, ("SomethingNew",), "what nobody has heard of", "c-new")
FORBIDDEN = CloudError(403, ("RequestDisallowedByPolicy",), "a policy forbids it", "c-policy")


def pool(state: str = "Succeeded", **fields: Any) -> ObservedPool:
    return observed_pool("wa", state=state, **fields)


FAILED = pool("Failed")
SOON, LONG_SINCE = later(NOW, 300), ago(50)


@pytest.mark.parametrize(
    ("live", "attempt", "move", "stage"),
    [
        (None, None, Move.GO, "create"),
        (pool("Creating"), tried(begun=ago(39)), Move.GO, "create"),
        (pool("Creating"), tried(begun=ago(41)), Move.ABORT, "create"),
        (pool("Creating"), tried(begun=ago(60), aborted=ago(19)), Move.WAIT, "create"),
        (pool("Creating", created=ago(39)), None, Move.GO, "create"),
        (pool("Creating", created=ago(41)), None, Move.ABORT, "create"),
        (pool("Creating", created="yesterday"), None, Move.GO, "create"),
        (pool("Updating"), tried(begun=ago(90), stood=ago(60)), Move.GO, "create"),
        (pool("Scaling"), tried(begun=ago(41), stood=ago(90)), Move.ABORT, "create"),
        (pool("Upgrading", created=ago(600)), None, Move.GO, "create"),
        (pool("Deleting"), None, Move.WAIT, "delete"),
        (pool("Deleting"), tried(begun=ago(29), failed=ago(31), recreations=1), Move.WAIT, "delete"),
        (pool("Deleting"), tried(begun=ago(31), failed=ago(33), recreations=1), Move.ABORT, "delete"),
        (
            pool("Deleting"),
            tried(begun=ago(31), failed=ago(33), recreations=1, aborted=ago(35)),
            Move.ABORT,
            "delete",
        ),
        (pool("Deleting"), tried(begun=ago(500), stood=ago(400), recreations=1), Move.WAIT, "delete"),
        (pool(), None, Move.GO, ""),
        (pool(), tried(stood=ago(14)), Move.GO, "join"),
        (pool(), tried(stood=ago(16), tries=1), Move.ANEW, ""),
        (pool(), tried(stood=ago(60), joined=ago(9)), Move.GO, "gpu"),
        (pool(), tried(stood=ago(60), joined=ago(11)), Move.GO, "gpu"),
        (pool(), tried(stood=ago(60), joined=ago(50), equipped=ago(50)), Move.GO, ""),
    ],
)
def test_every_stage_has_its_move(live: ObservedPool, attempt: Attempt, move: Move, stage: str) -> None:
    choice = chosen(
        way(), seen(*(each for each in (live,) if each)), book(**({"wa": attempt} if attempt else {}))
    )

    assert (choice.move, choice.stage) == (move, stage)


@pytest.mark.parametrize(
    ("error", "fields", "move", "waits_until"),
    [
        (INTERNAL, {"again": SOON}, Move.WAIT, SOON),
        (INTERNAL, {"failures": 1}, Move.AGAIN, ""),
        (INTERNAL, {"failures": 2}, Move.AGAIN, ""),
        (INTERNAL, {"failures": 3}, Move.ANEW, ""),
        (INTERNAL, {"failures": 9, "recreations": 2}, Move.AGAIN, ""),
        (INTERNAL, {"failures": 9, "recreations": 2, "again": SOON}, Move.WAIT, SOON),
        (INTERNAL, {"failures": 12, "tries": 12}, Move.GIVE_BACK, ""),
        (UNKNOWN, {"failures": 1}, Move.AGAIN, ""),
        (DRIVER, {"recreations": 0}, Move.ANEW, ""),
        (DRIVER, {"recreations": 1}, Move.ANEW, ""),
        (DRIVER, {"recreations": 1, "again": SOON}, Move.WAIT, SOON),
        (DRIVER, {"recreations": 2}, Move.GIVE_BACK, ""),
        (DRIVER, {"recreations": 2, "again": SOON}, Move.GIVE_BACK, ""),
        (NO_CAPACITY, {"again": SOON}, Move.WAIT, SOON),
        (NO_CAPACITY, {"recreations": 7}, Move.ANEW, ""),
        (NO_CAPACITY, {"tries": 12}, Move.GIVE_BACK, ""),
        (FORBIDDEN, {"again": SOON}, Move.WAIT, SOON),
        (FORBIDDEN, {"failed": ago(9)}, Move.WAIT, later(NOW, 60)),
        (FORBIDDEN, {"failed": ago(11)}, Move.AGAIN, ""),
        (FORBIDDEN, {"tries": 12}, Move.GIVE_BACK, ""),
    ],
)
def test_a_failed_pool_is_mended_by_what_azure_said(
    error: CloudError, fields: dict[str, Any], move: Move, waits_until: str
) -> None:
    choice = chosen(way(), seen(FAILED), book(wa=failed(error, **fields)))

    assert (choice.move, choice.until) == (move, waits_until)
    assert choice.setback is not None
    assert choice.setback.correlation == error.correlation
    assert choice.needs_a_person is (move is Move.WAIT and not waits_until)
    assert choice.because.startswith(choice.setback.sentence)


@pytest.mark.parametrize("error", [DRIVER, NO_CAPACITY, INTERNAL, QUOTA])
@pytest.mark.parametrize(("again", "move"), [(ago(1), Move.AGAIN), (SOON, Move.WAIT)])
def test_a_failed_pool_with_a_ready_node_is_never_taken_away(
    error: CloudError, again: str, move: Move
) -> None:
    others = ways(way(), way("wb", H100))
    logbook = book(wa=failed(error, again, failures=9))

    choice = chosen(others, seen(FAILED, nodes=[observed_node("wa")]), logbook)

    assert (choice.option, choice.move) == (Option(A100), move)


def test_what_the_pool_says_itself_counts_where_the_logbook_was_lost() -> None:
    choice = chosen(way(), seen(replace(FAILED, error=DRIVER)))

    assert (choice.move, choice.setback and choice.setback.kind) == (Move.ANEW, Kind.RECREATE)


def test_a_failed_pool_that_gives_no_reason_is_asked_for_again() -> None:
    assert chosen(way(), seen(FAILED)).move is Move.AGAIN


def test_an_attempt_at_an_older_digest_does_not_count() -> None:
    old = failed(DRIVER, tries=12, recreations=2, digest="d0")

    choice = chosen(way(), seen(replace(FAILED, error=DRIVER)), book(wa=old))

    assert (choice.move, choice.tries) == (Move.ANEW, 0)


def test_what_was_stopped_for_taking_too_long_is_made_anew_within_bounds() -> None:
    stopped = pool("Canceled")
    said = CloudError(200, ("Canceled",), "it took too long and was stopped")
    attempts = [failed(said, aborted=ago(15), recreations=each) for each in (0, 2)]

    moves = [chosen(way(), seen(stopped), book(wa=each)).move for each in attempts]

    assert moves == [Move.ANEW, Move.GIVE_BACK]


@pytest.mark.parametrize("live", [FAILED, None], ids=["late", "at once"])
def test_a_machine_whose_cache_is_too_small_gets_a_managed_disk_without_waiting(live: ObservedPool) -> None:
    observed = seen(*(each for each in (live,) if each))
    made = provisions([way()], observed, book(wa=failed(SMALL_CACHE, SOON)))

    choice, pool_ = made.choices[NAME], made.desired.workspaces[NAME].pool
    assert (choice.move, choice.managed_disk) == (Move.ANEW if live else Move.GO, True)
    assert pool_ is not None
    assert json.loads(pool_.body)["properties"]["osDiskType"] == "Managed"
    assert pool_.digest != way().pool.digest  # type: ignore[union-attr]


def test_a_managed_disk_stays_asked_for_and_is_not_tried_twice() -> None:
    known = failed(SMALL_CACHE, managed_disk=True, recreations=1)

    again = provisions([way()], seen(pool()), book(wa=replace(known, error=None)))
    twice = chosen(way(), seen(FAILED), book(wa=replace(known, again=SOON)))

    assert b'"osDiskType":"Managed"' in again.desired.workspaces[NAME].pool.body  # type: ignore[union-attr]
    assert (twice.move, twice.until) == (Move.WAIT, SOON)


def test_nodes_that_never_join_are_made_anew_and_at_last_given_back() -> None:
    late = tried(stood=ago(16), tries=1)

    first = chosen(way(), seen(pool()), book(wa=late))
    last = chosen(way(), seen(pool()), book(wa=replace(late, recreations=2)))

    assert (first.move, last.move) == (Move.ANEW, Move.GIVE_BACK)
    assert "none of its nodes joined" in last.because


@pytest.mark.parametrize(
    ("minutes", "nodes", "move", "says"),
    [
        (14, 0, Move.GO, False),
        (16, 0, Move.ANEW, True),
        (16, 1, Move.GO, True),
    ],
)
def test_nodes_that_left_and_stay_away_are_made_anew(
    minutes: int, nodes: int, move: Move, says: bool
) -> None:
    since = tried(stood=ago(900), joined=ago(890), equipped=ago(890), lost=ago(minutes))
    there = tuple(observed_node("wa") for _ in range(nodes))

    choice = chosen(way(), replace(seen(pool()), nodes=there), book(wa=since))

    assert choice.move is move
    assert (choice.setback is not None and "left the cluster" in choice.setback.sentence) is says


def test_what_was_given_back_waits_for_a_person_and_says_why() -> None:
    why = "none of its nodes joined the cluster, after 3 tries"

    choice = chosen(way(), seen(), book(wa=tried(tries=3, recreations=2, parked=why)))
    changed = chosen(way(digest="d2"), seen(), book(wa=tried(tries=3, recreations=2, parked=why)))

    assert (choice.move, choice.needs_a_person, choice.because) == (Move.WAIT, True, why)
    assert changed.move is Move.GO


def test_what_is_given_up_is_given_back_only_where_no_other_way_is_open() -> None:
    worn_out = book(wa=failed(DRIVER, recreations=2))

    alone = chosen(way(), seen(FAILED), worn_out)
    choice = chosen(ways(way(), way("wb", H100)), seen(FAILED), worn_out)

    assert (alone.move, choice.move, choice.option) == (Move.GIVE_BACK, Move.GO, Option(H100))


def test_a_node_that_never_becomes_ready_is_made_anew() -> None:
    observed = seen(pool(), nodes=[observed_node("wa", ready=False)])

    on_time = chosen(way(), observed, book(wa=tried(stood=ago(14))))
    late = chosen(way(), observed, book(wa=tried(stood=ago(16))))

    assert (on_time.move, on_time.stage, late.move) == (Move.GO, "ready", Move.ANEW)
    assert "Ready" in late.because


def test_nodes_of_which_some_are_ready_are_told_and_kept() -> None:
    observed = seen(pool(count=2), nodes=[observed_node("wa")])

    choice = chosen(way(nodes=2), observed, book(wa=tried(stood=ago(16))))

    assert choice.move is Move.GO
    assert choice.setback is not None


def test_nodes_without_gpus_are_told_and_never_made_anew() -> None:
    observed = seen(pool(), nodes=[observed_node("wa", gpus=0)])

    choice = chosen(way(), observed, book(wa=tried(stood=ago(900), joined=ago(900))))

    assert choice.move is Move.GO
    assert choice.setback is not None
    assert choice.setback.kind is Kind.PERMANENT


def test_spot_machines_that_never_come_are_left_for_another_way() -> None:
    asked = ways(way(spot=True), way("wb"))
    attempt = tried(stood=ago(16), option=Option(A100, SPOT))

    choice = chosen(asked, seen(pool()), book(wa=attempt))

    assert (choice.option, choice.move) == (Option(A100), Move.GO)
    assert "no spot node" in choice.passed_over[0]


def test_spot_machines_that_never_come_are_given_back_and_asked_for_when_that_is_all_there_is() -> None:
    attempt = tried(stood=ago(16), option=Option(A100, SPOT), tries=1, begun=ago(30))
    shut = refusal(terms=SPOT)
    taken_away = replace(attempt, stood="", recreations=1, begun=NOW)

    empty = chosen(way(spot=True), seen(pool()), book(shut, wa=attempt))
    gone = chosen(way(spot=True), seen(), book(shut, wa=taken_away))
    later_on = chosen(way(spot=True), seen(), book(wa=taken_away))

    assert (empty.move, gone.move, gone.until, later_on.move) == (Move.ANEW, Move.WAIT, shut.until, Move.GO)


@pytest.mark.parametrize(
    ("aks", "said"),
    [
        (AksStanding("Stopped", "Succeeded"), "stopped"),
        (AksStanding("Running", "Starting"), "starting"),
        (AksStanding("Running", "Upgrading"), "upgrading"),
    ],
)
def test_a_cluster_that_takes_no_changes_is_waited_for(aks: AksStanding, said: str) -> None:
    choice = chosen(way(), seen(FAILED, aks=aks), book(wa=failed(DRIVER)))

    assert choice.move is Move.WAIT
    assert said in choice.because
    assert not choice.needs_a_person


def test_a_pool_that_somebody_stopped_is_said_to_be_stopped() -> None:
    live = pool()
    stopped = replace(live, properties={**live.properties, "powerState": {"code": "Stopped"}})

    choice = chosen(ways(way(), way("wb")), seen(stopped))

    assert (choice.move, choice.needs_a_person) == (Move.WAIT, True)
    assert "wa is stopped" in choice.because


def test_a_pool_of_that_name_that_is_not_ours_is_left_alone() -> None:
    for stranger in (pool("Failed", owner=None), pool("Failed", fleet="another")):
        choice = chosen(way(), seen(stranger))
        assert (choice.move, choice.needs_a_person) == (Move.WAIT, True)


def test_a_pool_that_was_taken_away_is_made_anew_whatever_the_failure_before_it_asked_for() -> None:
    attempt = failed(DRIVER, SOON, recreations=1, begun=ago(5))

    deleting = chosen(way(), seen(pool("Deleting")), book(wa=attempt))
    gone = chosen(way(), seen(), book(wa=attempt))

    assert (deleting.move, deleting.needs_a_person, gone.move) == (Move.WAIT, False, Move.GO)


@pytest.mark.parametrize(("count", "option"), [(1, Option(A100, SPOT)), (0, Option(H100))])
def test_machines_that_were_taken_away_are_asked_for_again_when_it_is_time(
    count: int, option: Option
) -> None:
    asked = ways(way(spot=True, nodes=2), way("wb", H100))
    stood = tried(option=Option(A100, SPOT), stood=ago(900), joined=ago(900), equipped=ago(900))
    live = pool(count=count)

    on_time = chosen(asked, seen(live), book(wa=stood))
    resting = chosen(asked, seen(live), book(wa=replace(stood, again=SOON, error=NO_CAPACITY, failures=1)))

    assert (on_time.option, on_time.move) == (Option(A100, SPOT), Move.GO)
    assert resting.option == option


def test_an_unchanged_world_gives_an_equal_choice() -> None:
    observed = seen(pool(), nodes=[observed_node("wa")])

    first = chosen(way(), observed, Logbook())

    assert first == chosen(way(), observed, Logbook())
