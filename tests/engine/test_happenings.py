"""Kubernetes Events told at the end of a pass, and what hinders that."""

from __future__ import annotations

from reconciler.domain.event import Event
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase
from reconciler.domain.share import WHOLE, Share
from reconciler.faults import Conflict, Fault, Forbidden, Missing, Unreachable
from reconciler.planner.tell.events import Account
from reconciler.publishing import Happenings
from tests.builders import observed_state
from tests.fakes import FakeCluster
from tests.planner.accounts import account, workspace


class Deaf(FakeCluster):
    """Refuses Events; `whys` by what they are about, or of all."""

    def __init__(self, **whys: Fault) -> None:
        super().__init__()
        self.whys = whys

    def tell(self, event: Event) -> None:
        if fault := self.whys.get(event.regarding.name, self.whys.get("all")):
            raise fault
        super().tell(event)


def told(happenings: Happenings, cluster: FakeCluster, *phases: Phase) -> tuple[str, ...]:
    return happenings.tell(fleet(*phases), WHOLE, observed_state(), cluster)


def fleet(*phases: Phase) -> Account:
    names = (WorkspaceName("lab", f"w{number}") for number in range(len(phases)))
    return account(*(workspace(name, phase=phase) for name, phase in zip(names, phases, strict=True)))


def test_what_is_new_is_told_and_then_no_more() -> None:
    happenings, cluster = Happenings(), FakeCluster()
    ready = fleet(Phase.READY)
    told(happenings, cluster, Phase.PENDING)

    assert happenings.tell(ready, WHOLE, observed_state(), cluster) == ()
    assert happenings.tell(ready, WHOLE, observed_state(), cluster) == ()

    assert [each.reason for each in cluster.events] == ["Ready"]


def test_of_a_share_that_grows_only_what_is_new_is_told() -> None:
    happenings, cluster = Happenings(), FakeCluster()
    names = [WorkspaceName("lab", f"w{number}") for number in range(20)]
    ready = {name: workspace(name, phase=Phase.READY) for name in names}
    one, both = Share(frozenset({0}), 2), Share(frozenset({0, 1}), 2)
    theirs = next(name for name in names if not one.has(name))
    happenings.tell(account(*ready.values()), one, observed_state(), cluster)

    failed = {**ready, theirs: workspace(theirs, phase=Phase.FAILED)}
    happenings.tell(account(*failed.values()), one, observed_state(), cluster)
    assert cluster.events == []
    happenings.tell(account(*ready.values()), both, observed_state(), cluster)

    assert [(each.regarding.name, each.reason) for each in cluster.events] == [(theirs.name, "Ready")]


def test_one_event_that_cannot_be_written_does_not_keep_the_others() -> None:
    happenings = Happenings()
    cluster = Deaf(w0=Missing("no such namespace"), w1=Conflict("it is terminating"))

    assert told(happenings, cluster, Phase.FAILED, Phase.FAILED, Phase.FAILED) == ()
    assert [each.regarding.name for each in cluster.events] == ["w2"]


def test_a_right_that_is_lacking_is_a_problem_once_until_it_was_there() -> None:
    happenings, cluster = Happenings(), Deaf(all=Forbidden("towline may not create events"))

    first = told(happenings, cluster, Phase.FAILED)
    again = told(happenings, cluster, Phase.READY)
    cluster.whys = {}
    granted = told(happenings, cluster, Phase.FAILED)
    cluster.whys = {"all": Forbidden("towline may not create events")}
    taken = told(happenings, cluster, Phase.READY)

    problem = ("Events of workspaces cannot be written: towline may not create events",)
    assert (first, again, granted, taken) == (problem, (), (), problem)
    assert [each.reason for each in cluster.events] == ["Failed"]


def test_events_that_find_no_server_are_no_problem_of_the_pass() -> None:
    assert told(Happenings(), Deaf(all=Unreachable("no answer")), Phase.FAILED) == ()
