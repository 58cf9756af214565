"""The logbook lies in a ConfigMap that anybody may edit, and that holds no more than Kubernetes lets it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import CapacityType, CloudError, Option
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.logbook import Account, Attempt, Logbook, Meter, Refusal
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Scope
from reconciler.domain.state import FLEET
from reconciler.planner.provision.logbook_object import LABEL, is_logbook, logbook_object, read_logbook
from tests.builders import A100, NAME, NOW, observed_object

SPOT = Option(A100, CapacityType.SPOT, "2")
ERROR = CloudError(200, ("ReconcileVMSSAgentPoolFailed", "AllocationFailed"), "no room, été", "c0ffee")
ATTEMPT = Attempt(
    NAME, SPOT, "d1", NOW, 3, 1, 2, later(NOW, 1), later(NOW, 2), later(NOW, 3), later(NOW, 4), later(NOW, 5),
    ERROR, "c1", later(NOW, 6), True, "create",
)  # fmt: skip
WHOLE = Logbook(
    attempts={"wabc": ATTEMPT, "wdef": Attempt(NAME, Option(A100), "d1")},
    refusals=(
        Refusal(Scope.ZONE, A100, CapacityType.SPOT, "2", later(NOW, 60), "AllocationFailed", "no room", 60),
        Refusal(Scope.REGION, "", CapacityType.ON_DEMAND, "", NOW, "QuotaExceeded", "no quota"),
    ),
    meters={"wabc": Meter(NAME, A100, 2, 7.346, NOW, True), "wdef": Meter(NAME, "Standard_X", 1, None, NOW)},
    accounts={
        NAME: Account(1 / 3, NOW, True, later(NOW, 60), True),
        WorkspaceName("", ""): Account(0.1, NOW),
    },
    orphans={"wold": NOW},
)


def written(logbook: Logbook) -> dict[str, str]:
    data: dict[str, str] = logbook_object(logbook, "towline").document["data"]
    return data


def read(**data: Any) -> Logbook:
    document = logbook_object(Logbook(), "towline").document
    return read_logbook([observed_object({**document, "data": data})])


def test_what_is_written_is_read_again() -> None:
    assert read(**written(WHOLE)) == WHOLE
    assert read(**written(Logbook())) == Logbook()
    assert read_logbook(()) == Logbook()


def test_it_is_found_by_its_name_and_by_the_fleets_label() -> None:
    desired = logbook_object(WHOLE, "staging")
    metadata = desired.document["metadata"]

    assert desired.ref == Ref("v1", "ConfigMap", "towline-system", "nodes-staging")
    assert (metadata["labels"][FLEET], metadata["labels"][LABEL]) == ("staging", "true")
    assert is_logbook(desired.ref, "staging")
    assert not is_logbook(desired.ref, "stag")
    assert not is_logbook(replace(desired.ref, namespace="default"), "staging")


def test_the_same_logbook_gives_the_same_bytes() -> None:
    other_order = replace(WHOLE, attempts=dict(reversed(tuple(WHOLE.attempts.items()))))

    assert logbook_object(other_order, "towline") == logbook_object(WHOLE, "towline")


DEEP = "[" * 100_000


@pytest.mark.parametrize("text", ["", "nonsense", "null", "7", "[]", "{}", DEEP, '"\\ud800"', '{"w":NaN}'])
def test_a_key_that_cannot_be_read_costs_its_entries_and_nothing_else(text: str) -> None:
    whole = written(WHOLE)
    for key in whole:
        found = read(**{**whole, key: text})

        assert not getattr(found, key)
        assert found == replace(WHOLE, **{key: type(getattr(WHOLE, key))()})


@pytest.mark.parametrize(
    "change",
    [
        {"begun": "yesterday"},
        {"again": "2026-99-99T00:00:00Z"},
        {"failed": "2026-11-22T12:00:00+02:00"},
        {"tries": "many"},
        {"tries": -1},
        {"workspace": "default/phi"},
        {"option": {"instance_type": A100, "capacity_type": "stolen"}},
        {"digest": "\ud800"},
        {"error": "it failed"},
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_is_left_out_and_its_neighbour_kept(change: dict[str, Any]) -> None:
    attempts = json.loads(written(WHOLE)["attempts"])
    attempts["wabc"].update(change)

    found = read(attempts=json.dumps(attempts))

    assert list(found.attempts) == ["wdef"]


def test_dollars_that_cannot_be_are_left_out() -> None:
    meter = {"workspace": {"namespace": "default", "name": "phi"}, "instance_type": A100, "count": 1}
    meters = {
        "good": {**meter, "since": NOW, "dollars_per_hour": 3.5},
        "endless": {**meter, "since": NOW, "dollars_per_hour": 1e308},
        "negative": {**meter, "since": NOW, "dollars_per_hour": -3.5},
        "timeless": {**meter, "since": "", "dollars_per_hour": 3.5},
    }
    text = json.dumps(meters).replace("1e+308", "1e999")

    assert list(read(meters=text).meters) == ["good"]


def test_what_a_later_version_adds_does_not_hide_an_entry() -> None:
    attempts = json.loads(written(WHOLE)["attempts"])
    attempts["wdef"]["mood"] = "good"

    assert read(attempts=json.dumps(attempts)).attempts == WHOLE.attempts


@pytest.mark.parametrize("letter", ["x", "字"])
def test_a_thousand_failed_attempts_fit_into_an_object_with_room_to_spare(letter: str) -> None:
    error = replace(ERROR, message=letter * 500, correlation="0" * 36)
    failed = Attempt(
        NAME, SPOT, "d" * 64, NOW, 3, 1, 2, failed=NOW, again=NOW, error=error, correlation="0" * 36
    )
    attempts = {f"w{number:010d}": failed for number in range(1000)}

    data = written(Logbook(attempts=attempts))

    assert sum(len(text.encode()) for text in data.values()) < 900 * 1024
    if letter == "x":
        assert set(read(**data).attempts) == set(attempts)


def test_beyond_that_those_of_long_ago_are_left_out() -> None:
    error = replace(ERROR, message="字" * 500)
    attempts = {
        f"w{number:09d}": replace(ATTEMPT, error=error, begun=later(NOW, number)) for number in range(3000)
    }

    left = read(**written(Logbook(attempts=attempts))).attempts

    assert 500 < len(left) < 3000
    assert set(left) == {f"w{number:09d}" for number in range(3000 - len(left), 3000)}
