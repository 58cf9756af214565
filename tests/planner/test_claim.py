"""What a lease that was seen allows: by one's own clock, never by its holder's."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.lease import Candidate, Lease, Sighting
from reconciler.planner.lead.claim import claimed, free_from, released, sighted

ME = Candidate("me_1", ("towline-demo",))
THEN, NOW = "1999-01-01T00:00:00.000000Z", "2026-11-22T12:00:00.000000Z"
THEIRS = Lease("towline-demo", "other_1", 15, THEN, THEN, 3, "7")


def test_a_lease_is_as_old_as_it_was_seen_unchanged_whatever_its_holders_clock_says() -> None:
    first = sighted(None, THEIRS, 100.0)
    assert first.since == 100.0
    assert sighted(first, THEIRS, 114.0) == first
    assert free_from(first, "me_1") == 115.0
    renewed = replace(THEIRS, renewed="1980-01-01T00:00:00.000000Z", resource_version="8")
    assert sighted(first, renewed, 114.0) == Sighting(renewed, 114.0)


def test_a_holder_is_believed_for_as_long_as_its_lease_says() -> None:
    assert free_from(Sighting(replace(THEIRS, seconds=60), 100.0), "me_1") == 160.0


def test_what_nobody_holds_or_we_do_is_free_at_once() -> None:
    for lease in (None, replace(THEIRS, holder=""), replace(THEIRS, holder="me_1")):
        assert free_from(Sighting(lease, 100.0), "me_1") == 100.0


def test_a_claim_counts_one_more_holder_and_is_guarded_by_what_was_seen() -> None:
    assert claimed(THEIRS, "towline-demo", ME, NOW) == Lease("towline-demo", "me_1", 15, NOW, NOW, 4, "7")
    assert claimed(None, "towline-demo", ME, NOW) == Lease("towline-demo", "me_1", 15, NOW, NOW)


def test_a_renewal_says_only_that_we_are_alive() -> None:
    ours = Lease("towline-demo", "me_1", 15, THEN, THEN, 4, "8")
    assert claimed(ours, "towline-demo", ME, NOW) == replace(ours, renewed=NOW)


def test_who_lets_go_leaves_nobody_behind() -> None:
    assert released(THEIRS, NOW) == Lease("towline-demo", "", 1, NOW, NOW, 3, "7")
