"""Nodes somebody brought: those the selector finds must be alike and say what GPUs they have."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.preset import Preset
from reconciler.domain.config import NodeGpus
from reconciler.domain.workspace import BYPASS_RESOURCE_CHECKS, Workspace

from .context import Context, SeenNode, count, selector
from .flaw import Flaw, said
from .resource import SELECTOR

_PRODUCT = "nvidia.com/gpu.product"
_COUNT = "nvidia.com/gpu.count"
_MEMORY = "nvidia.com/gpu.memory"  # MiB of one GPU


def own_nodes(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Judged only where nodes are brought, a preset is served on whole GPUs, and the cluster was seen."""
    is_judged = not context.provisions and workspace.inference and workspace.inference.preset
    if not is_judged or workspace.resource.partition or context.nodes is None:
        return
    matching = _matching(workspace, context.nodes)
    if not matching:
        yield Flaw(SELECTOR, "no node carries these labels", "label the nodes, or correct the selector")
        return
    if context.on_processors(workspace):
        return
    unknown = [node for node in matching if _gpus(node) is None]
    if unknown:
        yield _silent(unknown[0])
    else:
        gpus = [known for node in matching if (known := _gpus(node))]
        yield from _alike(gpus, workspace, context)


def selected_gpus(workspace: Workspace, context: Context) -> NodeGpus | None:
    """What every node has that the workspace selects, or names where its nodes are made; None where they
    differ, are silent or were not seen."""
    if context.nodes is None:
        return None
    named = workspace.resource.preferred_nodes or ()
    nodes = [each for each in context.nodes if not context.provisions or each.name in named]
    found = {_gpus(node) for node in _matching(workspace, tuple(nodes))}
    return found.pop() if len(found) == 1 else None


def _matching(workspace: Workspace, nodes: tuple[SeenNode, ...]) -> list[SeenNode]:
    wanted = selector(workspace).items()
    return [node for node in nodes if wanted <= node.labels.items()]


def _alike(gpus: list[NodeGpus], workspace: Workspace, context: Context) -> Iterator[Flaw]:
    for what, seen in (
        ("GPUs", {each.product for each in gpus}),
        ("numbers of GPUs", {each.count for each in gpus}),
        ("sizes of GPU memory", {each.memory_mib for each in gpus}),
    ):
        if len(seen) > 1:
            found = said(", ".join(sorted(map(str, seen))))
            yield Flaw(
                SELECTOR, f"the nodes found have different {what}: {found}", "select nodes that are alike"
            )
            return
    preset = context.preset(workspace)
    if preset is not None and BYPASS_RESOURCE_CHECKS not in workspace.annotations:
        yield from _enough(preset, gpus[0], count(workspace))


def _enough(preset: Preset, gpus: NodeGpus, nodes: int) -> Iterator[Flaw]:
    """KAITO's figure: GiB of one GPU, rounded, times the number of them."""
    has = round(gpus.memory_mib / 1024) * gpus.count * nodes
    if has < preset.weights_gib:
        yield Flaw(
            SELECTOR,
            f"the weights of {preset.short_name} take {preset.weights_gib:g} GiB of GPU memory; "
            f"{nodes} × {said(gpus.product)} nodes have {has}",
            "bring larger nodes, raise resource.count, or serve a smaller model",
        )


def _silent(node: SeenNode) -> Flaw:
    return Flaw(
        SELECTOR,
        f"node {said(node.name)} does not say what GPUs it has",
        f"install NVIDIA's GPU feature discovery: it sets the labels {_PRODUCT}, .count and .memory",
    )


def _gpus(node: SeenNode) -> NodeGpus | None:
    product, number, memory = (node.labels.get(key, "") for key in (_PRODUCT, _COUNT, _MEMORY))
    if not product or not number.isascii() or not (number + memory).isdigit() or not number or not memory:
        return None
    return NodeGpus(product, int(number), int(memory)) if int(number) and int(memory) else None
