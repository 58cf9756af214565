"""What people type at a cluster, typed at the sandbox and at the real server: it ends alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.cluster.contract import CRDS
from tests.cluster.control_plane import ControlPlane
from tests.cluster.differences import known, unlike
from tests.cluster.kubectl import Command, Kubectl, commands
from tests.cluster.planes import RealPlane
from tests.cluster.test_apply_fuzz import definition
from tests.gitserver import until

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
NODE = "/api/v1/nodes/matrix"


@pytest.fixture
def real(plane: ControlPlane, tmp_path: Path) -> Iterator[Kubectl]:
    """The whole real plane, with a node for what is run, and Workspaces."""
    if not plane.processes:
        pytest.skip("somebody's cluster may be of another version than the differences are told of")
    server = RealPlane(plane)
    server.call("POST", CRDS, definition())
    server.call("POST", "/api/v1/nodes", {"metadata": {"name": "matrix"}})
    assert until(lambda: server.call("GET", "/apis/kaito.sh/v1beta1/workspaces").code == 200, 20)
    yield Kubectl(plane.kubeconfig, tmp_path / "real")
    server.call("DELETE", NODE)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Kubectl]:
    """The sandbox with its world, some twenty times as fast as life."""
    with Sandbox(SandboxSettings(tmp_path / "world", speed=20)) as running:
        kubectl = Kubectl(running.kubeconfig, tmp_path / "sandbox")
        kubectl.outcome(Command("", ("create", "-f", "-"), json.dumps(definition())))
        yield kubectl


def test_what_people_type_ends_alike(real: Kubectl, sandbox: Kubectl) -> None:
    typed = list(commands())
    with ThreadPoolExecutor(2) as hands:
        one, other = hands.map(lambda kubectl: [kubectl.outcome(each) for each in typed], (real, sandbox))

    apart = {
        command.name: f"--- real: {left}\n--- sandbox: {right}"
        for command, left, right in zip(typed, one, other, strict=True)
        if left != right
    }
    told = "\n".join(f"{name}\n{said}" for name, said in apart.items())
    assert unlike(apart, "commands", "planes") == "", told


def test_nobody_reaches_into_the_containers_of_the_sandbox(sandbox: Kubectl) -> None:
    sandbox.outcome(Command("", ("create", "namespace", "shop")))
    sandbox.outcome(Command("", ("run", "one", "--image=one:1")))
    sandbox.outcome(Command("", ("wait", "--for=condition=Ready", "pod/one", "--timeout=60s")))

    assert "the sandbox has no exec" in sandbox.outcome(Command("", ("exec", "one", "--", "id")))
    assert "the sandbox has no portforward" in sandbox.outcome(Command("", ("port-forward", "one", ":80")))


def test_every_command_has_a_name_of_its_own() -> None:
    names = [each.name for each in commands()]

    apart = [each for part in ("commands", "planes", "beyond") for each in known(part)]
    assert len(set(names)) == len(names)
    assert {name for each in apart for name in each.what} <= set(names)
