"""Discovery: which kinds there are, in the legacy documents and the aggregated one (apidiscovery.k8s.io)."""

from __future__ import annotations

from typing import Any

from .documents import Obj
from .kinds import Kind, KindTable

VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_PART_VERBS = {
    "exec": ["create", "get"],
    "attach": ["create", "get"],
    "portforward": ["create", "get"],
    "log": ["get"],
    "proxy": ["create", "delete", "get", "patch", "update"],
}


def discover(kinds: KindTable, path: str) -> Obj | None:
    """The legacy discovery document at a path, None where there is none."""
    match [part for part in path.split("/") if part]:
        case ["version"]:
            return dict(VERSION)
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            return _groups(kinds)
        case ["api", version]:
            return _resources(kinds, "", version)
        case ["apis", group]:
            return _group(kinds, group)
        case ["apis", group, version]:
            return _resources(kinds, group, version)
    return None


def aggregated(kinds: KindTable, root: str, version: str) -> Obj:
    """Everything below /api or /apis in one APIGroupDiscoveryList."""
    groups = {
        group: tree for group, tree in kinds.group_versions().items() if (group == "") == (root == "api")
    }
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group, "creationTimestamp": None},
                "versions": [_aggregated_version(each, served) for each, served in tree.items()],
            }
            for group, tree in groups.items()
        ],
    }


def _groups(kinds: KindTable) -> Obj:
    named = [group for group in kinds.group_versions() if group]
    listed = [{**_bare_group(kinds, group)} for group in named]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def _group(kinds: KindTable, group: str) -> Obj | None:
    if group not in kinds.group_versions():
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_bare_group(kinds, group)}


def _bare_group(kinds: KindTable, group: str) -> Obj:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version}
        for version in kinds.group_versions()[group]
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resources(kinds: KindTable, group: str, version: str) -> Obj | None:
    served = kinds.group_versions().get(group, {}).get(version)
    if served is None:
        return None
    listed = [resource for kind in served for resource in _listed(kind, version)]
    group_version = f"{group}/{version}" if group else version
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": listed,
    }


def _listed(kind: Kind, version: str) -> list[Obj]:
    whole: Obj = {
        "name": kind.plural,
        "singularName": kind.singular or kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _VERBS,
        **({"shortNames": list(kind.short)} if kind.short else {}),
        **({"categories": list(kind.categories)} if kind.categories else {}),
    }
    return [whole, *(_listed_part(kind, part) for part in sorted(kind.as_served(version).subresources))]


def _listed_part(kind: Kind, part: str) -> Obj:
    listed: Obj = {
        "name": f"{kind.plural}/{part}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _PART_VERBS.get(part, ["get", "patch", "update"]),
    }
    if part == "scale":
        listed |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return listed


def _aggregated_version(version: str, served: list[Kind]) -> Obj:
    resources = [_aggregated_resource(kind, version) for kind in served]
    return {"version": version, "freshness": "Current", "resources": resources}


def _aggregated_resource(kind: Kind, version: str) -> Obj:
    itself = {"group": kind.group, "version": version, "kind": kind.name}
    scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    parts: list[dict[str, Any]] = [
        {
            "subresource": part,
            "responseKind": scale if part == "scale" else itself,
            "verbs": _PART_VERBS.get(part, ["get", "patch", "update"]),
        }
        for part in sorted(kind.as_served(version).subresources)
    ]
    return {
        "resource": kind.plural,
        "responseKind": itself,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.name.lower(),
        "shortNames": list(kind.short),
        "categories": list(kind.categories),
        "verbs": _VERBS,
        "subresources": parts,
    }
