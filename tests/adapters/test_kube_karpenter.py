"""The NodeClaims that Karpenter makes for a workspace's NodePool, seen through the door and judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import known_kind
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Health
from reconciler.domain.state import ObservedObject
from reconciler.planner.health import DEGRADED, HEALTHY, node_claim
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_world import CONTEXT, QUICK, desired, eventually
from tests.planner.asking import desired as asked
from tests.planner.asking import serving

VERSION = "karpenter.sh/v1"
KINDS = tuple(kind for name in ("NodePool", "NodeClaim") if (kind := known_kind(VERSION, name)))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600)) as sandbox:
        yield sandbox


@pytest.fixture
def cluster(world: Sandbox) -> Iterator[KubeCluster]:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "towline", KINDS, QUICK)
    for kind in ("NodePool", "NodeClaim"):
        cluster.apply(desired(definition(kind)))
    yield cluster
    cluster.close()


def definition(kind: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    plural = f"{kind.lower()}s"
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.karpenter.sh"},
        "spec": {"group": "karpenter.sh", "scope": "Cluster", "names": names, "versions": [version]},
    }


def ask_for_nodes(cluster: KubeCluster) -> None:
    workspace = asked(serving(), node_provisioner="karpenter")
    (pool,) = (each for each in workspace.objects if each.ref.kind == "NodePool")
    cluster.apply(pool)


def claims(cluster: KubeCluster) -> list[ObservedObject]:
    return [each for ref, each in cluster.objects().items() if ref.kind == "NodeClaim"]


def judged(cluster: KubeCluster) -> list[Health]:
    return [node_claim(each.document) for each in claims(cluster)]


def test_claims_that_karpenter_makes_are_known_to_be_the_workspaces(cluster: KubeCluster) -> None:
    ask_for_nodes(cluster)
    eventually(lambda: [each.state for each in judged(cluster)] == [HEALTHY])
    assert [each.workspace for each in claims(cluster)] == [WorkspaceName("default", "model")]
    assert [each.digest for each in claims(cluster)] == [""]


def test_a_claim_that_finds_no_capacity_says_so_with_the_next_step(
    world: Sandbox, cluster: KubeCluster
) -> None:
    world.ask("no-capacity")
    ask_for_nodes(cluster)
    eventually(lambda: [each.state for each in judged(cluster)] == [DEGRADED])
    (health,) = judged(cluster)
    assert "all requested instance types were unavailable during launch" in health.message
    assert "towline.dev/instance-types" in health.message
