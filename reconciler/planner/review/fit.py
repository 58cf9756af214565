"""Whether a model fits its machines, and how much they have left for longer and for more sequences."""

from __future__ import annotations

from dataclasses import replace

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.layout import Layout
from reconciler.catalog.memory import need
from reconciler.catalog.one_machine import TUNING_TOKENS, size_transformers, size_tuning
from reconciler.catalog.own_machine import own_machine
from reconciler.catalog.preset import Preset
from reconciler.catalog.sizing import Sizing, TooSmall, size, size_for_nodes, wanted_context
from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding
from reconciler.domain.fleet import Fleet
from reconciler.domain.review import Fit
from reconciler.domain.state import DesiredWorkspace
from reconciler.planner.resolve.blueprint import Runtime
from reconciler.planner.resolve.settings import context_of
from reconciler.planner.resolve.subject import Subject, read_subject


def fit_of(declared: Declared, desired: DesiredWorkspace, fleet: Fleet, catalog: Catalog) -> Fit | None:
    """The arithmetic of the catalog on the machines that were chosen; None where it does not apply: to a
    person's own pod, and to machines of which nothing is known."""
    subject = read_subject(declared, fleet, catalog)
    if isinstance(subject, Finding) or subject.preset is None or subject.on_processors:
        return None
    instance = _instance(declared, desired, catalog)
    if instance is None or not instance.gpu_count or instance.gpu.memory_gib is None:
        return None
    context = context_of(declared)
    match subject.runtime:
        case Runtime.VLLM:
            return _served(subject.model, instance, desired.nodes, context)
        case Runtime.TRANSFORMERS:
            used = replace(instance, gpu_count=1) if subject.is_towline else instance
            return _whole(subject.model, size_transformers(subject.model, used, context), context)
        case Runtime.TUNING:
            return _trained(subject, instance)
        case Runtime.TEMPLATE:
            return None


def _instance(declared: Declared, desired: DesiredWorkspace, catalog: Catalog) -> InstanceType | None:
    if not desired.instance_type:
        return own_machine(declared.gpus) if declared.gpus else None
    found = catalog.instance_type(desired.instance_type)
    return found if isinstance(found, InstanceType) else None


def _served(preset: Preset, instance: InstanceType, nodes: int, context: int | None) -> Fit:
    sizing = size_for_nodes(preset, instance, nodes, context)
    if sizing is None:
        tried = size(preset, instance, context)
        return _too_small(tried, preset, context) if isinstance(tried, TooSmall) else _too_few(tried, nodes)
    layout = Layout(sizing.nodes, sizing.tensor_parallel, sizing.pipeline_parallel, sizing.data_parallel)
    fullest = need(preset, layout, sizing.context)
    free = sizing.given_gib - fullest.weights_gib - fullest.overhead_gib
    return Fit(
        fits=True,
        weights_gib=fullest.weights_gib,
        needed_gib=fullest.total_gib,
        given_gib=sizing.given_gib,
        context=sizing.context,
        largest_context=sizing.largest_context,
        at_once=int(free / fullest.cache_gib) * layout.data,
        because=sizing.because,
    )


def _trained(subject: Subject, instance: InstanceType) -> Fit:
    tuning = subject.manifest.tuning
    method = (tuning.method if tuning else None) or "lora"
    return _whole(subject.model, size_tuning(subject.model, method.lower(), instance), TUNING_TOKENS)


def _whole(preset: Preset, sized: Sizing | TooSmall, context: int | None) -> Fit:
    """Of what runs on one machine, where nothing is said of several sequences."""
    if isinstance(sized, TooSmall):
        return _too_small(sized, preset, context)
    return Fit(
        fits=True,
        weights_gib=sized.weights_gib,
        needed_gib=sized.per_gpu_gib,
        given_gib=sized.given_gib,
        context=sized.context,
        largest_context=sized.largest_context,
        at_once=None,
        because=sized.because,
    )


def _too_small(tried: TooSmall, preset: Preset, context: int | None) -> Fit:
    wanted = wanted_context(preset, context)
    return Fit(False, 0.0, tried.needs_gib, tried.has_gib, wanted, 0, None, (tried.reason,))


def _too_few(needed: Sizing, nodes: int) -> Fit:
    because = f"{needed.nodes} machines are needed and there are {nodes}"
    return Fit(
        False, needed.weights_gib, needed.per_gpu_gib, needed.given_gib, needed.context, 0, None, (because,)
    )
