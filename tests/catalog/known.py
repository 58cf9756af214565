"""The catalog the tests ask, and values made in a line."""

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.gpu import GPU, InstanceType, Machine
from reconciler.catalog.preset import Attention, Preset, Vllm
from reconciler.catalog.price import Price
from reconciler.wiring import load_catalog

OUR_OWN = frozenset({"HuggingFaceTB/SmolLM2-135M-Instruct"})
"""Models that KAITO has no preset of."""


def catalog() -> Catalog:
    return load_catalog()


def preset(name: str) -> Preset:
    found = load_catalog().preset(name)
    assert isinstance(found, Preset), found
    return found


def instance(name: str) -> InstanceType:
    found = load_catalog().instance_type(name)
    assert isinstance(found, InstanceType), found
    return found


def a_preset(weights_gib: float, attention: Attention, token_limit: int = 131072) -> Preset:
    return Preset(
        name="org/made-up",
        aliases=(),
        source="tests",
        revision=None,
        license=None,
        gated=None,
        gated_confidence="none",
        architectures=("LlamaForCausalLM",),
        weights_gib=weights_gib,
        token_limit=token_limit,
        quantization=None,
        attention=attention,
        runtimes=("vllm",),
        vllm=Vllm(dtype="bfloat16"),
    )


def an_instance(memory_gib: float, gpus: int) -> InstanceType:
    return InstanceType(
        name="Standard_Made_up",
        series="made up",
        status="current",
        gpu=GPU("NVIDIA", "H100", memory_gib, 1, 9.0),
        gpu_count=gpus,
        machine=Machine(96, 900, "x86_64", False, True),
        quota_family="made up",
        aks_supported=True,
        aks_os=("ubuntu",),
        aks_driver=None,
        kaito_name=None,
        price=Price(1.0, "eastus", "high"),
        confidence="high",
    )
