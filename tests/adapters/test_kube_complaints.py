"""Why a controller makes no pods, as its own Events say: the newest word counts, of that very object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.identity import Ref
from reconciler.faults import Forbidden
from tests.adapters.kube_script import cluster_of
from tests.adapters.scripted import Answer, Asked, document

SET = Ref("apps/v1", "StatefulSet", "team-a", "phi")


def said(message: str, **moments: Any) -> dict[str, Any]:
    return {"message": message, "reason": "FailedCreate", **moments}


def complaint(tmp_path: Path, *events: dict[str, Any]) -> tuple[str, Asked]:
    def script(asked: Asked) -> Answer:
        return document({"kind": "EventList", "items": list(events)})

    with cluster_of(tmp_path, script) as (cluster, server):
        return cluster.complaint(SET, "uid-7"), server.asked[0]


def test_only_that_objects_own_events_are_asked_for(tmp_path: Path) -> None:
    told, asked = complaint(tmp_path)

    assert told == ""
    assert asked.path == "/api/v1/namespaces/team-a/events"
    assert asked.query["fieldSelector"] == "involvedObject.uid=uid-7,reason=FailedCreate"
    assert int(asked.query["limit"]) <= 50


def test_the_newest_word_counts_however_it_is_dated(tmp_path: Path) -> None:
    told, _ = complaint(
        tmp_path,
        said("first", lastTimestamp="2026-11-22T12:00:00Z"),
        said("last", eventTime="2026-11-22T11:00:00Z", series={"lastObservedTime": "2026-11-22T12:05:00Z"}),
        said("second", lastTimestamp=None, eventTime="2026-11-22T12:01:00.000000Z"),
        {"reason": "FailedCreate", "lastTimestamp": "2026-11-22T13:00:00Z"},
    )

    assert told == "last"


def test_whoever_may_not_list_events_is_told_so(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return document({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}, status=403)

    with cluster_of(tmp_path, script) as (cluster, _), pytest.raises(Forbidden):
        cluster.complaint(SET, "uid-7")


def test_what_time_the_server_says_it_is_is_told(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return document({"items": []}, Date="Sun, 22 Nov 2026 12:00:00 GMT")

    heard: list[str] = []
    with cluster_of(tmp_path, script) as (cluster, _):
        cluster.tell_the_time(heard.append)
        cluster.complaint(SET, "uid-7")
    assert "Sun, 22 Nov 2026 12:00:00 GMT" in heard[0]
