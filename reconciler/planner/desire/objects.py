"""Everything one blueprint asks for, filled in: Kubernetes objects and an agent pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml
from pydantic import BaseModel

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.state import (
    FLEET,
    MANAGED_BY,
    WORKSPACE,
    WORKSPACE_NAMESPACE,
    DesiredObject,
    DesiredPool,
    packed,
)
from reconciler.domain.workspace import Workspace
from reconciler.planner.resolve.blueprint import Blueprint, Runtime
from reconciler.planner.resolve.towline.documents import Document, document_name

from .render import Templates, canonical, digest

DOCUMENT_DIGEST = "towline.dev/document-digest"
"""Pod annotation: another document is another pod."""

_SERVERS_OWN = "kubectl.kubernetes.io/last-applied-configuration"


def objects_of(blueprint: Blueprint, manifest: Workspace, templates: Templates) -> tuple[DesiredObject, ...]:
    """The custom resource, the nodes where Karpenter makes them, the document our own containers read,
    Services and workload."""
    name = blueprint.name
    shown = _document(blueprint, templates)
    marked = _marked(blueprint, shown)
    documents = (
        templates.render("workloads/workspace", _as_written(blueprint, manifest)),
        *_nodes(blueprint, templates),
        *shown,
        *(templates.render(each, {"w": marked}) for each in _workload(blueprint.runtime)),
    )
    return tuple(desired_object(document, name) for document in documents)


def pool_of(blueprint: Blueprint, templates: Templates) -> DesiredPool | None:
    """The agent pool, where the fleet makes its nodes itself."""
    nodes, capacity = blueprint.nodes, blueprint.capacity
    if nodes.provisioner != "agentPool":
        return None
    body = canonical(templates.render("nodes/agent-pool", {"w": blueprint}))
    return DesiredPool(nodes.pool, blueprint.name, capacity.instance_type, capacity.nodes, body, digest(body))


def default_params_object(name: str, namespace: str, fleet: str, templates: Templates) -> DesiredObject:
    """The shipped training configuration as a ConfigMap; all tunings of a namespace share it."""
    values = {
        "name": name,
        "namespace": namespace,
        "labels": fleet_labels(fleet),
        "quantized": name.startswith("qlora"),
    }
    return desired_object(templates.render("workloads/tuning/configmap", values), None)


SHARED_LABELS = {MANAGED_BY: "towline"}
"""What the cluster's own objects carry: of no one fleet, lest two fleets write their names in turn."""


def fleet_labels(fleet: str) -> dict[str, str]:
    """What every object of ours carries that belongs to no one workspace."""
    return {MANAGED_BY: "towline", FLEET: fleet}


def desired_object(document: Mapping[str, Any], workspace: WorkspaceName | None) -> DesiredObject:
    """A rendered document as a thing to be so."""
    metadata = document["metadata"]
    ref = Ref(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])
    body = canonical(document)
    return DesiredObject(ref, workspace, packed(body), digest(body))


def _document(blueprint: Blueprint, templates: Templates) -> tuple[dict[str, Any], ...]:
    """The ConfigMap with what our own container reads; none for another's."""
    told = blueprint.document
    if told is None:
        return ()
    values = {
        "w": blueprint,
        "name": document_name(blueprint.name.name, told),
        "files": dict(_files(told, templates)),
    }
    return (templates.render("workloads/document", values),)


def _files(told: Document, templates: Templates) -> Iterator[tuple[str, str]]:
    yield told.file, _yaml(templates.render(told.template, {"d": told}))
    for file, source in told.adapters.items():
        yield file, _yaml(templates.render("parts/source", {"s": source}))


def _yaml(document: Mapping[str, Any]) -> str:
    """A document as people read it, in the order of its template."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(dict(document), Dumper=dumper, sort_keys=False, width=110, allow_unicode=True)
    return text


def _marked(blueprint: Blueprint, shown: tuple[dict[str, Any], ...]) -> Blueprint:
    if not shown:
        return blueprint
    mark = digest(canonical(shown[0]["data"]))[:16]
    return replace(blueprint, pod_annotations={**blueprint.pod_annotations, DOCUMENT_DIGEST: mark})


def _workload(runtime: Runtime) -> tuple[str, ...]:
    if runtime is Runtime.TUNING:
        return ("workloads/tuning/job",)
    folder = "workloads/inference"
    return (f"{folder}/service-headless", f"{folder}/service", f"{folder}/statefulset")


def _nodes(blueprint: Blueprint, templates: Templates) -> Iterator[dict[str, Any]]:
    match blueprint.nodes.provisioner:
        case "karpenter":
            yield templates.render("nodes/node-pool", {"w": blueprint})
        case "gpu-provisioner":
            labels = _claim_labels(blueprint)
            for claim in blueprint.nodes.claims:
                values = {"w": blueprint, "claim": claim, "labels": labels}
                yield templates.render("nodes/node-claim", values)


def _claim_labels(blueprint: Blueprint) -> dict[str, str]:
    """Azure/gpu-provisioner owns NodeClaims with a workspace's label, and wants its pool's name."""
    name = blueprint.name
    ours = {WORKSPACE: name.name, WORKSPACE_NAMESPACE: name.namespace, FLEET: blueprint.fleet}
    return {**blueprint.nodes.labels, **ours, "karpenter.sh/nodepool": "kaito"}


def _as_written(blueprint: Blueprint, manifest: Workspace) -> dict[str, Any]:
    """The custom resource as committed, in v1beta1: v1alpha1's default machine size is written out."""
    resource = _section(manifest.resource) or {}
    if manifest.instance_type and blueprint.nodes.provisioner != "byo":
        resource["instanceType"] = manifest.instance_type
    annotations = {key: value for key, value in manifest.annotations.items() if key != _SERVERS_OWN}
    return {
        "w": blueprint,
        "labels": {**(manifest.metadata.labels or {}), **blueprint.labels},
        "annotations": annotations,
        "resource": resource,
        "inference": _section(manifest.inference),
        "tuning": _section(manifest.tuning),
    }


def _section(section: BaseModel | None) -> dict[str, Any] | None:
    return section.model_dump(by_alias=True, exclude_unset=True, exclude_none=True) if section else None
