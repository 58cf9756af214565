"""What the kubelet is told of the loop."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from reconciler.daemon import Ending, Rhythm, Trigger, keep_reconciling
from reconciler.domain.report import Report
from reconciler.domain.tally import Tally
from reconciler.faults import Deposed, Unreachable
from reconciler.listen.stuck import standpoint
from tests.engine.outside import Outside, listened_to, of, report, workspace


@pytest.fixture
def outside() -> Iterator[Outside]:
    with listened_to() as asker:
        yield asker


@pytest.mark.parametrize(("interval", "patience"), [(30.0, 600), (300.0, 1500)])
def test_it_is_healthy_until_no_pass_ends_for_too_long(
    outside: Outside, interval: float, patience: int
) -> None:
    outside.passes(Unreachable("no answer"), interval=interval)
    outside.clock.now += patience
    assert outside.ask("/healthz")[0].status == 200
    outside.clock.now += 1

    answer, said = outside.ask("/healthz")

    assert answer.status == 503
    assert said == (
        f"no pass ended for {patience + 1} seconds, and nothing was done for {patience + 1}:"
        f" at most {patience} are expected\n"
    )


def test_a_loop_that_never_ended_a_pass_is_not_healthy_for_ever(outside: Outside) -> None:
    assert outside.ask("/healthz")[0].status == 200
    outside.clock.now += 601
    assert outside.ask("/healthz")[0].status == 503


def test_a_long_pass_that_goes_on_writing_is_healthy_and_one_that_only_reads_is_stuck(
    outside: Outside,
) -> None:
    outside.pulse.begin(30)
    for applied in range(10):
        outside.tallies = (written("patch", "services", applied),)
        outside.clock.now += 500
        assert outside.ask("/healthz")[0].status == 200

    for reads in range(2):
        more = (
            written("list", "pods", reads),
            written("update", "leases", reads),
            written("patch", "pods", reads, "429"),
        )
        outside.tallies = (*outside.tallies[:1], *more)
        outside.clock.now += 500

    assert outside.ask("/healthz")[0].status == 503


def written(verb: str, resource: str, count: float, code: str = "200") -> Tally:
    labels = (("verb", verb), ("resource", resource), ("code", code))
    return Tally("towline_kubernetes_requests", "Requests.", labels, count)


def test_who_stands_by_is_healthy_and_ready_for_as_long_as_that_lasts(outside: Outside) -> None:
    for _ in range(3):
        outside.pulse.stand_by("other-pod leads")
        outside.clock.now += 599
        for path in ("/healthz", "/readyz"):
            answer, said = outside.ask(path)
            assert (answer.status, said) == (200, "standing by: other-pod leads\n")
    outside.clock.now += 2

    assert outside.ask("/healthz")[0].status == 503


def test_who_led_no_longer_stands_by(outside: Outside) -> None:
    outside.passes(Deposed("other-pod leads"))
    assert outside.ask("/readyz")[1] == "standing by: other-pod leads\n"
    outside.passes(report())

    assert outside.ask("/readyz")[1] == "a pass came through\n"
    assert outside.ask("/healthz")[1] == "the loop turns\n"


def test_it_is_ready_once_a_pass_came_through(outside: Outside) -> None:
    outside.passes(Unreachable("no answer"))
    answer, said = outside.ask("/readyz")
    assert (answer.status, said) == (503, "no pass came through yet\n")

    outside.passes(report(), Unreachable("no answer"))

    assert outside.ask("/readyz")[0].status == 200


def test_a_real_loop_is_felt(outside: Outside) -> None:
    class Passes:
        def run_pass(self) -> Report:
            outside.pulse.begin(30)
            return report(workspace())

    keep_reconciling(Passes(), Trigger(), Rhythm, Ending(settled=True), outside.pulse.end)

    assert of(outside.scrape(), "towline_passes_total", result="ok") == 1


def test_a_pass_that_hangs_for_ever_is_unhealthy_and_the_log_says_once_where_it_stands(
    outside: Outside,
) -> None:
    begun, released = threading.Event(), threading.Event()

    class Hanging:
        def run_pass(self) -> Report:
            outside.pulse.begin(30)
            begun.set()
            released.wait()
            return report()

    words = (Hanging(), Trigger(), Rhythm, Ending(passes=1), outside.pulse.end)
    loop = threading.Thread(target=keep_reconciling, args=words, daemon=True)
    loop.start()
    assert begun.wait(30)
    outside.clock.now += 601

    with capture_logs() as log:
        statuses = [outside.ask("/healthz")[0].status for _ in range(3)]
    released.set()
    loop.join(30)

    assert statuses == [503, 503, 503]
    (line,) = log
    assert (line["event"], line["log_level"]) == ("stuck", "error")
    assert re.search(r"daemon\.py:\d+ keep_reconciling > daemon\.py:\d+ _one_pass > .* wait$", line["at"])
    assert outside.ask("/healthz")[0].status == 200


def test_of_a_thread_that_is_no_more_nothing_can_be_said() -> None:
    assert standpoint(0) == ""
