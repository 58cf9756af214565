"""Karpenter's kinds, as AKS with node auto-provisioning serves them; what is in them is not judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KINDS = (
    ("karpenter.sh", "v1", "NodePool"),
    ("karpenter.sh", "v1", "NodeClaim"),
    ("karpenter.azure.com", "v1beta1", "AKSNodeClass"),
)


def karpenter_definitions() -> Iterator[dict[str, Any]]:
    """A CustomResourceDefinition for each."""
    for group, version, kind in _KINDS:
        one = kind.lower()
        plural = f"{one}es" if one.endswith("s") else f"{one}s"
        names = {"plural": plural, "singular": one, "kind": kind, "listKind": f"{kind}List"}
        served = {
            "name": version,
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [served]},
        }
