"""A JSON document from the API as the value the house works with, small enough to keep 40,000 of."""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any

from pydantic_core import to_json

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.state import DIGEST, WORKSPACE, WORKSPACE_NAMESPACE, ObservedObject, packed
from reconciler.faults import Broken

from .kinds import KindInfo

Json = dict[str, Any]
Trim = Callable[[Json], Json]

_KEPT_METADATA = (
    "name",
    "namespace",
    "uid",
    "labels",
    "annotations",
    "deletionTimestamp",
    "ownerReferences",
    "creationTimestamp",
)


def observe(document: Json, kind: KindInfo, trim: Trim) -> ObservedObject:
    """One object as seen. Items of a list lack apiVersion and kind: they are added. Raises Broken when the
    document is no object."""
    try:
        return _observed(document, kind, trim)
    except (KeyError, TypeError, AttributeError) as malformed:
        raise Broken(f"the API answered with a {kind.kind} that has no {malformed}") from malformed


def whole(document: Json) -> Json:
    """Everything but managedFields, which is half of an object and of no use to us."""
    metadata = {key: value for key, value in document["metadata"].items() if key != "managedFields"}
    return {**document, "metadata": metadata}


def pod_essentials(document: Json) -> Json:
    """Of a pod: who it is, where it runs, what it asks for, how it is."""
    spec = document.get("spec") or {}
    containers = [_container(each) for each in spec.get("containers") or ()]
    placed = {"nodeName": spec["nodeName"]} if "nodeName" in spec else {}
    return {**_identity(document), "spec": {**placed, "containers": containers}, **_status(document)}


def node_essentials(document: Json) -> Json:
    """Of a node: who it is, whom it refuses, how it is. Not what moves with every heartbeat, nor the list
    of images on it, which alone can be 20 KB."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    kept = {key: status[key] for key in ("addresses", "allocatable", "capacity", "nodeInfo") if key in status}
    conditions = [_without_heartbeat(each) for each in status.get("conditions") or ()]
    wanted = {key: spec[key] for key in ("providerID", "taints", "unschedulable") if key in spec}
    return {**_identity(document), "spec": wanted, "status": {**kept, "conditions": conditions}}


def _observed(document: Json, kind: KindInfo, trim: Trim) -> ObservedObject:
    metadata = document["metadata"]
    namespace = intern(metadata.get("namespace", ""))
    told = {"apiVersion": kind.api_version, "kind": kind.kind, **document}
    return ObservedObject(
        ref=Ref(kind.api_version, kind.kind, namespace, metadata["name"]),
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        resource_version=metadata.get("resourceVersion", ""),
        body=packed(to_json(trim(told))),
        digest=(metadata.get("annotations") or {}).get(DIGEST, ""),
        workspace=_workspace(metadata.get("labels") or {}, namespace),
        deleting="deletionTimestamp" in metadata,
    )


def _workspace(labels: Json, namespace: str) -> WorkspaceName | None:
    name = labels.get(WORKSPACE, "")
    return WorkspaceName(intern(labels.get(WORKSPACE_NAMESPACE, namespace)), name) if name else None


def _identity(document: Json) -> Json:
    metadata = {key: document["metadata"][key] for key in _KEPT_METADATA if key in document["metadata"]}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": metadata}


def _container(container: Json) -> Json:
    return {key: container[key] for key in ("name", "resources") if key in container}


def _status(document: Json) -> Json:
    return {"status": document["status"]} if "status" in document else {}


def _without_heartbeat(condition: Json) -> Json:
    return {key: value for key, value in condition.items() if key != "lastHeartbeatTime"}
