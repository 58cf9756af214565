"""A person's own pod template, with what every pod of ours has merged in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.domain.finding import Finding

from .blueprint import Toleration
from .subject import Subject


def own_pod(
    subject: Subject, wanted: Mapping[str, tuple[str, ...]], tolerations: Iterable[Toleration]
) -> dict[str, Any] | Finding:
    """The person's PodSpec: affinity replaced by ours, our tolerations after theirs. Source: KAITO v0.12."""
    inference = subject.manifest.inference
    template = (inference and inference.template) or {}
    spec = template.get("spec")
    if not isinstance(spec, dict) or not _is_list_of_maps(spec.get("containers")):
        field = "inference.template.spec.containers"
        return subject.error(field, "the template has no containers", "Write a PodTemplateSpec")
    theirs = spec.get("tolerations")
    kept: list[Any] = list(theirs) if isinstance(theirs, list | tuple) else []
    ours = [_toleration(each) for each in tolerations]
    merged = {key: value for key, value in spec.items() if key not in ("affinity", "tolerations")}
    for key in ("containers", "initContainers"):
        if isinstance(merged.get(key), list | tuple):
            merged[key] = [_with_textual_quantities(each) for each in merged[key]]
    if wanted:
        merged["affinity"] = _affinity(wanted)
    return {**merged, "tolerations": [*kept, *(each for each in ours if each not in kept)]}


def own_metadata(subject: Subject) -> tuple[dict[str, str], dict[str, str]]:
    """The labels and annotations of a person's pod template."""
    inference = subject.manifest.inference
    metadata = ((inference and inference.template) or {}).get("metadata")
    if not isinstance(metadata, dict):
        return {}, {}
    return _texts(metadata.get("labels")), _texts(metadata.get("annotations"))


def _with_textual_quantities(container: Any) -> Any:
    """`nvidia.com/gpu: 1` as `"1"`: server-side apply wants quantities as text, people write numbers."""
    resources = container.get("resources") if isinstance(container, dict) else None
    if not isinstance(resources, dict):
        return container
    textual = {
        key: {name: str(each) if isinstance(each, int | float) else each for name, each in value.items()}
        if isinstance(value, dict)
        else value
        for key, value in resources.items()
    }
    return {**container, "resources": textual}


def _affinity(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    expressions = [{"key": key, "operator": "In", "values": [*each]} for key, each in wanted.items()]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _toleration(each: Toleration) -> dict[str, str]:
    value = {} if each.value is None else {"value": each.value}
    return {"key": each.key, "operator": each.operator, **value, "effect": each.effect}


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


def _is_list_of_maps(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(each, dict) for each in value)
