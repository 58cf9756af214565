"""KAITO's own node estimator and parallelism rules, kept exactly, faults and all, to compare with.

Source: kaito-project/kaito at 056b8280 (v0.12), re-derived from its description. It divides the cache of
MLA models, and of models with few key-value heads, by all GPUs of a node, which vLLM does not.
"""

import math

from .gpu import InstanceType
from .layout import Layout, holds_twice
from .memory import DEFAULT_CONTEXT, LOADED, MARGIN, OVERHEAD_GIB
from .preset import GIB, Preset

UTILISATION = 0.84


def kaito_nodes(preset: Preset, instance: InstanceType, context: int = DEFAULT_CONTEXT) -> int | None:
    """Nodes KAITO would make, or None where it says a GPU is too small or does not know it.

    GPUs = int(weights × 1.02 / ((memory × 0.84 − fixed) / 1.05)) + 1,
    fixed = 2.3 GiB + context × bytes a token / GPUs a node.
    """
    per_node, memory = instance.gpu_count, instance.gpu.memory_gib
    if not per_node or memory is None:
        return None
    free = memory * GIB * UTILISATION
    fixed = OVERHEAD_GIB * GIB + context * preset.attention.bytes_per_token / per_node
    if free <= fixed:
        return None
    gpus = int(preset.weight_bytes * LOADED / ((free - fixed) / MARGIN)) + 1
    return math.ceil(gpus / per_node)


def kaito_layout(preset: Preset, instance: InstanceType, nodes: int) -> Layout:
    """KAITO's three rules: copies on one node; tensor parallel in a node; pipeline parallel over nodes."""
    per_node = instance.gpu_count or 1
    if nodes == 1 and per_node > 1 and holds_twice(preset, instance):
        return Layout(1, 1, 1, per_node)
    return Layout(nodes, per_node, nodes, 1)
