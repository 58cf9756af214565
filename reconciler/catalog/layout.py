"""How one model is spread over the GPUs of so many machines: tensor × pipeline × data parallel."""

from dataclasses import dataclass

from .gpu import InstanceType
from .preset import GIB, Attention, Preset


@dataclass(frozen=True, slots=True)
class Layout:
    """tensor × pipeline × data = nodes × GPUs a node: every GPU has work."""

    nodes: int
    tensor: int
    pipeline: int
    data: int

    @property
    def gpus(self) -> int:
        """All GPUs in use."""
        return self.tensor * self.pipeline * self.data


def layouts(preset: Preset, instance: InstanceType, nodes: int) -> tuple[Layout, ...]:
    """The ways vLLM can run this preset on so many nodes, the best first; empty where there is none.

    Sources: KAITO v0.12's three rules (copies on one node where a GPU holds the weights twice over;
    else tensor parallel within a node; pipeline parallel over nodes), and vLLM's model code, which
    wants the heads to divide by the tensor degree and at least one layer in a pipeline stage.
    """
    per_node = instance.gpu_count or 0
    if not per_node:
        return ()
    tensor = _widest_tensor(preset.attention, per_node)
    rest = per_node // tensor
    ways = [Layout(nodes, tensor, nodes * rest, 1)]
    if nodes == 1 and rest > 1:
        ways.insert(0, Layout(1, tensor, 1, rest))
    if nodes == 1 and per_node > 1 and holds_twice(preset, instance):
        ways.insert(0, Layout(1, 1, 1, per_node))
    return tuple(dict.fromkeys(way for way in ways if way.pipeline <= preset.attention.layers))


def holds_twice(preset: Preset, instance: InstanceType) -> bool:
    """KAITO's test for data parallel: twice the weights on each GPU are below its memory."""
    memory = instance.gpu.memory_gib or 0
    return 2 * preset.weight_bytes < memory * GIB


def cache_share(attention: Attention, layout: Layout) -> float:
    """The part of one sequence's key-value cache that the fullest GPU keeps.

    Pipeline stages split the layers. Tensor parallel splits key-value heads and copies them where
    there are fewer heads than GPUs; MLA's latent has no heads, so every GPU keeps all of it.
    Sources: vLLM's attention layers; KAITO PR 2139 on its own estimator dividing MLA.
    """
    kept = 1.0 if attention.kind == "MLA" else _ceil(attention.kv_heads, layout.tensor) / attention.kv_heads
    return kept * layer_share(attention, layout)


def layer_share(attention: Attention, layout: Layout) -> float:
    """The part of the layers in the fullest pipeline stage."""
    return _ceil(attention.layers, layout.pipeline) / attention.layers


def _widest_tensor(attention: Attention, gpus: int) -> int:
    fitting = (degree for degree in range(gpus, 0, -1) if gpus % degree == 0 and _divides(attention, degree))
    return next(fitting)


def _divides(attention: Attention, degree: int) -> bool:
    if attention.heads % degree:
        return False
    latent = attention.kind == "MLA"
    return latent or not attention.kv_heads % degree or not degree % attention.kv_heads


def _ceil(whole: int, parts: int) -> int:
    return -(-whole // parts)
