from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.sandbox.kube.fields import from_fields_v1, leaves, to_fields_v1
from reconciler.sandbox.kube.managers import Writer, paths_of, record_update
from reconciler.sandbox.kube.merge import Live, apply, merge_patch
from reconciler.sandbox.kube.refusal import Refusal
from reconciler.sandbox.kube.shapes import shape_of
from reconciler.sandbox.kube.strategic import strategic_merge_patch

SHAPE = shape_of(None)
NOTHING = Live({})


def by(manager: str) -> Writer:
    return Writer(manager, "Apply", "", "v1", "2026-01-01T00:00:00Z")


def stated(**body: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, **body}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return stated(spec={"containers": list(containers), **spec})


def conflicts(refusal: Refusal) -> list[str]:
    assert refusal.details is not None
    return [cause["field"] for cause in refusal.details["causes"]]


texts = st.sampled_from(["1", "2", "3"])
containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "c"]), "image": texts},
        optional={
            "args": st.lists(texts, max_size=2),
            "env": st.lists(
                st.fixed_dictionaries({"name": st.sampled_from("XYZ"), "value": texts}),
                unique_by=lambda each: each["name"],
            ),
        },
    ),
    unique_by=lambda each: each["name"],
    max_size=3,
)
configs = st.builds(
    lambda listed, labels, data: {
        **stated(data=data, spec={"containers": listed}),
        "metadata": {"labels": labels},
    },
    containers,
    st.dictionaries(st.sampled_from("xyz"), texts),
    st.dictionaries(st.sampled_from("klm"), texts),
)


@settings(max_examples=40, deadline=None)
@given(configs)
def test_applying_the_same_twice_changes_nothing(config: dict[str, Any]) -> None:
    once = apply(NOTHING, config, SHAPE, by("m"))
    twice = apply(once, config, SHAPE, by("m"))
    assert twice.obj == once.obj
    assert twice.managed is once.managed


@settings(max_examples=40, deadline=None)
@given(configs, configs)
def test_fields_that_are_stated_no_more_disappear(before: dict[str, Any], after: dict[str, Any]) -> None:
    first = apply(NOTHING, before, SHAPE, by("m"))
    second = apply(first, after, SHAPE, by("m"))
    alone = apply(NOTHING, after, SHAPE, by("m"))
    assert dict(leaves(_without_empties(second.obj), SHAPE)) == dict(
        leaves(_without_empties(alone.obj), SHAPE)
    )


@settings(max_examples=40, deadline=None)
@given(configs, configs)
def test_it_conflicts_exactly_where_another_manager_owns_a_leaf_that_differs(
    mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    live = apply(NOTHING, theirs, SHAPE, by("them"))
    held, wanted = dict(leaves(theirs, SHAPE)), dict(leaves(mine, SHAPE))
    differing = {path for path in wanted.keys() & held.keys() if wanted[path] != held[path]}
    if not differing:
        apply(live, mine, SHAPE, by("me"))
        return
    with pytest.raises(Refusal) as caught:
        apply(live, mine, SHAPE, by("me"))
    assert caught.value.code == 409
    assert len(conflicts(caught.value)) == len(differing)


@settings(max_examples=40, deadline=None)
@given(configs, configs)
def test_force_takes_the_field_and_its_ownership(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    live = apply(NOTHING, theirs, SHAPE, by("them"))
    forced = apply(live, mine, SHAPE, by("me"), force=True)
    wanted = dict(leaves(mine, SHAPE))
    assert _told(mine).items() <= dict(leaves(forced.obj, SHAPE)).items()
    entries = {entry["manager"]: paths_of(entry) for entry in forced.managed}
    assert entries.get("me", set()) == set(wanted)
    held = dict(leaves(theirs, SHAPE))
    assert not {path for path in entries.get("them", set()) & wanted.keys() if held[path] != wanted[path]}


@settings(max_examples=40, deadline=None)
@given(configs)
def test_fields_v1_tells_the_same_paths_both_ways(config: dict[str, Any]) -> None:
    paths = {path for path, _ in leaves(config, SHAPE)}
    assert set(from_fields_v1(to_fields_v1(paths))) == paths


@settings(max_examples=40, deadline=None)
@given(configs, configs)
def test_an_update_owns_what_it_changed_and_nobody_owns_what_is_gone(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    live = apply(NOTHING, before, SHAPE, by("applier"))
    editor = Writer("kubectl-edit", "Update", "", "v1", "2026-01-01T00:00:01Z")
    managed = record_update(list(live.managed), editor, (live.obj, after), SHAPE)
    was, now = _told(live.obj), _told(after)
    changed = {path for path in now if path not in was or was[path] != now[path]}
    entries = {entry["manager"]: paths_of(entry) for entry in managed}
    assert entries.get("kubectl-edit", set()) & now.keys() == changed
    assert not entries.get("applier", set()) & changed
    assert entries.get("applier", set()) & _told(before).keys() <= now.keys()


def _told(obj: dict[str, Any]) -> dict[Any, Any]:
    """The leaves that say something: an empty container is there to be filled by others."""
    return {path: value for path, value in leaves(obj, SHAPE) if value not in ({}, [])}


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empties(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in ({}, [])}
    if isinstance(value, list):
        return [_without_empties(each) for each in value]
    return value


def test_two_managers_share_a_list_of_containers() -> None:
    live = apply(NOTHING, pod({"name": "a", "image": "1"}), SHAPE, by("one"))
    live = apply(live, pod({"name": "b", "image": "2"}), SHAPE, by("two"))
    assert [each["name"] for each in live.obj["spec"]["containers"]] == ["a", "b"]
    live = apply(live, pod({"name": "c", "image": "3"}), SHAPE, by("one"))
    assert [each["name"] for each in live.obj["spec"]["containers"]] == ["b", "c"]


def test_a_selector_is_one_value_whoever_applies_it() -> None:
    live = apply(NOTHING, stated(spec={"selector": {"a": "1"}}), SHAPE, by("one"))
    with pytest.raises(Refusal, match=r"conflict with \"one\": \.spec\.selector"):
        apply(live, stated(spec={"selector": {"a": "1", "b": "2"}}), SHAPE, by("two"))


def test_finalizers_are_a_set_to_which_each_manager_adds() -> None:
    first = stated() | {"metadata": {"finalizers": ["x/a"]}}
    second = stated() | {"metadata": {"finalizers": ["x/b"]}}
    live = apply(apply(NOTHING, first, SHAPE, by("one")), second, SHAPE, by("two"))
    assert live.obj["metadata"]["finalizers"] == ["x/a", "x/b"]
    live = apply(live, stated(), SHAPE, by("one"))
    assert live.obj["metadata"]["finalizers"] == ["x/b"]


def test_a_conflict_names_the_field_as_kubectl_shows_it() -> None:
    live = apply(NOTHING, pod({"name": "a", "image": "1"}), SHAPE, by("one"))
    with pytest.raises(Refusal) as caught:
        apply(live, pod({"name": "a", "image": "2"}), SHAPE, by("two"))
    assert conflicts(caught.value) == ['.spec.containers[name="a"].image']


def test_the_same_list_key_twice_is_refused() -> None:
    with pytest.raises(Refusal, match="duplicate entries for key"):
        apply(NOTHING, pod({"name": "a"}, {"name": "a"}), SHAPE, by("one"))


def test_a_custom_list_merges_only_as_its_schema_says() -> None:
    items = {"type": "object", "properties": {"id": {"type": "string"}, "v": {"type": "string"}}}
    listed = {"type": "array", "items": items}
    keyed = {**listed, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]}
    shape = shape_of({"type": "object", "properties": {"containers": listed, "parts": keyed}})
    paths = {
        path for path, _ in leaves({"containers": [{"name": "a"}], "parts": [{"id": "1", "v": "2"}]}, shape)
    }
    assert (("f", "containers"),) in paths
    assert (("f", "parts"), ("k", '{"id":"1"}'), ("f", "v")) in paths


def test_a_merge_patch_removes_with_null_and_shares_the_rest() -> None:
    target = {"a": {"b": 1, "c": 2}, "d": [1]}
    merged = merge_patch(target, {"a": {"b": None, "e": 3}})
    assert merged == {"a": {"c": 2, "e": 3}, "d": [1]}
    assert target["a"] == {"b": 1, "c": 2}
    assert merged["d"] is target["d"]


STRATEGIC: list[tuple[str, Any, Any, Any]] = [
    (
        "an element is found by its key",
        {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]},
        {"containers": [{"name": "a", "image": "2"}]},
        {"containers": [{"name": "a", "image": "2"}, {"name": "b"}]},
    ),
    (
        "an element is deleted by directive",
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"containers": [{"name": "a", "$patch": "delete"}]},
        {"containers": [{"name": "b"}]},
    ),
    (
        "a list is replaced by directive",
        {"env": [{"name": "A"}, {"name": "B"}]},
        {"env": [{"$patch": "replace"}, {"name": "C"}]},
        {"env": [{"name": "C"}]},
    ),
    (
        "the order that is asked for is kept",
        {"env": [{"name": "A"}, {"name": "B"}]},
        {"env": [{"name": "C"}], "$setElementOrder/env": [{"name": "C"}, {"name": "B"}, {"name": "A"}]},
        {"env": [{"name": "C"}, {"name": "B"}, {"name": "A"}]},
    ),
    (
        "a finalizer is deleted from its list",
        {"finalizers": ["x", "y"]},
        {"$deleteFromPrimitiveList/finalizers": ["x"]},
        {"finalizers": ["y"]},
    ),
    (
        "keys that are not retained go",
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
        {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
        {"strategy": {"type": "Recreate"}},
    ),
    ("a plain list is replaced", {"args": ["1", "2"]}, {"args": ["3"]}, {"args": ["3"]}),
    ("null removes", {"a": 1, "b": 2}, {"a": None}, {"b": 2}),
]


@pytest.mark.parametrize(("target", "patch", "wanted"), [case[1:] for case in STRATEGIC], ids=lambda _: "")
def test_a_strategic_patch_follows_its_rules(target: Any, patch: Any, wanted: Any) -> None:
    assert strategic_merge_patch(target, patch) == wanted
