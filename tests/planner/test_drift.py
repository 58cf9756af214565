"""Only our fields are compared, by meaning."""

from __future__ import annotations

import pytest

from reconciler.planner.decide.drift import drift
from reconciler.planner.decide.immutable import immutable_among


def test_what_others_added_is_not_drift() -> None:
    desired = {"spec": {"replicas": 1}}
    live = {"spec": {"replicas": 1, "revisionHistoryLimit": 10}, "status": {"replicas": 1}}

    assert drift(desired, live) == ()


def test_a_changed_field_is_named_as_people_write_it() -> None:
    desired = {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "new"}]}}}}
    live = {
        "spec": {"template": {"spec": {"containers": [{"name": "sidecar"}, {"name": "a", "image": "old"}]}}}
    }

    assert drift(desired, live) == ("spec.template.spec.containers[a].image",)


def test_named_lists_are_compared_by_name_and_others_as_a_whole() -> None:
    assert (
        drift({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B"}, {"name": "A", "value": "1"}]})
        == ()
    )
    assert drift({"args": ["a", "b"]}, {"args": ["b", "a"]}) == ("args[0]", "args[1]")
    assert drift({"args": ["a"]}, {"args": ["a", "b"]}) == ("args",)


def test_two_mounts_of_one_volume_are_two_things() -> None:
    mounts = [{"name": "data", "mountPath": "/a"}, {"name": "data", "mountPath": "/b"}]

    assert drift({"volumeMounts": mounts}, {"volumeMounts": list(reversed(mounts))}) == ()


@pytest.mark.parametrize(
    ("ours", "theirs"), [("1024Mi", "1Gi"), ("1", 1), ("0.5", "500m"), ("2000m", "2"), ("1e3", "1k")]
)
def test_quantities_are_compared_by_value(ours: object, theirs: object) -> None:
    assert drift({"limits": {"memory": ours}}, {"limits": {"memory": theirs}}) == ()


def test_a_quantity_that_differs_is_drift() -> None:
    assert drift({"limits": {"nvidia.com/gpu": 1}}, {"limits": {"nvidia.com/gpu": "2"}}) == (
        "limits.nvidia.com/gpu",
    )


def test_text_and_number_are_not_the_same_outside_quantities() -> None:
    assert drift({"port": 80}, {"port": "80"}) == ("port",)
    assert drift({"flag": True}, {"flag": 1}) == ("flag",)


def test_an_empty_wish_is_met_by_nothing() -> None:
    assert drift({"labels": {}, "args": [], "note": ""}, {}) == ()


@pytest.mark.parametrize("nothing", [None, "", {}, []])
def test_nothing_is_met_by_whatever_stands_for_nothing(nothing: object) -> None:
    assert drift({"note": None}, {"note": nothing}) == ()
    assert drift({"note": "x"}, {"note": nothing}) == ("note",)


def test_where_the_wish_is_empty_the_server_chooses() -> None:
    wanted = {"spec": {"clusterIP": "", "sessionAffinity": "", "ports": [{"port": 80, "targetPort": 0}]}}
    live = {
        "spec": {
            "clusterIP": "10.0.0.1",
            "sessionAffinity": "None",
            "ports": [{"port": 80, "targetPort": 80}],
        }
    }

    assert drift(wanted, live) == ()
    assert drift({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A", "value": "x"}]}) == (
        "env[A].value",
    )


def test_ports_go_by_number_and_protocol() -> None:
    wanted = {"ports": [{"port": 53, "name": "tcp"}, {"port": 53, "name": "udp", "protocol": "UDP"}]}
    live = {
        "ports": [
            {"port": 53, "name": "other", "protocol": "UDP"},
            {"port": 53, "name": "tcp", "protocol": "TCP"},
        ]
    }

    assert drift(wanted, live) == ("ports[53/UDP].name",)
    assert drift({"ports": [{"port": 53, "protocol": "UDP"}]}, {"ports": [{"port": 53}]}) == (
        "ports[53/UDP]",
    )


@pytest.mark.parametrize("field", ["max", "min", "default", "defaultRequest"])
def test_the_bounds_of_a_limit_range_are_quantities(field: str) -> None:
    wanted, live = ({"limits": [{"type": "Container", field: {"cpu": cpu}}]} for cpu in ("2000m", "2"))

    assert drift(wanted, live) == ()


def test_a_missing_parent_is_drift_of_the_field() -> None:
    assert drift({"spec": {"replicas": 1}}, {}) == ("spec.replicas",)


def test_immutable_fields_are_found_below_their_root_and_nowhere_else() -> None:
    fields = ("spec.selector.matchLabels.app", "spec.selectorless", "spec.replicas")

    assert immutable_among("StatefulSet", fields) == ("spec.selector.matchLabels.app",)


def test_a_label_too_many_in_a_selector_differs() -> None:
    wanted = {"spec": {"selector": {"app": "chat"}, "template": {"spec": {"nodeSelector": {"pool": "a"}}}}}
    live = {
        "spec": {
            "selector": {"app": "chat", "more": "x"},
            "template": {"spec": {"nodeSelector": {"pool": "a", "zone": "1"}}},
        }
    }

    assert drift(wanted, live) == ("spec.selector", "spec.template.spec.nodeSelector")
    assert drift(wanted, wanted) == ()
