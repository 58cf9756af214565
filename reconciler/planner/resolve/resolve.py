"""Workspace to Blueprint: every open choice made, or the mistake that leaves one open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding
from reconciler.domain.fleet import Fleet
from reconciler.domain.state import FLEET, MANAGED_BY, WORKSPACE, WORKSPACE_NAMESPACE
from reconciler.domain.workspace import ENABLE_LB
from reconciler.planner.read.plain import unsayable

from .adapters import fetch_adapters
from .blueprint import Blueprint, Capacity, Nodes, Runtime
from .capacity import resolve_capacity
from .machines import resolve_nodes
from .own_pod import own_metadata, own_pod
from .scheduling import preferred_nodes, requirements, tolerations, unsettable
from .serving import service_ports, serving_pod
from .settings import context_of
from .subject import Subject, read_subject
from .towline.serving import own_serving
from .towline.training import own_training
from .towline.work import Work
from .training import default_params, training_pod
from .ways import ways_of

CONFIG_DIGEST = "towline.dev/config-digest"
"""Pod annotation: another content of the person's ConfigMap is another pod."""

DO_NOT_DISRUPT = "karpenter.sh/do-not-disrupt"


def resolve(declared: Declared, fleet: Fleet, catalog: Catalog) -> Blueprint | tuple[Finding, ...]:
    """The workspace with nothing left to choose but the way its nodes are had, or the mistakes that hold it
    back. It is as the preferred way has it; the others are its `alternatives`."""
    subject = read_subject(declared, fleet, catalog)
    if isinstance(subject, Finding):
        return (subject,)
    if field := unsayable(declared.manifest):
        mend = "Write a number Kubernetes can read"
        return (subject.error(field, "a number in it is infinite or not a number", mend),)
    context = context_of(declared)
    ways = ways_of(subject, context)
    preferred, *others = (_resolved(each, context) for each in ways.subjects)
    if isinstance(preferred, tuple):
        return preferred
    able = tuple(replace(each, findings=()) for each in others if isinstance(each, Blueprint))
    return replace(preferred, because=(*preferred.because, *ways.because), alternatives=able)


def _resolved(subject: Subject, context: int | None) -> Blueprint | tuple[Finding, ...]:
    capacity = resolve_capacity(subject, context)
    if isinstance(capacity, Finding):
        return (capacity,)
    return _blueprint(subject, capacity, resolve_nodes(subject, capacity))


def _blueprint(subject: Subject, capacity: Capacity, nodes: Nodes) -> Blueprint | tuple[Finding, ...]:
    wanted = requirements(subject, nodes.pool)
    tolerated = tolerations(capacity.gpu_resource)
    work = _work(subject, capacity)
    own = own_pod(subject, wanted, tolerated) if subject.runtime is Runtime.TEMPLATE else None
    for mistake in (work, own):
        if isinstance(mistake, Finding):
            return (mistake,)
    assert not isinstance(work, Finding)
    assert not isinstance(own, Finding)
    labels, selector = _labels(subject), {WORKSPACE: subject.name.name}
    pod_labels, pod_annotations = own_metadata(subject)
    service = _service_type(subject)
    return Blueprint(
        name=subject.name,
        fleet=subject.fleet.name,
        declared=subject.declared.digest,
        runtime=subject.runtime,
        model=subject.preset.short_name if subject.preset else "custom template",
        preset=subject.preset,
        capacity=capacity,
        nodes=nodes,
        labels=labels,
        selector=selector,
        pod_labels={**pod_labels, **labels},
        pod_annotations={**pod_annotations, **_config_digest(subject.declared), **_undisturbed(subject)},
        requirements=wanted,
        tolerations=tolerated,
        pod=work.pod if work else None,
        own_pod=own,
        service_type=service,
        service_ports=service_ports(subject, capacity, service),
        option=subject.option,
        default_params=default_params(subject.manifest.tuning, subject.fleet),
        document=work.document if work else None,
        because=(*capacity.because, *(work.because if work else ())),
        findings=(*unsettable(subject), *_too_few_named(subject, capacity)),
    )


def _work(subject: Subject, capacity: Capacity) -> Work | Finding | None:
    match subject.runtime:
        case Runtime.TEMPLATE:
            return None
        case Runtime.TUNING:
            train = own_training if subject.is_towline else _kaitos_training
            return train(subject, capacity)
        case Runtime.VLLM | Runtime.TRANSFORMERS:
            serve = own_serving if subject.is_towline else _kaitos_serving
            return serve(subject, capacity)


def _kaitos_training(subject: Subject, capacity: Capacity) -> Work | Finding:
    pod = training_pod(subject, capacity)
    return pod if isinstance(pod, Finding) else Work(pod)


def _kaitos_serving(subject: Subject, capacity: Capacity) -> Work | Finding:
    adapters = fetch_adapters(subject)
    return adapters if isinstance(adapters, Finding) else Work(serving_pod(subject, capacity, adapters))


def _labels(subject: Subject) -> dict[str, str]:
    """What every object of the workspace carries."""
    name = subject.name
    return {
        "app.kubernetes.io/component": "tuning" if subject.runtime is Runtime.TUNING else "inference",
        "app.kubernetes.io/instance": name.name,
        "app.kubernetes.io/name": str(subject.runtime),
        MANAGED_BY: "towline",
        WORKSPACE: name.name,
        WORKSPACE_NAMESPACE: name.namespace,
        FLEET: subject.fleet.name,
    }


def _config_digest(declared: Declared) -> dict[str, str]:
    if declared.config is None:
        return {}
    text = json.dumps(dict(declared.config), sort_keys=True)
    return {CONFIG_DIGEST: hashlib.sha256(text.encode()).hexdigest()[:16]}


def _undisturbed(subject: Subject) -> dict[str, str]:
    """Karpenter must not take a machine away under a training, which would begin again."""
    is_moved = subject.provisioner == "karpenter" and subject.runtime is Runtime.TUNING
    return {DO_NOT_DISRUPT: "true"} if is_moved else {}


def _service_type(subject: Subject) -> str:
    public = subject.manifest.annotations.get(ENABLE_LB, "").lower() == "true"
    return "LoadBalancer" if public else "ClusterIP"


def _too_few_named(subject: Subject, capacity: Capacity) -> Iterator[Finding]:
    """Nodes a person names are taken all together or not at all."""
    names = preferred_nodes(subject)
    if subject.provisioner == "agentPool" and 0 < len(names) < capacity.nodes:
        have = "1 node is" if len(names) == 1 else f"{len(names)} nodes are"
        message = f"{have} named and {capacity.nodes} are needed, so machines are bought for all of it"
        yield subject.warning("resource.preferredNodes", message, "Name as many, or remove it")
