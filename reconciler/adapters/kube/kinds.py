"""Where a kind of object is served: its plural, and whether it lives in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.domain.identity import Ref


@dataclass(frozen=True, slots=True)
class KindInfo:
    """A kind as the API serves it. What is `shared` is looked at whole: all of it, whoever made it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    shared: bool = False

    @property
    def collection(self) -> str:
        """The path of all of them, in every namespace."""
        return f"{group_path(self.api_version)}/{self.plural}"

    def collection_in(self, namespace: str) -> str:
        """The path of all of them in one namespace; of all of them where the kind lives in none."""
        namespaced = ("namespaces", quote(namespace, safe="")) if self.namespaced and namespace else ()
        return "/".join([group_path(self.api_version), *namespaced, self.plural])

    @property
    def is_custom(self) -> bool:
        """Whether a definition brings it, so that the API may not serve it yet. Kubernetes keeps names
        without a dot, and those under k8s.io, for itself."""
        group = self.api_version.rpartition("/")[0]
        return "." in group and not group.endswith(".k8s.io")

    def path(self, ref: Ref, subresource: str = "") -> str:
        """The path of one of them."""
        namespace = ("namespaces", ref.namespace) if self.namespaced else ()
        parts = [*namespace, self.plural, ref.name, *([subresource] if subresource else [])]
        return "/".join([group_path(self.api_version), *(quote(part, safe="") for part in parts)])


def group_path(api_version: str) -> str:
    """`/api/v1` for the core group, `/apis/<group>/<version>` for all others."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def known_kind(api_version: str, kind: str) -> KindInfo | None:
    """A kind whose plural need not be asked for."""
    return KNOWN.get((api_version, kind))


def discovered_kinds(api_version: str, resources: Mapping[str, Any]) -> dict[tuple[str, str], KindInfo]:
    """The kinds in an APIResourceList; subresources (`deployments/scale`) are not kinds."""
    return {
        (api_version, each["kind"]): KindInfo(
            api_version, each["kind"], each["name"], bool(each["namespaced"])
        )
        for each in resources.get("resources") or ()
        if "/" not in each["name"]
    }


def _known(api_version: str, *plurals: str, namespaced: bool = True) -> dict[tuple[str, str], KindInfo]:
    pairs = (entry.split(":") for entry in plurals)
    return {
        (api_version, kind): KindInfo(api_version, kind, plural, namespaced=namespaced)
        for kind, plural in pairs
    }


KNOWN: Mapping[tuple[str, str], KindInfo] = {
    **_known("v1", "Namespace:namespaces", "Node:nodes", namespaced=False),
    **_known("v1", "ConfigMap:configmaps", "Secret:secrets", "Service:services", "Pod:pods"),
    **_known("v1", "ServiceAccount:serviceaccounts", "PersistentVolumeClaim:persistentvolumeclaims"),
    **_known("apps/v1", "Deployment:deployments", "StatefulSet:statefulsets", "DaemonSet:daemonsets"),
    **_known("batch/v1", "Job:jobs", "CronJob:cronjobs"),
    **_known("policy/v1", "PodDisruptionBudget:poddisruptionbudgets"),
    **_known("networking.k8s.io/v1", "NetworkPolicy:networkpolicies", "Ingress:ingresses"),
    **_known("rbac.authorization.k8s.io/v1", "Role:roles", "RoleBinding:rolebindings"),
    **_known(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition:customresourcedefinitions", namespaced=False
    ),
    **_known("kaito.sh/v1beta1", "Workspace:workspaces"),
    **_known("kaito.sh/v1alpha1", "Workspace:workspaces"),
    **_known("karpenter.sh/v1", "NodePool:nodepools", "NodeClaim:nodeclaims", namespaced=False),
}
