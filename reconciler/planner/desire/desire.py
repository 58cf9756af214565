"""Config to DesiredState: every workspace resolved and filled in, or held with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Config, Declared, Supporting
from reconciler.domain.finding import Finding, has_errors
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredObject, DesiredState, DesiredWorkspace
from reconciler.domain.workspace import V1ALPHA1_INSTANCE_TYPE
from reconciler.planner.decide import inventory
from reconciler.planner.resolve.blueprint import Blueprint, Runtime
from reconciler.planner.resolve.resolve import resolve
from reconciler.planner.resolve.training import default_params

from .objects import SHARED_LABELS, default_params_object, desired_object, fleet_labels, objects_of, pool_of
from .render import Templates

Memo = dict[Any, Any]

_MATTERS: dict[str, bool | set[str]] = {
    "node_provisioner": True,
    "node_classes": True,
    "feature_gates": True,
    "image_registry": True,
    "runtime": True,
    "private_hosts": True,
    "insecure_registries": True,
    "cluster": {"location"},
    "provisioning": {"instance_types", "zones", "capacity_types"},
}
"""The fields of a Fleet that change what a workspace becomes; which way is taken is judged apart."""

_COLUMNS = (
    ("ResourceReady", "ResourceReady"),
    ("InferenceReady", "InferenceReady"),
    ("JobStarted", "JobStarted"),
    ("WorkspaceReady", "WorkspaceSucceeded"),
)
"""What kubectl shows of KAITO's conditions, under the names of KAITO's guide."""

_IMAGE_FAMILIES = {"image-family-ubuntu": "Ubuntu2204", "image-family-azure-linux": "AzureLinux"}
KUBERNETES_OWN = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a workspace became when it was last looked at, and from what."""

    key: tuple[object, ...]
    outcome: DesiredWorkspace | tuple[Finding, ...]


def desire(
    config: Config,
    catalog: Catalog,
    templates: Templates,
    memo: Memo,
    standing: Collection[WorkspaceName] = (),
) -> DesiredState:
    """Everything asked for.

    An unchanged workspace costs one look into `memo`, which the caller keeps for one set of templates and
    machine sizes; the catalog may learn presets meanwhile. `standing` are workspaces the fleet already
    has: what they have mounted stays, though they are held.
    """
    wanted: dict[WorkspaceName, DesiredWorkspace] = {}
    held: dict[WorkspaceName, tuple[Finding, ...]] = {}
    fleet_key = _fleet_key(config.fleet)
    for name, declared in config.workspaces.items():
        outcome = _remembered(declared, config.fleet, fleet_key, (catalog, templates, memo))
        if isinstance(outcome, DesiredWorkspace):
            wanted[name] = outcome
        else:
            held[name] = outcome
    _forget(memo, config)
    present = [name for name in config.workspaces if name in wanted or name in standing]
    return DesiredState(wanted, held, tuple(_objects(config, present, templates, memo)))


def desire_workspace(
    declared: Declared, fleet: Fleet, catalog: Catalog, templates: Templates
) -> DesiredWorkspace | tuple[Finding, ...]:
    """One workspace and all it asks of the world, or the mistakes that hold it back."""
    if has_errors(declared.findings):
        return declared.findings
    blueprint = resolve(declared, fleet, catalog)
    if isinstance(blueprint, tuple):
        return (*declared.findings, *blueprint)
    preferred = _desired(declared, blueprint, templates)
    others = (_desired(declared, each, templates) for each in blueprint.alternatives)
    return replace(
        preferred,
        findings=(*declared.findings, *blueprint.findings),
        alternatives=tuple(_sharing(each, preferred) for each in others),
    )


def _desired(declared: Declared, blueprint: Blueprint, templates: Templates) -> DesiredWorkspace:
    capacity = blueprint.capacity
    return DesiredWorkspace(
        name=declared.name,
        file=declared.file,
        digest=declared.digest,
        model=blueprint.model,
        tuning=blueprint.runtime is Runtime.TUNING,
        instance_type=capacity.instance_type,
        nodes=capacity.nodes,
        gpus_per_node=capacity.gpus_per_node,
        cost=capacity.cost,
        objects=objects_of(blueprint, declared.manifest, templates),
        pool=pool_of(blueprint, templates),
        because=blueprint.because,
        option=blueprint.option,
    )


def _sharing(way: DesiredWorkspace, preferred: DesiredWorkspace) -> DesiredWorkspace:
    """The same, with the very objects of the preferred way where they are equal: most are."""
    known = {each.digest: each for each in preferred.objects}
    return replace(way, objects=tuple(known.get(each.digest, each) for each in way.objects))


def desire_cluster(config: Config, templates: Templates) -> tuple[DesiredObject, ...]:
    """What workspaces stand on: their kind, the fleet's namespaces, and Karpenter's node images.

    Namespaces are those the Fleet names, not those in use: a fleet without workspaces keeps them.
    """
    labels = SHARED_LABELS
    crd: dict[str, Any] = {
        "labels": labels,
        "default_instance_type": V1ALPHA1_INSTANCE_TYPE,
        "columns": _COLUMNS,
    }
    namespaces = sorted({*config.fleet.spec.namespaces, inventory.NAMESPACE}.difference(KUBERNETES_OWN))
    asked: list[tuple[str, dict[str, Any]]] = [
        ("cluster/workspace-crd", crd),
        *(("cluster/namespace", {"name": name, "labels": labels}) for name in namespaces),
        *(("nodes/aks-node-class", values) for values in _node_classes(config.fleet)),
    ]
    return tuple(desired_object(templates.render(name, values), None) for name, values in asked)


def _remembered(
    declared: Declared, fleet: Fleet, fleet_key: str, means: tuple[Catalog, Templates, Memo]
) -> DesiredWorkspace | tuple[Finding, ...]:
    catalog, templates, memo = means
    preset = declared.manifest.preset
    facts = catalog.by_name.get(preset.name.strip().lower()) if preset else None
    key = (declared.digest, fleet_key, facts, declared.file, declared.line, declared.findings, declared.gpus)
    known = memo.get(declared.name)
    if known is not None and known.key == key:
        outcome: DesiredWorkspace | tuple[Finding, ...] = known.outcome
        return outcome
    fresh = desire_workspace(declared, fleet, catalog, templates)
    memo[declared.name] = _Known(key, fresh)
    return fresh


def _fleet_key(fleet: Fleet) -> str:
    text = fleet.name + fleet.spec.model_dump_json(include=_MATTERS)
    return hashlib.sha256(text.encode()).hexdigest()


def _forget(memo: Memo, config: Config) -> None:
    """Drop what is no longer declared once it is more than what is."""
    if len(memo) > 2 * (len(config.workspaces) + len(config.supporting)) + 100:
        declared = {each.ref for each in config.supporting}.union(config.workspaces)
        for name in [each for each in memo if each not in declared]:
            del memo[name]


def _objects(
    config: Config, present: Collection[WorkspaceName], templates: Templates, memo: Memo
) -> Iterator[DesiredObject]:
    """What belongs to no one workspace: committed beside them, or shipped for several that are `present`; a
    held one that runs has it mounted."""
    committed = {each.ref: each for each in config.supporting}
    yield from (_supporting(each, config.fleet.name, memo) for each in committed.values())
    params = {
        (default_params(tuning, config.fleet), name.namespace)
        for name in present
        if (tuning := config.workspaces[name].manifest.tuning)
    }
    for name, namespace in sorted(params):
        shipped = default_params_object(name, namespace, config.fleet.name, templates) if name else None
        if shipped and shipped.ref not in committed:
            yield shipped


def _supporting(supporting: Supporting, fleet: str, memo: Memo) -> DesiredObject:
    known = memo.get(supporting.ref)
    if known is not None and known[0] == (supporting, fleet):
        desired: DesiredObject = known[1]
        return desired
    metadata = {**supporting.body.get("metadata", {}), "namespace": supporting.ref.namespace}
    metadata["labels"] = {**(metadata.get("labels") or {}), **fleet_labels(fleet)}
    fresh = desired_object({**supporting.body, "metadata": metadata}, None)
    desired = replace(fresh, ref=supporting.ref)
    memo[supporting.ref] = ((supporting, fleet), desired)
    return desired


def _node_classes(fleet: Fleet) -> Iterator[dict[str, Any]]:
    """The AKSNodeClasses KAITO would make at its start, of those the Fleet allows."""
    if fleet.spec.node_provisioner == "karpenter":
        for name in fleet.spec.node_classes:
            if name in _IMAGE_FAMILIES:
                yield {"name": name, "labels": SHARED_LABELS, "image_family": _IMAGE_FAMILIES[name]}
