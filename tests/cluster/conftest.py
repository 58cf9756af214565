"""One control plane for all tests that need no other, and fleets on it, each in a namespace of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster.borrowed import Borrowed, borrowed
from tests.cluster.contract import Space
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.fleet import RealFleet
from tests.cluster.planes import Plane, RealPlane, SandboxPlane
from tests.cluster.programs import EVERYTHING, missing
from tests.e2e.person import Person
from tests.sandbox.kube.served import Served

Bring = Callable[[str], RealFleet]


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A whole one, with a kubelet for whatever nodes the tests bring."""
    folder = tmp_path_factory.mktemp("plane")
    if theirs := borrowed(folder):
        with theirs.kubelet("--heartbeat", "10"):
            yield theirs
        return
    if lost := missing(*EVERYTHING):
        pytest.skip(lost)
    with control_plane(folder, {"some-token": "somebody"}, controllers=True) as ours, ours.kubelet():
        yield ours


@pytest.fixture
def bring(plane: ControlPlane, tmp_path: Path) -> Iterator[Bring]:
    """A fleet by its name, which is its namespace's too; that and its nodes go with the test."""
    names: list[str] = []

    def fleet(name: str) -> RealFleet:
        names.append(name)
        folder = tmp_path / name
        folder.mkdir()
        return RealFleet(name, folder, Person.arrives(folder), plane)

    yield fleet
    for name in names:
        plane.ask("DELETE", f"/api/v1/namespaces/{name}")
        plane.ask("DELETE", f"/api/v1/nodes?labelSelector=apps={name}")


@pytest.fixture(scope="module", params=["kube-apiserver", "sandbox"])
def either(request: pytest.FixtureRequest) -> Iterator[Plane]:
    """The real server and then the sandbox's, for what both must hold to."""
    if request.param == "kube-apiserver":
        running: ControlPlane = request.getfixturevalue("plane")
        if isinstance(running, Borrowed):
            pytest.skip("somebody's cluster is not to be restarted, and may be of another version")
        yield RealPlane(running)
        return
    with Served() as served:
        yield SandboxPlane(served)


@pytest.fixture
def space(either: Plane) -> Iterator[Space]:
    """A namespace of the test's own on either."""
    name = f"contract-{uuid4().hex[:8]}"
    assert either.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).code == 201
    yield Space(either, name)
    either.call("DELETE", f"/api/v1/namespaces/{name}")
