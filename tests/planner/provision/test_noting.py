"""A look adds to the logbook what is new, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import AksStanding, CapacityType, CloudError, Option
from reconciler.domain.config import Config
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Attempt, Logbook, Meter, Refusal
from reconciler.domain.moment import later, seconds_between
from reconciler.domain.provisioning import Kind
from reconciler.domain.state import (
    DesiredState,
    DesiredWorkspace,
    ObservedObject,
    ObservedPool,
    ObservedState,
)
from reconciler.planner.provision.logbook_object import logbook_object, read_logbook
from reconciler.planner.provision.noting import note
from reconciler.planner.provision.setbacks import understand
from tests.builders import (
    A100,
    NAME,
    NOW,
    config,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_node,
    observed_object,
    observed_pool,
)

PRICE = 3.673
SPOT = Option(A100, CapacityType.SPOT)
FULL = CloudError(200, ("AllocationFailed",), "Allocation failed. We do not have sufficient capacity.")
HOUR = 3600
PHI = replace(desired_workspace(pool=desired_pool()), option=Option(A100))
SPOT_PHI = replace(desired_workspace(pool=desired_pool("wspot")), option=SPOT)
MADE = Attempt(NAME, Option(A100), "d1", NOW, 1)


def seen(*pools: ObservedPool, nodes: tuple[ObservedObject, ...] = ()) -> ObservedState:
    return ObservedState({}, {}, nodes, {each.name: each for each in pools})


def at(
    seconds: float,
    logbook: Logbook,
    observed: ObservedState,
    workspace: DesiredWorkspace = PHI,
    cfg: Config | None = None,
) -> Logbook:
    """The logbook after a look so many seconds after noon; a second look must teach nothing more."""
    here = ground(cfg or config(NAME), NAME, now=later(NOW, seconds))
    after = note(logbook, desired_state(workspace), observed, here)
    assert note(after, desired_state(workspace), observed, here) is after
    return after


def booked(attempt: Attempt = MADE, name: str = "wabc", **more: Any) -> Logbook:
    return Logbook(attempts={name: attempt}, **more)


def test_a_pool_is_followed_until_its_nodes_have_their_gpus() -> None:
    pool = observed_pool()
    nodes = (observed_node("wabc", 0, ready=False),), (observed_node("wabc", 0),), (observed_node("wabc"),)

    book = at(10, booked(), seen(observed_pool(state="Creating")))
    assert book.attempts["wabc"] == MADE
    stood = at(20, book, seen(pool, nodes=nodes[0])).attempts["wabc"]
    assert (stood.stood, stood.joined, stood.equipped) == (later(NOW, 20), "", "")
    joined = at(30, booked(stood), seen(pool, nodes=nodes[1])).attempts["wabc"]
    assert (joined.stood, joined.joined, joined.equipped) == (later(NOW, 20), later(NOW, 30), "")
    equipped = at(40, booked(joined), seen(pool, nodes=nodes[2])).attempts["wabc"]
    assert (equipped.joined, equipped.equipped) == (later(NOW, 30), later(NOW, 40))


def test_joined_means_as_many_nodes_as_are_asked_for() -> None:
    two = replace(PHI, pool=desired_pool(count=2))
    pool = observed_pool(count=2)
    other = observed_object({**observed_node("wabc").document, "metadata": named("b")})

    one_node = at(20, booked(), seen(pool, nodes=(observed_node("wabc"),)), two)
    both = at(20, booked(), seen(pool, nodes=(observed_node("wabc"), other)), two)

    assert one_node.attempts["wabc"].joined == ""
    assert both.attempts["wabc"].joined == later(NOW, 20)


def named(name: str, pool: str = "wabc") -> dict[str, Any]:
    return {"name": name, "labels": {"kubernetes.azure.com/agentpool": pool}}


def test_a_machine_without_gpus_is_equipped_when_it_has_joined() -> None:
    plain = replace(PHI, gpus_per_node=0)

    after = at(20, booked(), seen(observed_pool(), nodes=(observed_node("wabc", 0),)), plain)

    assert after.attempts["wabc"].equipped == later(NOW, 20)


STANDING = replace(MADE, stood=NOW, joined=NOW, equipped=NOW)


def test_neither_an_update_nor_a_lost_node_nor_an_eviction_takes_back_what_was_reached() -> None:
    book = at(5, booked(STANDING), seen(observed_pool(), nodes=(observed_node("wabc"),)))

    for pool in (observed_pool(state="Updating"), observed_pool(), observed_pool(count=0)):
        assert replace(at(60, book, seen(pool)).attempts["wabc"], lost="") == STANDING


def test_nodes_that_left_are_lost_from_the_first_look_without_them_until_they_are_back() -> None:
    there = seen(observed_pool(), nodes=(observed_node("wabc"),))
    asleep = replace(seen(observed_pool()), aks=AksStanding("Running", "Starting"))
    book = at(5, booked(STANDING), there)

    gone = at(60, book, seen(observed_pool()))
    longer = at(120, gone, seen(observed_pool()))

    assert gone.attempts["wabc"].lost == later(NOW, 60)
    assert longer is gone
    assert at(180, gone, there).attempts["wabc"].lost == ""
    assert at(60, book, asleep).attempts["wabc"].lost == ""
    assert at(60, book, seen(observed_pool(count=0))).attempts["wabc"].lost == ""


def test_pools_of_what_was_removed_are_timed_until_azure_is_done_with_them() -> None:
    nobody, stands = DesiredState({}, {}), ground(config(), NAME)
    making = seen(observed_pool(state="Creating"))

    first = note(Logbook(), nobody, making, stands)
    second = note(first, nobody, making, replace(stands, now=later(NOW, 600)))
    ended = note(second, nobody, seen(observed_pool(state="Canceled")), replace(stands, now=later(NOW, 900)))

    assert first.leaving == {"wabc": NOW}
    assert second.leaving == first.leaving
    assert ended.leaving == {"wabc": later(NOW, 900)}
    assert note(ended, nobody, seen(), stands).leaving == {}


def test_what_was_reached_goes_with_the_pool_and_the_counts_stay() -> None:
    after = at(60, booked(replace(STANDING, tries=3, recreations=1)), seen())

    assert after.attempts["wabc"] == replace(MADE, tries=3, recreations=1)


def test_a_failure_is_written_down_once_however_often_it_is_seen() -> None:
    failed = seen(observed_pool(state="Failed", error=FULL))

    first = at(60, booked(replace(MADE, correlation="c0ffee")), failed)
    second = at(120, first, failed)

    attempt = first.attempts["wabc"]
    assert (attempt.failed, attempt.failures) == (later(NOW, 60), 1)
    assert attempt.error == replace(FULL, correlation="c0ffee")
    assert seconds_between(later(NOW, 60), attempt.again) == understand(FULL).rest
    assert second.attempts == first.attempts
    assert second.refusals == first.refusals


def test_a_message_too_long_to_keep_is_known_again() -> None:
    long = replace(FULL, message="no room " * 1000)
    failed = seen(observed_pool(state="Failed", error=long))

    first = at(60, booked(), failed)
    again = read_logbook([observed_object(logbook_object(first, "towline").document)])

    assert len(first.attempts["wabc"].error.message) == 1000  # type: ignore[union-attr]
    assert again == first
    assert at(90, again, failed).attempts["wabc"].failures == 1


def test_the_next_request_that_fails_alike_is_another_failure_and_rests_twice_as_long() -> None:
    failed = seen(observed_pool(state="Failed", error=FULL))
    once = at(60, booked(), failed)
    asked_again = replace(once.attempts["wabc"], begun=later(NOW, 2 * HOUR), tries=2)

    twice = at(2 * HOUR + 60, booked(asked_again, refusals=once.refusals), failed).attempts["wabc"]

    assert twice.failures == 2
    assert seconds_between(later(NOW, 2 * HOUR + 60), twice.again) == 2 * understand(FULL).rest


@pytest.mark.parametrize(
    ("error", "longest"),
    [
        (CloudError(503, ("ServiceUnavailable",), "busy"), 15 * 60),
        (FULL, 6 * HOUR),
        (CloudError(400, ("ErrCode_InsufficientVCPUQuota",), "requested 24, remaining 0"), HOUR),
    ],
)
def test_rests_have_an_end(error: CloudError, longest: float) -> None:
    often = replace(MADE, failures=1000)

    again = at(0, booked(often), seen(observed_pool(state="Failed", error=error))).attempts["wabc"].again

    assert seconds_between(NOW, again) == longest


def test_what_azure_says_anew_is_news_unless_a_request_was_answered_since() -> None:
    other = CloudError(200, ("VMExtensionProvisioningError",), "vmssCSE exit 84")
    failed = replace(MADE, failed=later(NOW, 60), failures=1, error=FULL)
    refused = replace(failed, error=CloudError(403, ("AuthorizationFailed",), "no role"))
    seen_now = seen(observed_pool(state="Failed", error=other))

    assert at(90, booked(failed), seen_now).attempts["wabc"].failures == 2
    assert at(90, booked(refused), seen_now).attempts["wabc"] == refused


def test_a_pool_that_ends_badly_without_a_word_is_a_failure_too() -> None:
    aborted = replace(MADE, aborted=later(NOW, 50))

    failed = at(60, booked(), seen(observed_pool(state="Failed"))).attempts["wabc"]
    canceled = at(60, booked(aborted), seen(observed_pool(state="Canceled"))).attempts["wabc"]

    assert failed.error is not None
    assert "no reason" in failed.error.message
    assert canceled.error is not None
    assert "took too long" in canceled.error.message


def test_a_pool_that_was_about_to_go_and_is_not_going_has_not_failed_again() -> None:
    failed = replace(MADE, failed=later(NOW, 60), failures=1, error=FULL)
    going = replace(failed, begun=later(NOW, 90), recreations=1, asked="replace")

    after = at(120, booked(going), seen(observed_pool(state="Failed", error=FULL))).attempts["wabc"]
    gone_on = at(120, booked(going), seen(observed_pool(state="Deleting"))).attempts["wabc"]

    assert (after.failures, after.recreations, after.begun, after.asked) == (1, 1, failed.failed, "")
    assert gone_on == going


@pytest.mark.parametrize("state", ["Creating", "Scaling", "Deleting"])
def test_a_pool_that_was_about_to_be_stopped_and_goes_on_was_not_stopped(state: str) -> None:
    stopping = replace(MADE, aborted=later(NOW, 90), asked="abort")

    after = at(120, booked(stopping), seen(observed_pool(state=state))).attempts["wabc"]
    stopped = at(120, booked(stopping), seen(observed_pool(state="Canceling"))).attempts["wabc"]

    assert (after.aborted, after.asked) == ("", "")
    assert stopped.aborted == later(NOW, 90)


def test_nodes_that_are_ready_end_a_run_of_failures() -> None:
    troubled = replace(STANDING, failures=3, failed=NOW, again=later(NOW, HOUR), error=FULL, tries=4)

    not_yet = at(60, booked(troubled), seen(observed_pool()))
    mended = at(60, booked(troubled), seen(observed_pool(), nodes=(observed_node("wabc"),)))

    assert replace(not_yet.attempts["wabc"], lost="") == troubled
    assert mended.attempts["wabc"] == replace(troubled, failures=0, error=None, again="")


def test_a_changed_workspace_is_tried_anew_and_goes_on_costing() -> None:
    seen_now = seen(observed_pool())
    book = at(60, booked(replace(MADE, tries=12)), seen_now)

    after = at(90, book, seen_now, replace(PHI, digest="d2"))

    assert after.attempts["wabc"] == Attempt(NAME, Option(A100), "d2", stood=later(NOW, 90))
    assert after.meters == book.meters


def test_attempts_of_workspaces_that_are_gone_are_dropped_and_those_of_held_ones_kept() -> None:
    nobody = DesiredState({}, {})
    held = DesiredState({}, {NAME: ()})
    unread = config(unread=("workspaces/phi.yaml",))

    assert note(booked(), nobody, seen(), ground(config())).attempts == {}
    assert note(booked(), held, seen(), ground()).attempts == {"wabc": MADE}
    assert note(booked(), nobody, seen(), ground(unread)).attempts == {"wabc": MADE}


def test_an_attempt_of_a_way_that_is_no_longer_accepted_is_dropped_when_its_pool_is_gone() -> None:
    former = Logbook(attempts={"wabc": MADE, "wspot": replace(MADE, option=SPOT)})

    assert set(at(0, former, seen(observed_pool("wspot"))).attempts) == {"wabc", "wspot"}
    assert set(at(0, former, seen()).attempts) == {"wabc"}
    assert set(at(0, former, seen(), replace(PHI, alternatives=(SPOT_PHI,))).attempts) == {"wabc", "wspot"}


def test_spot_machines_that_stay_away_are_not_asked_for_again_for_a_while() -> None:
    both = replace(PHI, alternatives=(SPOT_PHI,))
    stood = replace(MADE, option=SPOT, stood=NOW)
    pool = seen(observed_pool("wspot"))

    in_time = at(15 * 60, booked(stood, "wspot"), pool, both)
    late = at(15 * 60 + 1, booked(stood, "wspot"), pool, both)

    assert in_time.refusals == ()
    assert [(each.subject, each.capacity_type) for each in late.refusals] == [(A100, CapacityType.SPOT)]
    assert late.refusals[0].until > later(NOW, 1800)
    on_demand = at(HOUR, booked(replace(MADE, stood=NOW)), seen(observed_pool()))
    assert on_demand.refusals == ()


def test_a_lack_of_machines_met_again_is_remembered_for_twice_as_long() -> None:
    failed = seen(observed_pool(state="Failed", error=FULL))
    once = at(0, booked(), failed)
    span = seconds_between(NOW, once.refusals[0].until)
    asked = replace(once.attempts["wabc"], begun=later(NOW, span))

    meanwhile = at(60, booked(replace(asked, begun=later(NOW, 60)), refusals=once.refusals), failed)
    after = at(span + 1, booked(asked, refusals=once.refusals), failed)

    assert understand(FULL).kind is Kind.CAPACITY
    assert [seconds_between(later(NOW, 60), each.until) for each in meanwhile.refusals] == [span]
    assert [seconds_between(later(NOW, span + 1), each.until) for each in after.refusals] == [2 * span]


def test_refusals_go_only_when_something_else_has_changed() -> None:
    book = at(0, booked(), seen(observed_pool(state="Failed", error=FULL)))
    gone = at(10, book, seen())
    over = later(gone.refusals[0].until, 10 * HOUR)
    seconds = seconds_between(NOW, over)

    assert at(seconds, gone, seen()) is gone
    assert at(seconds, gone, seen(observed_pool())).refusals == ()


def test_a_meter_runs_from_when_the_pool_was_made_until_it_is_gone() -> None:
    creating = observed_pool(state="Creating", created=later(NOW, -60))

    book = at(0, Logbook(), seen(creating))
    assert book.meters == {"wabc": Meter(NAME, A100, 1, PRICE, later(NOW, -60))}
    deleting = at(HOUR, book, seen(observed_pool(state="Deleting")))
    assert deleting.meters == book.meters
    gone = at(2 * HOUR - 60, deleting, seen())
    assert gone.meters == {}
    assert gone.accounts[NAME].dollars == pytest.approx(2 * PRICE)
    assert (gone.accounts[NAME].since, gone.accounts[NAME].until) == (
        later(NOW, -60),
        later(NOW, 2 * HOUR - 60),
    )


@pytest.mark.parametrize("created", ["", "yesterday", later(NOW, HOUR), "2026-11-22T11:00:00+01:00"])
def test_a_pool_that_does_not_say_since_when_costs_from_now_on(created: str) -> None:
    assert at(0, Logbook(), seen(observed_pool(created=created))).meters["wabc"].since == NOW


def test_another_count_is_another_meter_and_the_dollars_are_kept() -> None:
    one = at(0, Logbook(), seen(observed_pool()))

    three = at(HOUR, one, seen(observed_pool(count=3, created=later(NOW, -HOUR))))

    assert three.meters == {"wabc": Meter(NAME, A100, 3, 3 * PRICE, later(NOW, HOUR))}
    assert three.accounts[NAME].dollars == pytest.approx(PRICE)


def test_what_is_stopped_or_evicted_costs_nothing_until_it_is_back() -> None:
    book = at(0, Logbook(), seen(observed_pool()))
    stopped = observed_pool(created=NOW)
    stopped = replace(stopped, properties={**stopped.properties, "powerState": {"code": "Stopped"}})

    for away in (stopped, observed_pool(count=0, created=NOW)):
        resting = at(HOUR, book, seen(away))
        back = at(3 * HOUR, resting, seen(observed_pool(created=NOW)))
        gone = at(4 * HOUR, back, seen())

        assert gone.accounts[NAME].dollars == pytest.approx(2 * PRICE)


def test_a_cluster_that_was_stopped_costs_nothing_and_loses_no_node() -> None:
    book = at(0, booked(STANDING), seen(observed_pool(), nodes=(observed_node("wabc"),)))
    asleep = replace(seen(observed_pool()), aks=AksStanding("Stopped", "Succeeded"))

    night = at(HOUR, book, asleep)
    morning = at(9 * HOUR, night, seen(observed_pool()))

    assert (night.meters["wabc"].count, night.attempts) == (0, book.attempts)
    assert at(10 * HOUR, morning, seen()).accounts[NAME].dollars == pytest.approx(2 * PRICE)


def test_spot_is_counted_by_its_bound_and_an_unknown_price_is_said_to_be() -> None:
    spot = observed_pool("wspot")
    spot = replace(spot, properties={**spot.properties, "scaleSetPriority": "Spot"})
    unknown = observed_pool("wnew", size="Standard_ND_of_tomorrow")

    book = at(0, Logbook(), seen(spot, unknown))
    gone = at(HOUR, book, seen())

    assert book.meters["wspot"].at_most
    assert book.meters["wnew"].dollars_per_hour is None
    account = gone.accounts[NAME]
    assert (account.at_most, account.is_partial) == (True, True)
    assert account.dollars == pytest.approx(PRICE)


def test_another_fleets_pool_is_none_of_ours() -> None:
    theirs, nobodys = observed_pool(fleet="staging"), observed_pool("wxyz", fleet="", owner=None)

    assert at(0, Logbook(), seen(theirs, nobodys)) == Logbook()


def test_nothing_is_learnt_while_the_cloud_cannot_be_seen() -> None:
    blind = replace(seen(), pools=None)
    book = booked(STANDING, meters={"wabc": Meter(NAME, A100, 1, PRICE, NOW)}, orphans={"wold": NOW})

    assert at(HOUR, book, blind) is book


OLD = WorkspaceName("default", "old")


def test_a_pool_nobody_asks_for_is_written_down_until_it_is_gone_or_asked_for() -> None:
    orphan = seen(observed_pool("wold", owner=OLD))
    declared_again = config(NAME, OLD)

    book = at(0, Logbook(), orphan)

    assert book.orphans == {"wold": NOW}
    assert at(60, book, orphan).orphans == {"wold": NOW}
    assert at(60, book, orphan, cfg=declared_again).orphans == {}
    assert at(60, book, seen()).orphans == {}


def test_a_pool_of_a_workspace_that_still_holds_something_or_cannot_be_read_is_no_orphan() -> None:
    orphan = seen(observed_pool("wold", owner=OLD))
    asked = desired_state(PHI)

    assert note(Logbook(), asked, orphan, ground(config(NAME), OLD)).orphans == {}
    assert note(Logbook(), asked, orphan, ground(config(NAME, unread=("x.yaml",)))).orphans == {}
    assert note(Logbook(), DesiredState({}, {OLD: ()}), orphan, ground(config(NAME))).orphans == {}


def test_who_is_gone_for_good_is_added_up_with_all_who_are() -> None:
    spent = {NAME: Account(1.0, NOW), OLD: Account(2.0, NOW), WorkspaceName("", ""): Account(4.0, NOW)}

    after = at(0, Logbook(accounts=spent), seen())

    assert {name: each.dollars for name, each in after.accounts.items()} == {
        NAME: 1.0,
        WorkspaceName("", ""): 6.0,
    }
    unread = config(NAME, unread=("x.yaml",))
    assert at(0, Logbook(accounts=spent), seen(), cfg=unread).accounts == spent


def test_a_refusal_of_the_same_takes_the_place_of_the_earlier() -> None:
    failed = seen(observed_pool(state="Failed", error=FULL))
    old = at(0, booked(), failed).refusals[0]
    other = replace(old, zone="2")
    known: tuple[Refusal, ...] = (replace(old, subject=old.subject.upper()), other)

    after = at(60, booked(refusals=known), failed).refusals

    assert len(after) == 2
    assert other in after
