"""Where the sandbox and the real server are known to act differently: exactly there, and nowhere near it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.cluster.contract import Space, config_map, deployment
from tests.cluster.control_plane import ControlPlane
from tests.cluster.differences import known, unlike
from tests.cluster.planes import STRATEGIC, RealPlane, SandboxPlane
from tests.sandbox.kube.served import Served

APPS = "/apis/apps/v1"


@pytest.fixture
def spaces(plane: ControlPlane) -> Iterator[tuple[Space, Space]]:
    with Served() as served:
        both = Space(RealPlane(plane), "differing"), Space(SandboxPlane(served), "differing")
        for space in both:
            space.plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": space.name}})
        yield both
        both[0].delete(f"/api/v1/namespaces/{both[0].name}")


def later_in_a_page(space: Space) -> list[str]:
    """What a second page shows of something made after the first."""
    for name in ("a", "b"):
        space.make(name)
    listed = f"{space.maps()}?labelSelector=t%3D1&limit=1"
    token = space.get(listed).body["metadata"]["continue"]
    space.make("c")
    rest = space.get(f"{space.maps()}?labelSelector=t%3D1&continue={token}").body["items"]
    return [each["metadata"]["name"] for each in rest]


def mistyped_field(space: Space) -> int:
    """An apply with a field that no Deployment has."""
    return space.apply(space.at("deployments", "m", APPS), deployment("m", bogus=1)).code


def mistyped_value(space: Space) -> int:
    """An apply with a number where a text belongs."""
    return space.apply(space.maps("n"), {**config_map("n"), "data": {"a": 1}}).code


def two_choose_nodes(space: Space) -> int:
    """Two managers who state different keys of one nodeSelector."""
    for manager, key in (("m1", "a"), ("m2", "b")):
        wanted = deployment("s")
        wanted["spec"]["template"]["spec"]["nodeSelector"] = {key: "1"}
        code = space.apply(space.at("deployments", "s", APPS), wanted, manager).code
    return code


def owner_of_an_empty_map(space: Space) -> bool:
    """Whether who applies an empty map owns it."""
    wanted = deployment("e")
    wanted["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    made = space.apply(space.at("deployments", "e", APPS), wanted).body
    return "f:emptyDir" in str(made["metadata"]["managedFields"])


def element_without_its_key(space: Space) -> int:
    """A strategic merge patch of a container that is not named."""
    space.apply(space.at("deployments", "k", APPS), deployment("k"))
    patch = {"spec": {"template": {"spec": {"containers": [{"image": "j"}]}}}}
    return space.plane.call("PATCH", space.at("deployments", "k", APPS), patch, STRATEGIC).code


def writer_of_a_status(space: Space) -> bool:
    """Whether managedFields tell a writer of the status from one of the rest."""
    space.apply(space.at("deployments", "w", APPS), deployment("w"))
    told = space.merge(f"{space.at('deployments', 'w', APPS)}/status", {"status": {"replicas": 1}}).body
    return any(each.get("subresource") == "status" for each in told["metadata"]["managedFields"])


ACTS: Mapping[str, Callable[[Space], Any]] = {
    act.__name__.replace("_", " "): act
    for act in (
        later_in_a_page,
        mistyped_field,
        mistyped_value,
        two_choose_nodes,
        owner_of_an_empty_map,
        element_without_its_key,
        writer_of_a_status,
    )
}


def test_they_act_differently_where_that_is_known(spaces: tuple[Space, Space]) -> None:
    told = {name: tuple(act(space) for space in spaces) for name, act in ACTS.items()}

    apart = (name for name, (real, sandbox) in told.items() if real != sandbox)
    assert unlike(apart, "contract") == "", told


def test_every_known_difference_has_one_who_finds_it() -> None:
    assert {name for each in known("contract") for name in each.what} == ACTS.keys()
