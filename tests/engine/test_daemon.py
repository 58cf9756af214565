"""The loop: when it looks again, and when it ends."""

from __future__ import annotations

import threading

from reconciler.daemon import Answer, Ending, Rhythm, Trigger, keep_reconciling
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.faults import Deposed, Fault, Unreachable


def fast() -> Rhythm:
    return Rhythm(idle=0.01, busy=0.01)


def report(phase: Phase) -> Report:
    name = WorkspaceName("default", "phi")
    each = WorkspaceReport(name, phase, "", "", "c", "f", "m", "t", 1, (), "", Cost(None, "", ""))
    return Report("towline", "c", "s", {name: each})


class Passes:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.count = 0

    def run_pass(self) -> Report:
        self.count += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Fault | Deposed):
            raise answer
        return answer


def test_once_is_one_pass() -> None:
    passes = Passes(report(Phase.PENDING))

    run = keep_reconciling(passes, Trigger(), fast, Ending(passes=1), lambda _: None)

    assert passes.count == 1
    assert run.report == report(Phase.PENDING)


def test_until_settled_ends_when_nothing_is_awaited() -> None:
    passes = Passes(report(Phase.PENDING), report(Phase.PENDING), report(Phase.READY))

    run = keep_reconciling(passes, Trigger(), fast, Ending(settled=True), lambda _: None)

    assert passes.count == 3
    assert run.report is not None
    assert run.report.settled


def test_a_time_limit_ends_the_wait_for_the_next_pass() -> None:
    passes = Passes(report(Phase.READY))

    keep_reconciling(passes, Trigger(), Rhythm, Ending(seconds=0.01), lambda _: None)

    assert passes.count <= 2


def test_a_fault_is_told_and_the_loop_goes_on() -> None:
    passes = Passes(Unreachable("no answer"), report(Phase.READY))
    told: list[Answer] = []

    keep_reconciling(passes, Trigger(), fast, Ending(settled=True), told.append)

    assert [type(each).__name__ for each in told] == ["Unreachable", "Report"]


def test_a_fire_during_a_pass_is_not_lost_and_ten_are_one() -> None:
    trigger = Trigger()
    done = threading.Event()
    seen: list[int] = []

    class Firing(Passes):
        def run_pass(self) -> Report:
            answer = super().run_pass()
            seen.append(self.count)
            if self.count == 1:
                for _ in range(10):
                    trigger.fire()
            if self.count == 2:
                done.set()
            return answer

    passes = Firing(report(Phase.READY))
    thread = threading.Thread(
        target=keep_reconciling, args=(passes, trigger, lambda: Rhythm(60, 60), Ending(), lambda _: None)
    )
    thread.start()

    assert done.wait(10)
    trigger.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert seen == [1, 2]


def test_a_pass_that_only_stood_by_counts_as_none() -> None:
    passes = Passes(Deposed("other leads"), Deposed("other leads"), report(Phase.READY))
    told: list[Answer] = []

    run = keep_reconciling(passes, Trigger(), fast, Ending(passes=1, patience=60), told.append)

    assert [type(each).__name__ for each in told] == ["Deposed", "Deposed", "Report"]
    assert run.report == report(Phase.READY)
    assert run.standing_by is None


def test_who_has_stood_by_for_long_enough_ends_and_says_who_leads() -> None:
    passes = Passes(Deposed("other leads"))

    run = keep_reconciling(passes, Trigger(), Rhythm, Ending(passes=1, patience=0.01), lambda _: None)

    assert str(run.standing_by) == "other leads"
    assert (run.report, run.fault) == (None, None)
