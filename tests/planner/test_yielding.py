"""What is left to others is in what we apply no more, and nothing else is missing from it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.planner.decide.yielding import spelled, without

CONTAINER = {
    "name": "model",
    "image": "i",
    "args": ["a", "b"],
    "resources": {"limits": {"nvidia.com/gpu": "1"}},
    "env": [{"name": "A", "value": "1"}],
    "volumeMounts": [{"name": "data", "mountPath": "/a.b"}],
}
DOCUMENT: dict[str, Any] = {
    "metadata": {"annotations": {"a.b/c": "1", "a": "2"}, "finalizers": ["x/y", "z"]},
    "spec": {
        "replicas": 1,
        "ports": [
            {"port": 80, "protocol": "TCP", "targetPort": 5000},
            {"port": 80, "protocol": "UDP", "targetPort": 53},
            {"port": 81},
        ],
        "egress": [{"to": []}],
        "template": {"spec": {"containers": [CONTAINER], "volumes": [{"name": "v", "emptyDir": {}}]}},
    },
}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (".spec.replicas", "spec.replicas"),
        (".metadata.annotations.a.b/c", "metadata.annotations.a.b/c"),
        ('.spec.ports[port=80,protocol="TCP"].targetPort', "spec.ports[80].targetPort"),
        ('.spec.ports[port=80,protocol="UDP"]', "spec.ports[80/UDP]"),
        ('.spec.ports[port=81,protocol="TCP"]', "spec.ports[81]"),
        (
            '.spec.template.spec.containers[name="model"].image',
            "spec.template.spec.containers[model].image",
        ),
        (
            '.spec.template.spec.containers[name="model"].volumeMounts[mountPath="/a.b"].name',
            "spec.template.spec.containers[model].volumeMounts[/a.b].name",
        ),
        ('.metadata.finalizers[="z"]', "metadata.finalizers[1]"),
    ],
)
def test_a_field_is_found_by_either_spelling(theirs: str, ours: str) -> None:
    assert spelled(DOCUMENT, theirs) == ours
    assert without(DOCUMENT, [theirs]) != DOCUMENT


@pytest.mark.parametrize(
    "field",
    [
        "spec.nothing",
        "spec.ports[82]",
        "spec.replicas.more",
        '.spec.ports[port=80,protocol="TCP"].port',
        "spec.ports[80/UDP].protocol",
        '.spec.template.spec.containers[name="model"].name',
    ],
)
def test_what_is_not_there_or_names_an_entry_cannot_be_left_out(field: str) -> None:
    assert spelled(DOCUMENT, field) == ""
    assert without(DOCUMENT, [field]) == DOCUMENT


def test_all_the_rest_stays() -> None:
    left = without(DOCUMENT, ["spec.replicas", "spec.template.spec.containers[model].env[A].value"])

    assert "replicas" not in left["spec"]
    (container,) = left["spec"]["template"]["spec"]["containers"]
    assert container == {**CONTAINER, "env": [{"name": "A"}]}
    assert left["spec"]["ports"] == DOCUMENT["spec"]["ports"]
    assert left["spec"]["template"]["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert DOCUMENT["spec"]["replicas"] == 1


def test_a_map_that_is_emptied_goes_as_well() -> None:
    left = without(DOCUMENT, ["spec.template.spec.containers[model].resources.limits.nvidia.com/gpu"])

    assert "resources" not in left["spec"]["template"]["spec"]["containers"][0]


def test_entries_go_one_by_one_and_the_list_with_the_last() -> None:
    one = without(DOCUMENT, ["spec.ports[80]"])
    none = without(DOCUMENT, ["spec.ports[80]", "spec.ports[80/UDP]", "spec.ports[81]"])

    assert [each.get("targetPort") for each in one["spec"]["ports"]] == [53, None]
    assert "ports" not in none["spec"]


def test_a_list_without_names_goes_as_a_whole() -> None:
    field = "spec.template.spec.containers[model].args[1]"

    assert spelled(DOCUMENT, field) == "spec.template.spec.containers[model].args"
    assert "args" not in without(DOCUMENT, [field])["spec"]["template"]["spec"]["containers"][0]
    assert "egress" not in without(DOCUMENT, ["spec.egress[0].to"])["spec"]
