"""A machine somebody brought, as far as the labels of NVIDIA's GPU feature discovery describe it."""

from reconciler.domain.config import NodeGpus

from .gpu import GPU, InstanceType, Machine
from .price import Price

_MIB_A_GIB = 1024


def own_machine(gpus: NodeGpus) -> InstanceType:
    """That machine in the words of the sizes. What no label says is not known; it costs nothing."""
    model = gpus.product.removeprefix("NVIDIA-")
    return InstanceType(
        name=gpus.product,
        series="",
        status="current",
        gpu=GPU("NVIDIA", model, round(gpus.memory_mib / _MIB_A_GIB, 1), None, None),
        gpu_count=gpus.count,
        machine=Machine(0, None, "", infiniband=False, nvme=None),
        quota_family="",
        aks_supported=False,
        aks_os=(),
        aks_driver=None,
        kaito_name=None,
        price=Price(0.0, None, "high"),
        confidence="high",
    )
