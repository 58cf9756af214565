"""What is asked of Azure is counted before it is asked, and what it answers is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import CapacityType, CloudError, Option
from reconciler.domain.identity import PoolRef, Ref
from reconciler.domain.logbook import Attempt, Logbook
from reconciler.domain.moment import later, seconds_between
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.provisioning import Kind
from reconciler.domain.state import DesiredPool
from reconciler.planner.provision.learning import begun, learned
from reconciler.planner.provision.noting import note
from reconciler.planner.provision.setbacks import understand
from tests.builders import (
    A100,
    NAME,
    NOW,
    canonical,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_pool,
    observed_state,
)

OPTION = Option(A100, CapacityType.ON_DEMAND, "1")
DESIRED = desired_state(replace(desired_workspace(pool=desired_pool()), option=OPTION))
GROUND = ground()
EMPTY = Logbook()
FULL = CloudError(409, ("AllocationFailed",), "no capacity", "id-of-the-answer")
BUSY = CloudError(
    409,
    ("OperationNotAllowed",),
    "Operation is not allowed because there's an in progress create node pool operation",
)
CREATE = Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there", desired_pool())
AGAIN = Step(Action.UPDATE, PoolRef("wabc"), NAME, "tried again", desired_pool())
ANEW = Step(Action.REPLACE, PoolRef("wabc"), NAME, "made anew", desired_pool())
ABORT = Step(Action.ABORT, PoolRef("wabc"), NAME, "it takes too long", desired_pool())
COUNT = replace(AGAIN, fields=("count",))
LABELS = replace(AGAIN, fields=("nodeLabels",))
PRUNE = Step(Action.PRUNE, PoolRef("wabc"), NAME, "another pool took its place")
STOOD = Attempt(NAME, OPTION, "d1", later(NOW, -90), 1, stood=later(NOW, -60), joined=later(NOW, -30))
FAILED = replace(STOOD, failures=1, failed=later(NOW, -20), again=NOW, error=FULL, correlation="before")


def counted(step: Step, before: Attempt | None = None) -> Attempt:
    """The attempt as it is written down before this step is done."""
    book = Logbook(attempts={"wabc": before}) if before else EMPTY
    return begun(book, (step,), DESIRED, GROUND).attempts["wabc"]


def answered(step: Step, before: Attempt | None = None, **outcome: Any) -> Logbook:
    """The logbook after this step was begun and came to this."""
    book = Logbook(attempts={"wabc": before}) if before else EMPTY
    book = begun(book, (step,), DESIRED, GROUND)
    return learned(book, (Outcome(step, **outcome),), DESIRED, GROUND)


def test_a_pool_to_be_made_is_a_try_of_the_way_that_was_chosen() -> None:
    assert counted(CREATE) == Attempt(NAME, OPTION, "d1", NOW, 1, asked="create", nodes=1)
    assert counted(CREATE, FAILED) == replace(
        FAILED, begun=NOW, tries=2, stood="", joined="", correlation="", asked="create", nodes=1
    )


def test_asking_again_is_a_try_and_taking_away_to_make_anew_a_recreation() -> None:
    again, anew = counted(AGAIN, FAILED), counted(ANEW, FAILED)

    assert (again.tries, again.recreations, again.begun, again.joined) == (2, 0, NOW, FAILED.joined)
    assert (anew.tries, anew.recreations, anew.begun) == (1, 1, NOW)


def test_stopping_is_written_down_until_something_else_is_asked() -> None:
    aborted = counted(ABORT, FAILED)

    assert (aborted.aborted, aborted.tries, aborted.begun) == (NOW, 1, FAILED.begun)
    assert counted(ANEW, aborted).aborted == NOW
    assert counted(AGAIN, aborted).aborted == ""


def test_a_changed_pool_that_stands_is_no_try_and_its_size_is_asked_for_anew() -> None:
    assert counted(LABELS, STOOD) == STOOD
    assert counted(COUNT, STOOD) == replace(STOOD, begun=NOW, nodes=COUNT.desired.count)
    assert begun(EMPTY, (LABELS, PRUNE), DESIRED, GROUND) is EMPTY


def test_what_is_no_agent_pool_is_not_counted() -> None:
    job = Step(Action.CREATE, Ref("batch/v1", "Job", "default", "phi"), NAME, "it is not there")

    assert begun(EMPTY, (job,), DESIRED, GROUND) is EMPTY
    assert learned(EMPTY, (Outcome(job, done=False, error=FULL),), DESIRED, GROUND) is EMPTY


def test_a_changed_workspace_begins_to_count_anew() -> None:
    changed = desired_state(replace(DESIRED.workspaces[NAME], digest="d2"))

    after = begun(Logbook(attempts={"wabc": FAILED}), (CREATE,), changed, GROUND).attempts["wabc"]

    assert after == Attempt(NAME, OPTION, "d2", NOW, 1, asked="create", nodes=1)


def test_a_request_is_never_of_the_same_moment_as_the_failure_before_it() -> None:
    assert counted(AGAIN, replace(FAILED, failed=NOW)).begun == later(NOW, 1)


def test_a_managed_disk_is_remembered_once_it_was_needed() -> None:
    body = canonical({"properties": {"vmSize": A100, "count": 1, "osDiskType": "Managed"}})
    managed = replace(desired_pool(), body=body)

    once = counted(replace(ANEW, desired=managed), FAILED)

    assert once.managed_disk
    assert counted(CREATE, once).managed_disk


def test_the_id_of_the_request_tells_of_a_failure_that_comes_later_without_one() -> None:
    book = answered(CREATE, done=True, correlation="c0ffee")
    error = CloudError(200, ("AllocationFailed",), "no capacity")
    failed = observed_state(pools=(observed_pool(state="Failed", error=error),))

    after = note(book, DESIRED, failed, ground(now=later(NOW, 600))).attempts["wabc"]

    assert book.attempts["wabc"] == Attempt(NAME, OPTION, "d1", NOW, 1, correlation="c0ffee", nodes=1)
    assert after.error == replace(error, correlation="c0ffee")


@pytest.mark.parametrize("step", [CREATE, AGAIN, ANEW, COUNT], ids=str)
def test_a_no_is_a_failure_with_a_rest_and_closes_what_it_closes(step: Step) -> None:
    before = None if step is CREATE else STOOD

    book = answered(step, before, done=False, error=FULL)

    attempt = book.attempts["wabc"]
    assert (attempt.failures, attempt.failed, attempt.error, attempt.asked) == (1, NOW, FULL, "")
    assert attempt.again == later(NOW, understand(FULL).rest)
    assert [each.code for each in book.refusals] == ["AllocationFailed"]


@pytest.mark.parametrize("error", [BUSY, CloudError(429, ("Throttled",), "too many requests")])
@pytest.mark.parametrize("step", [CREATE, AGAIN, ANEW], ids=str)
def test_not_now_is_no_failure_and_the_try_is_given_back(step: Step, error: CloudError) -> None:
    before = replace(FAILED, begun=later(NOW, -40))

    book = answered(step, before, done=False, error=error)

    attempt = book.attempts["wabc"]
    assert understand(error).kind is Kind.TRANSIENT
    assert (attempt.tries, attempt.recreations, attempt.failures) == (1, 0, 1)
    assert attempt.error == FULL
    assert seconds_between(NOW, attempt.again) == understand(error).rest
    assert book.refusals == ()


def test_after_not_now_the_old_failure_of_the_pool_is_still_no_news() -> None:
    old = CloudError(200, ("AllocationFailed",), "no capacity")
    book = answered(AGAIN, replace(FAILED, error=old), done=False, error=BUSY)
    failed = observed_state(pools=(observed_pool(state="Failed", error=old),))

    assert note(book, DESIRED, failed, ground(now=later(NOW, 30))).attempts["wabc"].failures == 1


def test_what_never_reached_azure_is_given_back() -> None:
    for step, before in ((CREATE, None), (AGAIN, FAILED), (ANEW, FAILED)):
        after = answered(step, before, done=False, transient=True).attempts["wabc"]

        assert (after.tries, after.recreations) == ((1, 0) if before else (0, 0))


@pytest.mark.parametrize("step", [CREATE, AGAIN, ANEW, ABORT], ids=str)
def test_what_was_not_even_tried_since_a_step_before_it_failed_is_given_back(step: Step) -> None:
    book = begun(Logbook(attempts={"wabc": FAILED}), (step,), DESIRED, GROUND)

    after = learned(book, (), DESIRED, GROUND).attempts["wabc"]

    assert (after.tries, after.recreations, after.aborted, after.asked) == (1, 0, "", "")
    assert after.error == FAILED.error


def test_what_a_pass_that_died_was_about_to_ask_stays_counted() -> None:
    died = begun(EMPTY, (CREATE,), DESIRED, GROUND)

    next_pass = begun(died, (), DESIRED, ground(now=later(NOW, 30)))

    assert next_pass.attempts["wabc"] == Attempt(NAME, OPTION, "d1", NOW, 1, nodes=1)
    assert learned(next_pass, (), DESIRED, ground(now=later(NOW, 30))) is next_pass


def test_a_daemon_that_dies_each_time_does_not_ask_for_ever() -> None:
    book = EMPTY
    for life in range(5):
        book = begun(book, (CREATE,), DESIRED, ground(now=later(NOW, 60 * life)))

    assert book.attempts["wabc"].tries == 5


def test_a_pool_that_cannot_be_taken_away_or_stopped_is_no_failure_to_have_nodes() -> None:
    refused = CloudError(403, ("AuthorizationFailed",), "no role")

    for step in (PRUNE, ABORT):
        after = answered(step, STOOD, done=False, error=refused).attempts["wabc"]

        assert (after.failures, after.error) == (0, None)


def test_the_stamped_body_of_a_new_pool_needs_no_properties() -> None:
    bare = DesiredPool("wabc", NAME, A100, 1, json.dumps({}).encode(), "x")

    assert not counted(replace(CREATE, desired=bare)).managed_disk
