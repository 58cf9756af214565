"""Nodes somebody brought: those the selector finds must be alike and say what GPUs they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.catalog.preset import Preset
from reconciler.domain.workspace import BYPASS_RESOURCE_CHECKS, Workspace
from reconciler.planner.rules.context import Context, SeenNode, count, selector
from reconciler.planner.rules.flaw import Flaw, said
from reconciler.planner.rules.resource import SELECTOR

_PRODUCT = "nvidia.com/gpu.product"
_COUNT = "nvidia.com/gpu.count"
_MEMORY = "nvidia.com/gpu.memory"  # MiB of one GPU


@dataclass(frozen=True, slots=True)
class _Gpus:
    """The GPUs of a node, by its labels."""

    product: str
    count: int
    memory_mib: int

    @property
    def total_gib(self) -> int:
        """KAITO's figure: GiB of one GPU, rounded, times their number."""
        return round(self.memory_mib / 1024) * self.count


def own_nodes(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Judged only where nodes are brought, a preset is served on whole GPUs, and the cluster was seen."""
    is_judged = not context.provisions and workspace.inference and workspace.inference.preset
    if not is_judged or workspace.resource.partition or context.nodes is None:
        return
    wanted = selector(workspace).items()
    matching = [node for node in context.nodes if wanted <= node.labels.items()]
    if not matching:
        yield Flaw(SELECTOR, "no node carries these labels", "label the nodes, or correct the selector")
        return
    unknown = [node for node in matching if _gpus(node) is None]
    if unknown:
        yield _silent(unknown[0])
    else:
        gpus = [known for node in matching if (known := _gpus(node))]
        yield from _alike(gpus, workspace, context)


def _alike(gpus: list[_Gpus], workspace: Workspace, context: Context) -> Iterator[Flaw]:
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


def _enough(preset: Preset, gpus: _Gpus, nodes: int) -> Iterator[Flaw]:
    has = gpus.total_gib * nodes
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


def _gpus(node: SeenNode) -> _Gpus | None:
    product, number, memory = (node.labels.get(key, "") for key in (_PRODUCT, _COUNT, _MEMORY))
    if not product or not number.isascii() or not (number + memory).isdigit() or not number or not memory:
        return None
    return _Gpus(product, int(number), int(memory)) if int(number) and int(memory) else None
