"""`towline install` as it is typed: shown without a cluster, applied to the embedded world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli import main
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_world import CONTEXT, ask, definition
from tests.e2e.person import Person

FLEET = (
    "apiVersion: towline.dev/v1alpha1\nkind: Fleet\nmetadata: {name: chat}\nspec: {namespaces: [default]}\n"
)
TOLD = ("--repo", "https://git.example/models.git", "--image", "registry.example/towline:1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "world")) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "towline.yaml").write_text(FLEET)
    return folder


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, ("install", *words), prog_name="towline")


def into(world: Sandbox, fleet: Path, *words: str) -> dict[str, str]:
    place = ("--context", CONTEXT, "--kubeconfig", str(world.kubeconfig), "--fleet", str(fleet))
    result = typed(*TOLD, *place, "-o", "json", *words)
    assert result.exit_code == 0, result.output
    return {f"{each['kind']} {each['name']}": each["change"] for each in json.loads(result.stdout)["objects"]}


def test_what_would_be_made_is_shown_without_a_cluster(fleet: Path) -> None:
    told = ("--dry-run", "--fleet", str(fleet), *TOLD)

    shown, listed = typed(*told), typed(*told, "-o", "json")

    stream: list[dict[str, Any]] = list(yaml.safe_load_all(shown.stdout))
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert json.loads(listed.stdout)["items"] == stream
    kinds = [each["kind"] for each in stream]
    assert kinds[0] == "Namespace"
    assert kinds.index("ServiceAccount") < kinds.index("ClusterRoleBinding") < kinds.index("Deployment")


def test_a_repository_that_only_this_machine_sees_is_refused(tmp_path: Path) -> None:
    person = Person.arrives(tmp_path)
    person.push({"towline.yaml": FLEET})

    refused = typed("--dry-run", "--repo", str(person.bare), "--image", "i")

    assert refused.exit_code == 1
    assert "a cluster cannot see a folder of this machine" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--repo", "https://ann:hunter2@git.example/m.git", "--dry-run"), "put them into a Secret"),
        (("--repo", "https://git.example/m.git"), "a cluster is always named: --context NAME"),
        (("--repo", "ext::sh -c id", "--dry-run"), "--repo: "),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(fleet: Path, words: tuple[str, ...], said: str) -> None:
    result = typed("--image", "i", "--fleet", str(fleet), *words)

    assert result.exit_code == 1
    assert said in result.stderr
    assert "hunter2" not in result.output


def test_a_second_time_changes_nothing(world: Sandbox, fleet: Path) -> None:
    first, second = into(world, fleet), into(world, fleet)

    assert set(first.values()) == {"created", "left alone"}
    assert set(second.values()) == {"unchanged", "left alone"}
    assert [name for name, change in second.items() if change == "left alone"] == [
        "PodMonitor towline-chat",
        "PrometheusRule towline-chat",
    ]
    lines = typed(
        *TOLD, "--context", CONTEXT, "--kubeconfig", str(world.kubeconfig), "--fleet", str(fleet)
    ).stdout.splitlines()
    assert "unchanged    Deployment towline-chat in towline-system" in lines


def test_one_change_changes_one_object(world: Sandbox, fleet: Path) -> None:
    into(world, fleet)
    again = into(world, fleet, "--replicas", "3")
    assert [name for name, change in again.items() if change == "configured"] == ["Deployment towline-chat"]


def test_another_namespace_of_the_fleet_brings_its_binding_and_takes_the_former(
    world: Sandbox, fleet: Path
) -> None:
    into(world, fleet)
    (fleet / "towline.yaml").write_text(
        FLEET.replace("[default]", "[models]").replace("spec: {", "spec: {defaultNamespace: models, ")
    )

    place = ("--context", CONTEXT, "--kubeconfig", str(world.kubeconfig), "--fleet", str(fleet))
    told = json.loads(typed(*TOLD, *place, "-o", "json").stdout)["objects"]

    bindings = {each["namespace"]: each["change"] for each in told if each["kind"] == "RoleBinding"}
    assert bindings == {"models": "created", "towline-system": "unchanged", "default": "pruned"}


def test_a_definition_that_is_kaitos_is_left_alone(world: Sandbox, fleet: Path) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    kaitos = definition(**{"app.kubernetes.io/managed-by": "Helm"})
    assert ask(world, "POST", crds, kaitos) == 201

    told = into(world, fleet)

    assert told["CustomResourceDefinition workspaces.kaito.sh"] == "left alone"
