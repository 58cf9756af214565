from __future__ import annotations

from typing import Any

from tests.sandbox.kube.served import MERGE, Served, config_map, definition, widget

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
WATCH = f"{CONFIG_MAPS}?watch=true&timeoutSeconds=1"


def seen(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["type"], each["object"]["metadata"].get("name", "")) for each in events]


def version(api: Served) -> str:
    found: str = api.call("GET", CONFIG_MAPS).body["metadata"]["resourceVersion"]
    return found


def test_a_watch_from_a_version_tells_what_came_after(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map("before"))
    since = version(api)
    api.call("POST", CONFIG_MAPS, config_map("c"))
    api.call("PATCH", f"{CONFIG_MAPS}/c", {"data": {"a": "1"}}, MERGE)
    api.call("DELETE", f"{CONFIG_MAPS}/c")
    events = api.events(f"{WATCH}&resourceVersion={since}", 3)
    assert seen(events) == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
    assert versions == sorted(set(versions))


def test_a_watch_from_nowhere_begins_with_what_there_is(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map("c"))
    assert seen(api.events(WATCH, 1)) == [("ADDED", "c")]


def test_bookmarks_say_how_far_a_quiet_watch_has_come(api: Served) -> None:
    since = version(api)
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
    events = api.events(f"{WATCH}&allowWatchBookmarks=true&resourceVersion={since}")
    assert {each["type"] for each in events} == {"BOOKMARK"}
    assert events[-1]["object"]["metadata"]["resourceVersion"] == version(api)
    assert events[-1]["object"]["kind"] == "ConfigMap"


def test_initial_events_end_with_their_bookmark(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map("c"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = api.events(f"{WATCH}&{query}", 2)
    assert seen(events)[0] == ("ADDED", "c")
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_version_that_is_forgotten_has_expired(api: Served) -> None:
    since = version(api)
    api.call("POST", CONFIG_MAPS, config_map("c"))
    api.inside(lambda store: store.ledger.compact())
    (event,) = api.events(f"{WATCH}&resourceVersion={since}")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_history_is_forgotten_as_it_grows() -> None:
    with Served(history=5) as api:
        since = version(api)
        for number in range(20):
            api.call("POST", CONFIG_MAPS, config_map(f"c{number}"))
        (event,) = api.events(f"{WATCH}&resourceVersion={since}")
        assert event["object"]["code"] == 410


def test_an_object_that_leaves_the_selection_is_deleted_to_the_watcher(api: Served) -> None:
    labelled = {"metadata": {"name": "c", "labels": {"l": "x"}}}
    since = version(api)
    api.call("POST", CONFIG_MAPS, config_map() | labelled)
    api.call("PATCH", f"{CONFIG_MAPS}/c", {"metadata": {"labels": {"l": "y"}}}, MERGE)
    api.call("PATCH", f"{CONFIG_MAPS}/c", {"data": {"a": "1"}}, MERGE)
    api.call("PATCH", f"{CONFIG_MAPS}/c", {"metadata": {"labels": {"l": "x"}}}, MERGE)
    events = api.events(f"{WATCH}&resourceVersion={since}&labelSelector=l%3Dx", 3)
    assert seen(events) == [("ADDED", "c"), ("DELETED", "c"), ("ADDED", "c")]


def test_a_watch_of_one_object_sees_no_other(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map("a"))
    api.call("POST", CONFIG_MAPS, config_map("b"))
    assert seen(api.events(f"{WATCH}&fieldSelector=metadata.name%3Db")) == [("ADDED", "b")]
    assert seen(api.events(f"{CONFIG_MAPS}/a?watch=true&timeoutSeconds=1")) == [("ADDED", "a")]


def test_a_watch_goes_on_through_the_end_of_its_kind(api: Served) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    api.call("POST", definitions, definition())
    widgets = "/apis/example.com/v1/namespaces/default/widgets"
    since = api.call("POST", widgets, widget()).body["metadata"]["resourceVersion"]
    api.call("DELETE", f"{definitions}/widgets.example.com")
    api.call("POST", definitions, definition())
    events = api.events(f"{widgets}?watch=true&timeoutSeconds=1&resourceVersion={since}", 1)
    assert seen(events) == [("DELETED", "a")]
