"""The ways a workspace's nodes may be had, in the order its owner prefers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.substitute import Load, unfit
from reconciler.domain.accepted import MOST_WAYS
from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.finding import Finding
from reconciler.domain.state import Cost
from reconciler.domain.workspace import INSTANCE_TYPES
from reconciler.planner.rules.flaw import said

from .blueprint import Capacity, Runtime
from .capacity import resolve_capacity
from .scheduling import preferred_nodes
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Ways:
    """The subject once for each way, the preferred one first, and why others are not among them."""

    subjects: tuple[Subject, ...]
    because: tuple[str, ...] = ()


def ways_of(subject: Subject, context: int | None) -> Ways:
    """All that are tried. An agent pool is of one size, in one zone, on one set of terms; Karpenter chooses
    by itself among sizes that run the very same pods, and gpu-provisioner knows nothing but a size."""
    match subject.fleet.spec.node_provisioner:
        case "agentPool":
            return _one_by_one(subject, context)
        case "karpenter":
            return _together(_first(subject), context)
        case _:
            return Ways((_first(subject),))


def _first(subject: Subject) -> Subject:
    known = subject.catalog.sizes.find(subject.manifest.instance_type)
    name = known.name if isinstance(known, InstanceType) else subject.manifest.instance_type
    is_made = subject.fleet.spec.node_provisioner != "byo"
    return replace(subject, option=Option(name if is_made else ""))


def _one_by_one(subject: Subject, context: int | None) -> Ways:
    first = _first(subject)
    others, because = _others(first, context)
    accepted = subject.accepted
    sizes = (first.option.instance_type, *(each.name for each in others))
    bought = product(sizes, accepted.capacity_types, accepted.zones or ("",))
    options = (*_own(first, context), *(Option(size, terms, zone) for size, terms, zone in bought))
    return Ways(tuple(replace(subject, option=each) for each in options[:MOST_WAYS]), because)


def _own(subject: Subject, context: int | None) -> Iterator[Option]:
    """Nodes a person names come before any that are bought, where they are as many as it takes."""
    own = Option("", CapacityType.OWN)
    if names := preferred_nodes(subject):
        capacity = resolve_capacity(replace(subject, option=own), context)
        if isinstance(capacity, Capacity) and capacity.nodes <= len(names):
            yield own


def _together(subject: Subject, context: int | None) -> Ways:
    """One way with all the sizes Karpenter may choose from: those that the same pods run on."""
    others, because = _others(subject, context)
    wanted = resolve_capacity(subject, context)
    alike = tuple(each for each in others if _layout(_as(subject, each), context) == _plain(wanted))
    unlike = tuple(
        f"{each.name} is passed over: the pods would be laid out otherwise on it, and Karpenter chooses the "
        "size after they are made"
        for each in others
        if each not in alike
    )
    return Ways((replace(subject, others=alike),), (*because, *unlike))


def _as(subject: Subject, instance: InstanceType) -> Subject:
    return replace(subject, option=replace(subject.option, instance_type=instance.name))


def _layout(subject: Subject, context: int | None) -> Capacity | Finding:
    return _plain(resolve_capacity(subject, context))


def _plain(capacity: Capacity | Finding) -> Capacity | Finding:
    """The capacity without what no pod can tell."""
    if isinstance(capacity, Finding):
        return capacity
    return replace(capacity, instance_type="", cost=Cost(None, "", ""), because=())


def _others(subject: Subject, context: int | None) -> tuple[tuple[InstanceType, ...], tuple[str, ...]]:
    """The further sizes that can run it, once each and by Azure's names; and why others cannot."""
    listed = subject.accepted.instance_types
    if not listed:
        return (), ()
    load = _load(subject, context)
    reasons = {name: unfit(subject.catalog, name, load) for name in dict.fromkeys(listed)}
    fitting = (subject.catalog.sizes.find(name) for name, why in reasons.items() if not why)
    own = subject.option.instance_type.lower()
    found = {each.name: each for each in fitting if isinstance(each, InstanceType)}
    others = tuple(each for name, each in found.items() if name.lower() != own)
    return others, tuple(_passed_over(reasons.items()))


def _passed_over(reasons: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, why in reasons:
        if why:
            yield f"{said(name)} is passed over: {why}"


def _load(subject: Subject, context: int | None) -> Load:
    known = subject.catalog.sizes.find(subject.option.instance_type)
    return Load(
        preset=subject.preset,
        purpose="" if subject.is_bypassing_checks else _purpose(subject),
        context=None if subject.runtime is Runtime.TUNING else context,
        made_for=known if isinstance(known, InstanceType) else None,
        by_default=INSTANCE_TYPES not in subject.manifest.annotations,
    )


def _purpose(subject: Subject) -> str:
    tuning = subject.manifest.tuning
    if tuning is None:
        return str(subject.runtime)
    return "qlora" if (tuning.method or "").lower() == "qlora" else "lora"
