"""How many machines of which size, how many GPUs, and how the model is spread over them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.memory import utilisation
from reconciler.catalog.offer import cheapest, list_in_words
from reconciler.catalog.one_machine import size_transformers
from reconciler.catalog.own_machine import own_machine
from reconciler.catalog.sizing import Sizing, TooSmall, size
from reconciler.domain.config import NodeGpus
from reconciler.domain.finding import Finding
from reconciler.domain.state import Cost
from reconciler.domain.workspace import Partition

from .blueprint import Capacity, Runtime
from .subject import Subject

GPU = "nvidia.com/gpu"
_size = lru_cache(maxsize=1024)(size)  # a fleet serves the same models on the same machines many times over


def resolve_capacity(subject: Subject, context: int | None) -> Capacity | Finding:
    """The machines this workspace needs for sequences of `context` tokens, or why none will do."""
    if subject.on_processors:
        return _without_gpus(subject)
    match subject.provisioner:
        case "byo":
            return _own_nodes(subject, context)
        case "own":
            return _named_nodes(subject, context)
        case _:
            return _bought(subject, context)


def _bought(subject: Subject, context: int | None) -> Capacity | Finding:
    asked = subject.option.instance_type or subject.manifest.instance_type
    if not asked:
        return subject.error("resource.instanceType", "no machine size is named", "Name an Azure VM size")
    instance = subject.catalog.instance_type(asked)
    if not isinstance(instance, InstanceType) or not instance.gpu_count:
        return _not_known(subject, asked)
    match subject.runtime:
        case Runtime.VLLM | Runtime.TRANSFORMERS:
            return _served(subject, instance, _sized(subject, instance, context))
        case Runtime.TUNING:
            return _machines(subject, instance, 1, ("fine-tuning runs on one machine",))
        case Runtime.TEMPLATE:
            return _machines(subject, instance, _count(subject), ("as many machines as resource.count says",))


def _sized(subject: Subject, instance: InstanceType, context: int | None) -> Sizing | TooSmall:
    if subject.runtime is Runtime.TRANSFORMERS:
        return size_transformers(subject.model, _used_by_transformers(subject, instance), context)
    return _size(subject.model, instance, context)


def _served(subject: Subject, instance: InstanceType, sizing: Sizing | TooSmall) -> Capacity | Finding:
    if isinstance(sizing, TooSmall):
        return _despite(subject, instance, sizing)
    nodes = _count(subject) if subject.runtime is Runtime.TRANSFORMERS else sizing.nodes
    return Capacity(
        instance_type=instance.name,
        nodes=nodes,
        gpus_per_node=instance.gpu_count or 0,
        gpus_asked=_used_by_transformers(subject, instance).gpu_count or 0,
        cost=_cost(subject, instance, nodes),
        has_nvidia=instance.gpu.vendor == "NVIDIA",
        memory_share=utilisation(instance.gpu),
        nvme=bool(instance.machine.nvme),
        tensor_parallel=sizing.tensor_parallel,
        pipeline_parallel=sizing.pipeline_parallel,
        data_parallel=sizing.data_parallel,
        because=(*sizing.because, *_declared_differs(subject, nodes)),
    )


def _used_by_transformers(subject: Subject, instance: InstanceType) -> InstanceType:
    """The machine as far as it is used: Towline's engine on Transformers stays on one GPU."""
    is_small = subject.is_towline and subject.runtime is Runtime.TRANSFORMERS
    return replace(instance, gpu_count=1) if is_small and instance.gpu_count else instance


def _without_gpus(subject: Subject) -> Capacity:
    cost = Cost(0.0, subject.catalog.sizes.prices.date, "")
    because = "it runs on the processors of the fleet's own nodes; nothing is bought"
    return Capacity("", 1, 0, 0, cost, because=(because,))


def _declared_differs(subject: Subject, nodes: int) -> tuple[str, ...]:
    declared = subject.manifest.resource.count
    if declared in (None, nodes):
        return ()
    return (f"resource.count says {declared}; as in KAITO the arithmetic decides: {nodes}",)


def _despite(subject: Subject, instance: InstanceType, too_small: TooSmall) -> Capacity | Finding:
    if not subject.is_bypassing_checks and subject.declared.gpus:
        mend = "Select nodes with larger GPUs, or serve a smaller model"
        return subject.error("resource.labelSelector", too_small.reason, mend)
    if not subject.is_bypassing_checks:
        offers = cheapest(subject.catalog, subject.model, purpose=subject.runtime)
        return subject.error(
            "resource.instanceType", too_small.reason, f"Sizes that fit: {list_in_words(offers)}"
        )
    because = (too_small.reason, "kaito.sh/bypass-resource-checks says to try all the same")
    return _machines(subject, instance, _count(subject), because, spread=subject.runtime is Runtime.VLLM)


def _machines(
    subject: Subject, instance: InstanceType, nodes: int, because: tuple[str, ...], *, spread: bool = False
) -> Capacity:
    per_node = instance.gpu_count or 0
    return Capacity(
        instance_type=instance.name,
        nodes=nodes,
        gpus_per_node=per_node,
        gpus_asked=per_node,
        cost=_cost(subject, instance, nodes),
        has_nvidia=instance.gpu.vendor == "NVIDIA",
        memory_share=utilisation(instance.gpu),
        nvme=bool(instance.machine.nvme),
        tensor_parallel=per_node if spread else 1,
        pipeline_parallel=nodes if spread else 1,
        because=because,
    )


def _not_known(subject: Subject, asked: str) -> Capacity:
    """A size whose GPUs we do not know: Azure has the last word. Sizes with GPUs are called Standard_N…."""
    gpus = 1 if asked.lower().startswith("standard_n") else 0
    nodes = 1 if subject.runtime is Runtime.TUNING else _count(subject)
    because = f"the GPUs of {asked} are not known: {gpus} a machine and {nodes} of them are asked for"
    prices = subject.catalog.sizes.prices
    cost = Cost(None, prices.date, "", subject.may_be_spot)
    return Capacity(asked, nodes, gpus, gpus, cost, has_nvidia=gpus > 0, because=(because,))


def _own_nodes(subject: Subject, context: int | None) -> Capacity | Finding:
    """A preset that is served takes the whole of nodes whose labels say what they have, as in KAITO. All else
    is asked for as written; training keeps to one GPU, for a label that comes or goes must not restart it."""
    gpus = subject.declared.gpus
    is_served = subject.runtime in (Runtime.VLLM, Runtime.TRANSFORMERS)
    if gpus is None or not is_served or subject.manifest.resource.partition:
        return _as_written(subject)
    machine = own_machine(gpus)
    capacity = _served(subject, machine, _sized(subject, machine, context))
    return capacity if isinstance(capacity, Finding) else _unbought(subject, capacity, gpus)


def _named_nodes(subject: Subject, context: int | None) -> Capacity | Finding:
    """Nodes a person names: by what their labels say where they were seen, else as if they were of the
    machine size that stands beside them."""
    if subject.declared.gpus is not None:
        return _own_nodes(subject, context)
    capacity = _bought(subject, context)
    if isinstance(capacity, Finding):
        return capacity
    because = f"they are taken for {capacity.instance_type}; nothing is bought while they serve"
    cost = Cost(0.0, subject.catalog.sizes.prices.date, "")
    return replace(capacity, instance_type="", cost=cost, because=(because, *capacity.because))


def _unbought(subject: Subject, capacity: Capacity, gpus: NodeGpus) -> Capacity:
    own = f"the fleet's own nodes: {gpus.count} × {gpus.product} on each of {capacity.nodes}"
    cost = Cost(0.0, subject.catalog.sizes.prices.date, "")
    because = (f"{own}; nothing is bought", *capacity.because)
    return replace(capacity, instance_type="", cost=cost, because=because)


def _as_written(subject: Subject) -> Capacity:
    resource, gpus = _share(subject.manifest.resource.partition)
    nodes = 1 if subject.runtime is Runtime.TUNING else _count(subject)
    because = f"the fleet's own nodes: {gpus} × {resource} on each of {nodes}; nothing is bought"
    prices = subject.catalog.sizes.prices
    return Capacity(
        instance_type="",
        nodes=nodes,
        gpus_per_node=gpus,
        gpus_asked=gpus,
        cost=Cost(0.0, prices.date, ""),
        gpu_resource=resource,
        tensor_parallel=gpus,
        pipeline_parallel=nodes if subject.runtime is Runtime.VLLM else 1,
        because=(because,),
    )


def _share(partition: Partition | None) -> tuple[str, int]:
    match partition:
        case Partition(mode="mig", profile=str(profile)):
            return f"nvidia.com/mig-{profile}", 1
        case Partition(mode="accelerator", count=int(count)) if count > 0:
            return GPU, count
        case _:
            return GPU, 1


def _count(subject: Subject) -> int:
    return max(subject.manifest.resource.count or 1, 1)


def _cost(subject: Subject, instance: InstanceType, nodes: int) -> Cost:
    """Of several sizes the dearest, unknown where one of them is; spot machines cost at most that."""
    prices = [each.price.hourly(nodes) for each in (instance, *subject.others)]
    known = [price for price in prices if price is not None]
    dearest = max(known) if len(known) == len(prices) else None
    at_most = subject.may_be_spot or len(set(prices)) > 1
    return Cost(dearest, subject.catalog.sizes.prices.date, instance.price.region or "", at_most)
