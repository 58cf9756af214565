"""A fleet on the real control plane: a person's repository, and Towline typed against it."""

from __future__ import annotations

import json
import subprocess
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.cluster.control_plane import ADMIN, ControlPlane
from tests.e2e.person import Person
from tests.e2e.typed import Daemon, becomes, environment, running_daemon, type_towline

APPS = "/apis/apps/v1"
NVIDIA = {
    "nvidia.com/gpu.product": "NVIDIA-A100-80GB-PCIe",
    "nvidia.com/gpu.count": "2",
    "nvidia.com/gpu.memory": "81920",
}


@dataclass
class RealFleet:
    """A fleet with a namespace of its own name, so that fleets of one control plane do not meet. `kubeconfig`
    is the way to the plane, its own where none is given."""

    name: str
    folder: Path
    person: Person
    plane: ControlPlane
    kubeconfig: Path | None = None

    def push(self, *names: str, provisioner: str = "byo", **files: str | None) -> None:
        """A fleet that serves a template by each of these names; `files` are workspaces written out."""
        told: dict[str, str | None] = {f"workspaces/{name}.yaml": own_pod(name) for name in names}
        told |= {f"workspaces/{name}.yaml": text for name, text in files.items()}
        self.person.push({"towline.yaml": self._towline(provisioner), **told})

    def once(self, token: str = ADMIN) -> subprocess.CompletedProcess[str]:
        """One pass."""
        return type_towline(("run", "--once", *self._words(token)), environment(self.folder), self.folder)

    def writes_of_a_pass(self) -> dict[str, int]:
        """What one pass writes into the cluster."""
        before = self.plane.so_far()
        self.once()
        return dict(self.plane.writes(before))

    def daemon(self, **surroundings: str) -> AbstractContextManager[Daemon]:
        """`towline run` while the block lasts."""
        words = (*self._words(ADMIN), "--poll", "1")
        return running_daemon(words, environment(self.folder, **surroundings), self.folder / "daemon.log")

    def beside(self, folder: Path) -> RealFleet:
        """The same fleet for a daemon with a memory and a log of its own."""
        return replace(self, folder=folder)

    def becomes(self, question: object, daemon: Daemon) -> None:
        becomes(question, 60, lambda: f"{daemon.said[-4000:]}\n\n{self.person.page()}")

    def at(self, plural: str, name: str = "", group: str = APPS) -> str:
        """The path of an object of this fleet, or of all of them."""
        return f"{group}/namespaces/{self.name}/{plural}" + (f"/{name}" if name else "")

    def live(self, plural: str, name: str, group: str = APPS) -> Any:
        return self.plane.ask("GET", self.at(plural, name, group))

    def message(self, workspace: str) -> str:
        return str(self.person.told(workspace, self.name).get("message", ""))

    def phase(self, workspace: str) -> str:
        return str(self.person.told(workspace, self.name).get("phase", ""))

    def bring_nodes(self, *names: str, **labels: str) -> None:
        """GPU nodes that carry the fleet's name as their label `apps`."""
        for name in names:
            metadata = {"name": self.node(name), "labels": {"apps": self.name, **NVIDIA, **labels}}
            self.plane.ask(
                "POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
            )

    def node(self, name: str) -> str:
        """What a node that was brought is really called: nodes of all fleets share one cluster."""
        return f"{self.plane.prefix}{self.name}-{name}"

    def _towline(self, provisioner: str) -> str:
        return (
            f"apiVersion: towline.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: {self.name}}}\nspec:\n"
            f"  namespaces: [{self.name}]\n  defaultNamespace: {self.name}\n"
            f"  nodeProvisioner: {provisioner}\n  onImmutableChange: replace\n"
        )

    def _words(self, token: str) -> tuple[str, ...]:
        kubeconfig = str(self.kubeconfig or self.plane.kubeconfig_of(token))
        place = ("--repo", str(self.person.bare), "--state", str(self.folder / "state"), "--offline")
        return (*place, "--context", self.plane.context, "--kubeconfig", kubeconfig)


def own_pod(name: str, apps: str = "own", image: str = "nginx", gpus: int = 0, **annotations: str) -> str:
    """A workspace that serves a person's own pod template on nodes labelled `apps`."""
    asked = f", resources: {{limits: {{nvidia.com/gpu: {gpus}}}}}" if gpus else ""
    pod = f"metadata: {{annotations: {json.dumps(annotations)}}}, " if annotations else ""
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {{name: {name}}}\n"
        f"resource: {{labelSelector: {{matchLabels: {{apps: {apps}}}}}}}\n"
        f'inference: {{template: {{{pod}spec: {{containers: [{{name: srv, image: "{image}"{asked}}}]}}}}}}\n'
    )


def preset(name: str, apps: str, more: str = "") -> str:
    """A workspace that serves Phi-4-mini."""
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {{name: {name}}}\n"
        f"resource: {{labelSelector: {{matchLabels: {{apps: {apps}}}}}{more}}}\n"
        "inference: {preset: {name: phi-4-mini-instruct}}\n"
    )


def tuned(name: str, apps: str) -> str:
    """A workspace that fine-tunes Phi-3-mini."""
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {{name: {name}}}\n"
        f"resource: {{labelSelector: {{matchLabels: {{apps: {apps}}}}}}}\n"
        "tuning:\n  preset: {name: phi-3-mini-128k-instruct}\n  method: qlora\n"
        "  input: {urls: ['https://example.com/data.parquet']}\n"
        "  output: {image: 'example.azurecr.io/adapters/a:1', imagePushSecret: push}\n"
    )
