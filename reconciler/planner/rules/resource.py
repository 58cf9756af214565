"""The nodes a workspace asks for: machine size, label selector, count."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.catalog import Unknown
from reconciler.domain.workspace import V1BETA1, LabelSelector, Workspace

from .context import Context
from .flaw import Flaw, said
from .metadata import label

AZURE_GPU_PREFIXES = ("standard_n", "standard_d")
INSTANCE_TYPE = ("resource", "instanceType")
SELECTOR = ("resource", "labelSelector")


def resource(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """What holds for every workspace, whatever runs on the nodes."""
    if workspace.api_version == V1BETA1:
        yield from _instance_type(workspace, context)
    asked = workspace.resource.count
    if asked is not None and asked < 1:
        yield Flaw(("resource", "count"), f"{asked} nodes cannot run anything", "write 1 or more, or nothing")
    if workspace.resource.label_selector is None:
        yield Flaw(
            SELECTOR,
            "labelSelector is missing",
            f"add it, for example labelSelector: {{matchLabels: {{apps: {said(workspace.metadata.name)}}}}}",
        )
    else:
        yield from _selector(workspace.resource.label_selector)


def inference_resource(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """What KAITO asks in addition of nodes that serve."""
    if context.provisions and _keeps_none(workspace):
        yield Flaw(
            SELECTOR,
            "the selector needs a label that is not one of KAITO's own",
            f"add one, for example matchLabels: {{apps: {said(workspace.metadata.name)}}}",
        )
    if context.provisions and workspace.instance_type:
        yield from _supported(workspace.instance_type, context)


def _keeps_none(workspace: Workspace) -> bool:
    """Whether a selector that can be read leaves no label but KAITO's own."""
    asked = workspace.resource.label_selector
    if asked is None or not all(each.is_label for each in asked.match_expressions or ()):
        return False
    return not workspace.node_labels


def _instance_type(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    given = workspace.resource.instance_type
    if context.provisions and not given:
        yield Flaw(
            INSTANCE_TYPE,
            "instanceType is missing, and the fleet makes the nodes",
            "name a size, for example Standard_NC24ads_A100_v4; `towline size MODEL` lists those that fit",
        )
    elif not context.provisions and given:
        yield Flaw(
            INSTANCE_TYPE,
            "the fleet runs on nodes you bring (nodeProvisioner: byo), so no size may be named",
            "remove instanceType and choose nodes with labelSelector",
        )


def _supported(name: str, context: Context) -> Iterator[Flaw]:
    known = context.named_size(name)
    if not isinstance(known, Unknown) or name.lower().startswith(AZURE_GPU_PREFIXES):
        return
    near = (
        f"did you mean {known.nearest[0]}?" if known.nearest else "`towline size MODEL` lists those that fit"
    )
    yield Flaw(INSTANCE_TYPE, f"{said(name)} is no Azure GPU size", near)


def _selector(asked: LabelSelector) -> Iterator[Flaw]:
    for key, value in (asked.match_labels or {}).items():
        yield from label((*SELECTOR, "matchLabels", key), key, value)
    for index, each in enumerate(asked.match_expressions or ()):
        path = (*SELECTOR, "matchExpressions", index)
        if not each.is_label:
            yield Flaw(
                path,
                f"{said(each.key)} {said(each.operator)} {len(each.values)} values cannot be put on nodes",
                "use operator In with one value, or matchLabels",
            )
        else:
            yield from label(path, each.key, each.values[0])
