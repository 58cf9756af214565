"""The further machines a workspace's owner accepts: annotations with lists, read word by word.

A word that leads nowhere is passed over and told; a list without a word that can be read is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reconciler.catalog.gpu import InstanceType, RetiredSize
from reconciler.catalog.offer import cheapest, list_in_words
from reconciler.catalog.substitute import Load, unfit
from reconciler.domain.accepted import BUYABLE, MOST_WAYS, accepted, is_capacity_type, is_zone, words
from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import (
    BYPASS_RESOURCE_CHECKS,
    CAPACITY_TYPE,
    GPU_DRIVER,
    INSTANCE_TYPES,
    ZONES,
    Workspace,
)

from .context import Context
from .flaw import Flaw, one_of, said, warning
from .resource import AZURE_GPU_PREFIXES
from .tuning import METHODS

_LISTS = (INSTANCE_TYPES, ZONES, CAPACITY_TYPE)
_MADE_OTHERWISE = {
    "byo": "the fleet runs on nodes you bring (nodeProvisioner: byo)",
    "gpu-provisioner": "gpu-provisioner makes on-demand machines of the first size, in any zone",
}


def accepted_machines(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Nothing where nothing is annotated, or all of it can be followed."""
    yield from _without_effect(workspace, context)
    if context.fleet.spec.node_provisioner in _MADE_OTHERWISE:
        return
    yield from _sizes(workspace, context)
    yield from _plain_words(ZONES, workspace, ("1", "2", "3"))
    yield from _plain_words(CAPACITY_TYPE, workspace, tuple(map(str, BUYABLE)))
    yield from _too_many(workspace, context)


def purpose_of(workspace: Workspace, context: Context) -> str:
    """What the machines are for, in the catalog's word: a runtime or a method of tuning."""
    if workspace.tuning is None:
        return context.runtime(workspace)
    method = (workspace.tuning.method or "").lower()
    return method if method in METHODS else METHODS[0]


def _without_effect(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    provisioner = context.fleet.spec.node_provisioner
    why = _MADE_OTHERWISE.get(provisioner, "")
    for key in _LISTS if why else ():
        if key in workspace.annotations:
            yield warning(_path(key), f"it has no effect: {why}", "remove it")
    if provisioner != "agentPool" and GPU_DRIVER in workspace.annotations:
        message = f"it has no effect: only agent pools follow it, and nodeProvisioner is {provisioner}"
        yield warning(_path(GPU_DRIVER), message, "remove it")
    if provisioner != "agentPool" and workspace.resource.preferred_nodes:
        message = f"preferredNodes has no effect where nodeProvisioner is {provisioner}"
        yield warning(("resource", "preferredNodes"), message, "remove it, and choose nodes by their labels")


def _sizes(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    given = workspace.annotations.get(INSTANCE_TYPES)
    if given is None:
        return
    listed = words(given)
    if given.strip() and not any(_is_size(each, context) for each in listed):
        yield _unreadable(INSTANCE_TYPES, given, "name Azure VM sizes, with commas between them")
        return
    load = _load(workspace, context)
    for name in listed:
        if why := unfit(context.catalog, name, load):
            mend = _instead(name, workspace, context)
            yield warning(_path(INSTANCE_TYPES), f"{said(name)} is passed over: {why}", mend)


def _is_size(name: str, context: Context) -> bool:
    known = context.catalog.sizes.find(name)
    return known is not None or name.lower().startswith(AZURE_GPU_PREFIXES)


def _load(workspace: Workspace, context: Context) -> Load:
    judged = BYPASS_RESOURCE_CHECKS not in workspace.annotations
    preset = context.preset(workspace)
    purpose = purpose_of(workspace, context) if judged else ""
    return Load(preset, purpose, made_for=context.instance(workspace))


def _instead(name: str, workspace: Workspace, context: Context) -> str:
    known = context.named_size(name)
    if not isinstance(known, InstanceType | RetiredSize) and known.nearest:
        return f"did you mean {known.nearest[0]}?"
    preset = context.preset(workspace)
    if preset is None:
        return "remove it, or name another size"
    offers = cheapest(context.catalog, preset, purpose=purpose_of(workspace, context))
    return f"cheapest current sizes that fit: {list_in_words(offers)}"


def _plain_words(key: str, workspace: Workspace, choices: tuple[str, ...]) -> Iterator[Flaw]:
    given = workspace.annotations.get(key)
    if given is None:
        return
    is_word, kind = (is_zone, "zone") if key == ZONES else (is_capacity_type, "capacity type")
    listed = words(given)
    wrong = [each for each in listed if not is_word(each)]
    if wrong and len(wrong) == len(listed):
        yield _unreadable(key, given, f"use {one_of(choices)}, in the order of preference")
        return
    for each in islice(wrong, MOST_WAYS):
        yield warning(_path(key), f"{said(each)} is passed over: it is no {kind}", f"use {one_of(choices)}")


def _too_many(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Where the Fleet alone says too much, its own file is told."""
    given = next((key for key in _LISTS if key in workspace.annotations), None)
    if given is None or context.fleet.spec.node_provisioner != "agentPool":
        return
    all_of = accepted(workspace, context.fleet)
    sizes = {workspace.instance_type.lower(), *(each.lower() for each in all_of.instance_types)}
    ways = len(sizes) * len(all_of.capacity_types) * max(len(all_of.zones), 1)
    if ways > MOST_WAYS:
        message = f"sizes, zones and terms make {ways} ways together; the first {MOST_WAYS} of them count"
        yield warning(_path(given), message, "name fewer sizes or zones")


def _unreadable(key: str, given: str, mend: str) -> Flaw:
    return Flaw(_path(key), f"nothing in {said(given)!r} can be read", mend)


def _path(key: str) -> FieldPath:
    return ("metadata", "annotations", key)
