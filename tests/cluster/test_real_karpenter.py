"""Karpenter's kinds on a real kube-apiserver: asked for once, and told when nobody answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.cluster.conftest import Bring
from tests.cluster.fleet import preset
from tests.gitserver import until


def test_karpenter_is_asked_once_and_what_it_owes_is_told(bring: Bring) -> None:
    fleet = bring("claims")
    sized = preset("phi", "claims", ", instanceType: Standard_NC24ads_A100_v4")
    fleet.push(provisioner="karpenter", phi=sized)
    fleet.once()
    assert "what defines this kind may not be installed" in fleet.message("phi")

    for definition in karpenter_definitions():
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        fleet.plane.ask("POST", path, definition)
    group = "/apis/karpenter.azure.com/v1beta1/aksnodeclasses"
    assert until(lambda: fleet.plane.ask("GET", group), 20)
    fleet.once()
    fleet.once()

    assert fleet.message("phi") == "Waiting for Karpenter to see node pool claims-phi"
    assert fleet.plane.names(group) == ["image-family-azure-linux", "image-family-ubuntu"]
    assert fleet.writes_of_a_pass() == {}


def karpenter_definitions() -> Iterator[dict[str, Any]]:
    kinds = (
        ("karpenter.sh", "v1", "NodePool"),
        ("karpenter.sh", "v1", "NodeClaim"),
        ("karpenter.azure.com", "v1beta1", "AKSNodeClass"),
    )
    for group, version, kind in kinds:
        plural = kind.lower() + ("es" if kind.endswith("s") else "s")
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        served = {"name": version, "served": True, "storage": True, "schema": schema}
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": "Cluster",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "versions": [served],
            },
        }
