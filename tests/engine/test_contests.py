"""A fight is noticed after a few turns, stops, and is named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.contests import Contests
from reconciler.domain.identity import Ref
from reconciler.domain.plan import Action, Claim, Outcome, Step
from reconciler.domain.state import DesiredObject
from reconciler.faults import Unreachable
from tests.builders import NAME, NOW, desired_object, stateful_set

HOUR = 3600.0
REPLICAS = "spec.replicas"
KEDA = Claim(REPLICAS, "keda-operator")


class World:
    """Time, and who owns the replicas."""

    def __init__(self, *managers: str) -> None:
        self.seconds = 0.0
        self.managers = managers
        self.contests = Contests(lambda: NOW, lambda: self.seconds)

    def owners(self, ref: Ref, fields: Iterable[str]) -> tuple[str, ...]:
        return self.managers if REPLICAS in fields else ()

    def due(self, *steps: Step) -> tuple[Step, ...]:
        return self.contests.due(steps, self.owners)

    def turn(self, step: Step) -> bool:
        """Whether anything was done, and learnt."""
        due = self.due(step)
        self.contests.learn(Outcome(each, done=True, uid="u") for each in due)
        return bool(due)

    def left(self) -> list[tuple[Claim, ...]]:
        return [outcome.claims for outcome in self.contests.told()]


def correction(*fields: str, action: Action = Action.UPDATE, **spec: Any) -> Step:
    desired = desired_object(stateful_set(**spec))
    return Step(action, desired.ref, NAME, "it differs", desired, fields or (REPLICAS,), "uid-1")


def spec_of(step: Step) -> dict[str, Any]:
    assert isinstance(step.desired, DesiredObject)
    spec: dict[str, Any] = step.desired.document["spec"]
    return spec


def test_the_fourth_round_is_not_fought_but_given_up() -> None:
    world = World("keda-operator", "kubectl-scale")
    assert [world.turn(correction()) for _ in range(3)] == [True, True, True]
    assert world.left() == []

    (giving_up,) = world.due(correction())

    assert giving_up.fields == ()
    assert "replicas" not in spec_of(giving_up)
    assert spec_of(giving_up)["template"] == stateful_set()["spec"]["template"]
    assert giving_up.desired is not None
    assert giving_up.desired.digest == desired_object(stateful_set()).digest
    assert world.left() == [(Claim(REPLICAS, "keda-operator", fought=True),)]


def test_what_was_given_up_is_not_written_again() -> None:
    world = World("keda-operator")

    assert [world.turn(correction()) for _ in range(8)] == [True] * 4 + [False] * 4


def test_what_could_not_be_given_up_is_tried_again() -> None:
    world = World("keda-operator")
    for _ in range(3):
        world.turn(correction())
    first = world.due(correction())
    world.contests.learn([Outcome(first[0], done=False, message="no answer", transient=True)])

    assert world.due(correction()) == first


def test_rounds_far_apart_are_no_fight() -> None:
    world = World("keda-operator")
    for _ in range(6):
        assert world.due(correction()) == (correction(),)
        world.turn(correction())
        world.seconds += 301


def test_rounds_for_another_wish_do_not_count() -> None:
    world = World("keda-operator")
    world.turn(correction())
    world.turn(correction())
    for image in ("i2", "i3"):
        assert world.due(correction(image=image)) == (correction(image=image),)
        world.turn(correction(image=image))
    assert world.left() == []


def test_what_another_controller_holds_is_left_at_once() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])

    assert world.due(correction()) == ()
    (told,) = world.contests.told()
    assert (told.done, told.claims, told.until) == (True, (KEDA,), "2026-11-22T13:00:00Z")
    assert (told.step.action, told.step.target, told.step.workspace) == (
        Action.KEEP,
        correction().target,
        NAME,
    )


def test_all_the_rest_goes_on_being_corrected() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])

    (step,) = world.due(correction(REPLICAS, "spec.template.spec.containers[phi].image"))

    assert step.fields == ("spec.template.spec.containers[phi].image",)
    assert "replicas" not in spec_of(step)


def test_what_a_webhook_changes_is_left_but_still_asked_for() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(Claim(REPLICAS),))])

    assert world.due(correction()) == ()
    (step,) = world.due(correction(REPLICAS, "spec.serviceName"))
    assert spec_of(step)["replicas"] == 1


def test_a_changed_wish_ends_it() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])
    changed = correction(REPLICAS, "spec.template.spec.containers[phi].image", image="new")

    assert world.due(changed) == (changed,)
    world.turn(changed)
    assert world.left() == []


def test_it_is_tried_again_after_an_hour_and_left_for_twice_as_long() -> None:
    world = World()
    told = Outcome(correction(), done=True, claims=(KEDA,))
    world.contests.learn([told])
    world.seconds = HOUR
    assert world.left() == []
    assert world.due(correction()) == (correction(),)
    world.contests.learn([told])

    world.seconds += 2 * HOUR - 1
    assert world.due(correction()) == ()
    world.seconds += 2
    assert world.due(correction()) == (correction(),)


def test_it_is_never_left_for_longer_than_a_day() -> None:
    world = World()
    for hours in (1, 2, 4, 8, 16, 24, 24, 24):
        world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])
        world.seconds += hours * HOUR - 1
        assert world.due(correction()) == ()
        world.seconds += 1
        assert world.due(correction()) == (correction(),)


def test_a_contest_long_over_is_forgotten() -> None:
    world = World()
    told = Outcome(correction(), done=True, claims=(KEDA,))
    world.contests.learn([told])
    world.seconds = 3 * HOUR
    world.due()
    world.contests.learn([told])
    world.seconds += HOUR

    assert world.due(correction()) == (correction(),)


def test_an_object_made_anew_is_nobodys_yet() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])
    world.turn(correction(action=Action.CREATE))

    assert world.left() == []
    assert world.due(correction()) == (correction(),)


def test_what_is_removed_is_forgotten() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])
    gone = Step(Action.PRUNE, correction().target, NAME, "removed", uid="uid-1")

    assert world.turn(gone)
    assert world.left() == []


def test_nothing_is_made_anew_for_a_field_that_is_never_as_asked() -> None:
    world = World()
    fixed = correction("spec.serviceName", action=Action.REPLACE)
    rounds = [world.turn(fixed) for _ in range(6)]

    assert rounds == [True, True, True, False, False, False]
    assert world.left() == [(Claim("spec.serviceName", fought=True),)]
    other = correction("spec.serviceName", "spec.podManagementPolicy", action=Action.REPLACE)
    assert world.due(other) == (other,)


def test_what_came_out_of_its_making_otherwise_is_told_and_never_made_anew() -> None:
    world = World()
    kept = correction("spec.template.spec.tolerations", action=Action.KEEP)
    for _ in range(3):
        assert world.due(kept) == (kept,)
        world.seconds += 24 * HOUR
    (told,) = world.contests.told()

    assert (told.claims, told.until, told.is_left) == ((Claim("spec.template.spec.tolerations"),), "", True)
    world.due()
    assert world.left() == []


def test_where_nobody_can_be_asked_it_is_corrected_once_more() -> None:
    world = World("keda-operator")
    for _ in range(3):
        world.turn(correction())

    def blind(ref: Ref, fields: Iterable[str]) -> tuple[str, ...]:
        raise Unreachable("no answer")

    assert world.contests.due([correction()], blind) == (correction(),)
    assert world.left() == []


def test_a_second_field_is_left_beside_the_first() -> None:
    world = World()
    world.contests.learn([Outcome(correction(), done=True, claims=(KEDA,))])
    hooked = Claim("spec.template.spec.priority")
    world.contests.learn([Outcome(correction(), done=True, claims=(hooked,))])

    assert world.left() == [(KEDA, hooked)]
