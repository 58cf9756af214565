"""A Job's podFailurePolicy: what the failure of one of its pods means. Pure.

Source: kubernetes.io, "Pod failure policy" of Jobs: the first rule that matches decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .pods import phase_of
from .sight import Object, key_of


def failing(job: Object, pods: list[Object]) -> str:
    """Say why a pod's failure fails the whole Job; "" where none does."""
    for pod in pods:
        index, rule = _matching(job, pod)
        if rule.get("action") == "FailJob":
            namespace, name = key_of(pod)
            how = _how(rule, pod)
            return f"{how.format(pod=f'{namespace}/{name}')} matching FailJob rule at index {index}"
    return ""


def is_ignored(job: Object, pod: Object) -> bool:
    """Is a pod's failure one that does not count?"""
    return _matching(job, pod)[1].get("action") == "Ignore"


def _matching(job: Object, pod: Object) -> tuple[int, Mapping[str, Any]]:
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    for index, rule in enumerate(rules if phase_of(pod) == "Failed" else ()):
        if _how(rule, pod):
            return index, rule
    return -1, {}


def _how(rule: Mapping[str, Any], pod: Object) -> str:
    """Say in what way a rule matches a failed pod, with a place for the pod's name; "" where it does not."""
    if codes := rule.get("onExitCodes"):
        for name, code in _codes(pod, codes.get("containerName")):
            if code and (code in codes["values"]) == (codes["operator"] == "In"):
                return f"Container {name} for pod {{pod}} failed with exit code {code}"
    told = (pod.get("status") or {}).get("conditions") or ()
    for wanted in rule.get("onPodConditions") or ():
        if any(_is(one, wanted) for one in told):
            return f"Pod {{pod}} has condition {wanted['type']}"
    return ""


def _codes(pod: Object, container: str | None) -> Iterator[tuple[str, int]]:
    status = pod.get("status") or {}
    for box in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        code = ((box.get("state") or {}).get("terminated") or {}).get("exitCode")
        if code is not None and container in (None, box["name"]):
            yield box["name"], code


def _is(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return (told.get("type"), told.get("status")) == (wanted["type"], wanted.get("status", "True"))
