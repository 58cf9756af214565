"""May a pod run on a node? Pure rules, and the scheduler's own words for each no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .quantity import thousandths

AFFINITY = "node(s) didn't match Pod's node affinity/selector"
UNSCHEDULABLE = "node(s) were unschedulable"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a pod asks of a node. `terms` are alternatives (none: any node); amounts in thousandths."""

    selector: Mapping[str, str]
    terms: tuple[Mapping[str, Any], ...]
    tolerations: tuple[Mapping[str, Any], ...]
    amounts: Mapping[str, int]

    def labels(self) -> dict[str, str]:
        """List the labels a node must hold, as far as they are plain: to search by."""
        plain = dict(self.selector)
        if len(self.terms) == 1:
            for rule in self.terms[0].get("matchExpressions", ()):
                if rule.get("operator") == "In" and len(rule.get("values", ())) == 1:
                    plain[rule["key"]] = rule["values"][0]
        return plain


def needs_of(pod: Mapping[str, Any]) -> Needs:
    """Read a pod's needs; ValueError where a quantity is none."""
    spec = pod["spec"]
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    return Needs(
        selector=spec.get("nodeSelector") or {},
        terms=tuple(affinity.get("nodeSelectorTerms") or ()),
        tolerations=tuple(spec.get("tolerations") or ()),
        amounts=amounts_of(spec),
    )


def amounts_of(spec: Mapping[str, Any]) -> dict[str, int]:
    """Sum what a pod's containers request: the larger of the mains together and any one init container."""
    total: Counter[str] = Counter()
    for container in spec.get("containers", ()):
        total.update(_requested(container))
    for container in spec.get("initContainers") or ():
        for name, amount in _requested(container).items():
            total[name] = max(total[name], amount)
    total["pods"] = 1000
    return dict(total)


def taint_in_the_way(node: Mapping[str, Any], needs: Needs) -> str:
    """Say which taint or cordon keeps a pod off a node; "" for none."""
    if node["spec"].get("unschedulable"):
        return UNSCHEDULABLE
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] != "PreferNoSchedule" and not any(
            _tolerates(one, taint) for one in needs.tolerations
        ):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    return ""


def is_wanted(node: Mapping[str, Any], needs: Needs) -> bool:
    """Do the pod's selector and node affinity take this node?"""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in needs.selector.items()):
        return False
    return not needs.terms or any(_meets(node, labels, term) for term in needs.terms)


def in_words(nodes: int, reasons: Counter[str]) -> str:
    """Say why no node takes a pod, as kube-scheduler words it."""
    if not nodes:
        return "no nodes available to schedule pods"
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    hopeless = sum(count for reason, count in reasons.items() if not _is_shortage(reason))
    preemption: Counter[str] = Counter()
    preemption["Preemption is not helpful for scheduling"] = hopeless
    preemption["No preemption victims found for incoming pod"] = nodes - hopeless
    tried = ", ".join(sorted(f"{count} {reason}" for reason, count in preemption.items() if count > 0))
    return f"0/{nodes} nodes are available: {listed}. preemption: 0/{nodes} nodes are available: {tried}."


def _requested(container: Mapping[str, Any]) -> dict[str, int]:
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: thousandths(amount) for name, amount in asked.items()}


def _is_shortage(reason: str) -> bool:
    return reason.startswith(("Insufficient ", "Too many pods"))


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key", "") in ("", taint["key"])
    return (toleration.get("key"), toleration.get("value", "")) == (taint["key"], taint.get("value", ""))


def _meets(node: Mapping[str, Any], labels: Mapping[str, str], term: Mapping[str, Any]) -> bool:
    fields = {"metadata.name": node["metadata"]["name"]}
    rules = [*((rule, labels) for rule in term.get("matchExpressions") or ())]
    rules += [(rule, fields) for rule in term.get("matchFields") or ()]
    return bool(rules) and all(_holds(rule, values) for rule, values in rules)


def _holds(rule: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    found, wanted = values.get(rule["key"]), list(rule.get("values") or ())
    match rule["operator"]:
        case "In":
            return found in wanted
        case "NotIn":
            return found not in wanted
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt":
            return found is not None and found.isdigit() and int(found) > int(wanted[0])
        case "Lt":
            return found is not None and found.isdigit() and int(found) < int(wanted[0])
    return False
