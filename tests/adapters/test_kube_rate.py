"""How fast the Kubernetes door asks: the pace alone, by a clock that is told."""

from __future__ import annotations

import pytest

from reconciler.adapters.kube.rate import Rate
from reconciler.faults import Deposed, Throttled, Unreachable
from tests.adapters.kube_time import Time


def rate(time: Time) -> Rate:
    return Rate(30, time.clock)


def nothing() -> None:
    """Whoever asks may."""


def ask(rate: Rate, how_many: int) -> None:
    for _ in range(how_many):
        rate.wait(rate.turn(), nothing)
        rate.answered()


def refuse(rate: Rate, retry_after: float = 1) -> bool:
    turn = rate.turn()
    return rate.refused(turn, rate.wait(turn, nothing), retry_after)


def test_nothing_limits_us_until_the_server_does() -> None:
    time = Time()
    pace = rate(time)
    ask(pace, 1000)
    assert (time.now(), pace.pace, pace.waited) == (0, 0, 0)


def test_nobody_asks_before_retry_after_is_over() -> None:
    time = Time()
    pace = rate(time)
    assert refuse(pace, retry_after=7)
    ask(pace, 1)
    assert time.now() == 7


def test_a_refusal_that_does_not_say_how_long_is_one_second() -> None:
    time = Time()
    pace = rate(time)
    refuse(pace, retry_after=0)
    ask(pace, 1)
    assert time.now() == 1


def test_the_pace_falls_below_what_was_achieved_and_grows_until_nothing_limits_it() -> None:
    time = Time()
    pace = rate(time)
    for _ in range(100):
        ask(pace, 1)
        time.passes(0.01)
    refuse(pace)
    assert pace.pace == pytest.approx(70, abs=2)
    begun = pace.pace
    ask(pace, 100)
    assert begun + 8 < pace.pace < begun + 20
    ask(pace, 3000)
    assert pace.pace == 0


def test_refusals_of_what_was_sent_before_we_slowed_down_slow_us_down_once() -> None:
    time = Time()
    pace = rate(time)
    ask(pace, 100)
    turn = pace.turn()
    sent = [pace.wait(turn, nothing) for _ in range(8)]
    pace.refused(turn, sent[0], 1)
    first = pace.pace
    for each in sent[1:]:
        pace.refused(turn, each, 1)
    assert pace.pace == first
    refuse(pace)
    assert pace.pace == pytest.approx(first * 0.7)


def test_the_pace_never_falls_so_low_that_nothing_would_be_found_out() -> None:
    pace = rate(Time())
    for _ in range(40):
        refuse(pace)
    assert pace.pace == 5


def test_whoever_would_wait_too_long_is_told_at_once_and_how_long() -> None:
    time = Time()
    pace = rate(time)
    assert not refuse(pace, retry_after=60)
    with pytest.raises(Throttled) as caught:
        ask(pace, 1)
    assert (caught.value.retry_after, time.now()) == (60, 0)


def test_once_somebody_waited_in_vain_the_others_do_not_until_one_is_answered() -> None:
    time = Time()
    pace = rate(time)
    turn = pace.turn()
    while pace.refused(turn, pace.wait(turn, nothing), 1):
        pass
    assert time.now() == pytest.approx(30, abs=1)
    with pytest.raises(Throttled):
        ask(pace, 1)
    time.passes(1)
    assert not refuse(pace)
    time.passes(1)
    ask(pace, 1)
    assert refuse(pace)


def test_whoever_may_no_longer_write_does_not_wait() -> None:
    time = Time()
    pace = rate(time)
    refuse(pace, retry_after=20)
    asked: list[float] = []

    def fence() -> None:
        asked.append(time.now())
        if time.now() >= 3:
            raise Deposed("somebody else leads")

    with pytest.raises(Deposed):
        pace.wait(pace.turn(), fence)
    assert asked == [0, 1, 2, 3]


def test_whoever_waits_is_told_when_the_door_is_closed() -> None:
    time = Time()
    pace = rate(time)
    refuse(pace, retry_after=20)
    pace.stop()
    with pytest.raises(Unreachable, match="closed"):
        ask(pace, 1)
