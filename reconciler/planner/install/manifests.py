"""An installation as Kubernetes objects, in the order in which one needs the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.domain.config import Config
from reconciler.domain.fleet import Fleet
from reconciler.domain.installation import INSTALLER, Installation
from reconciler.domain.right import Right, Where
from reconciler.domain.state import CRD, DIGEST, MANAGED_BY, DesiredObject
from reconciler.planner.decide.inventory import NAMESPACE
from reconciler.planner.desire.desire import KUBERNETES_OWN, desire_cluster
from reconciler.planner.desire.objects import desired_object
from reconciler.planner.desire.render import Templates

from .daemon import UID, arguments, environment, keys
from .rights import places

INSTANCE = "app.kubernetes.io/instance"
PORT = 8080
STATE = "/var/lib/towline"
OPTIONAL = ("PodDisruptionBudget", "PodMonitor", "PrometheusRule")
"""Kinds that are done without where the cluster does not serve them."""

_AFTER_RIGHTS = (
    "dashboard",
    "service",
    "pod-disruption-budget",
    "deployment",
    "pod-monitor",
    "prometheus-rule",
)

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Means:
    """What an installation is made from. `dashboard` is Grafana's JSON, `alerts` a PrometheusRule's spec."""

    templates: Templates
    rights: tuple[Right, ...]
    dashboard: str
    alerts: Mapping[str, Any]


def ground(installation: Installation, fleet: Fleet, templates: Templates) -> tuple[DesiredObject, ...]:
    """What workspaces stand on and every cluster serves: namespaces and the definition of Workspaces, just
    as a pass would write them, so that the next one finds nothing to do."""
    config = Config(commit="", fleet=fleet, workspaces={})
    standing = (each for each in desire_cluster(config, templates) if each.ref.kind in ("Namespace", CRD))
    own = installation.namespace if _has_own_namespace(installation, fleet) else ""
    return tuple(_as_written(each) for each in standing if each.ref.name != own)


def manifests(installation: Installation, fleet: Fleet, means: Means) -> tuple[DesiredObject, ...]:
    """Everything else: who Towline is, what it may do, and the daemon itself."""
    values = {**_values(installation, fleet), "dashboard": means.dashboard, "alerts": means.alerts}
    namespace = ("namespace",) if _has_own_namespace(installation, fleet) else ()
    documents = (
        *(means.templates.render(f"install/{name}", values) for name in (*namespace, "service-account")),
        *_granted(values, fleet, means),
        *(means.templates.render(f"install/{name}", values) for name in _AFTER_RIGHTS),
    )
    return tuple(desired_object(each, None) for each in documents)


def instance(fleet: Fleet) -> str:
    """What an installation is called: two fleets of one cluster have one each."""
    return "towline" if fleet.name == "towline" else f"towline-{fleet.name}"


def labels_of(name: str) -> dict[str, str]:
    """What every object of an installation carries, and what it is found by."""
    return {"app.kubernetes.io/name": "towline", INSTANCE: name, MANAGED_BY: INSTALLER}


def _as_written(desired: DesiredObject) -> DesiredObject:
    """With the mark that a pass leaves on what it has applied."""
    document = desired.document
    document["metadata"]["annotations"] = {DIGEST: desired.digest}
    return desired_object(document, None)


def _values(installation: Installation, fleet: Fleet) -> dict[str, Any]:
    name = instance(fleet)
    labels = labels_of(name)
    selector = {key: labels[key] for key in ("app.kubernetes.io/name", INSTANCE)}
    azure = {"azure.workload.identity/use": "true"} if installation.azure_client_id else {}
    return {
        "i": installation,
        "name": name,
        "labels": labels,
        "selector": selector,
        "pod_labels": {**labels, **azure},
        "arguments": arguments(installation, fleet, STATE, PORT),
        "environment": environment(installation),
        "keys": keys(installation),
        "state": STATE,
        "port": PORT,
        "uid": UID,
    }


def _has_own_namespace(installation: Installation, fleet: Fleet) -> bool:
    """The profile binds every pod of a namespace, so it is set where there are no others than Towline's."""
    return installation.namespace not in {*fleet.spec.namespaces, *KUBERNETES_OWN}


def _granted(values: Mapping[str, Any], fleet: Fleet, means: Means) -> Iterator[dict[str, Any]]:
    """A role for each reach, and a binding for each place it reaches."""
    name = values["name"]
    for where, role in ((Where.CLUSTER, name), (Where.FLEET, f"{name}-workspaces"), (Where.OWN, name)):
        home = NAMESPACE if where is Where.OWN else None
        rules = _rules(right for right in means.rights if right.where is where)
        told = {**values, "role": role, "kind": "Role" if home else "ClusterRole"}
        yield means.templates.render("install/role", {**told, "namespace": home, "rules": rules})
        for place in places(where, fleet):
            yield means.templates.render("install/role-binding", {**told, "namespace": place or None})


def _rules(rights: Iterable[Right]) -> list[Rule]:
    """RBAC's rules: what may be done to several resources of a group is said once."""
    targets: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for right in rights:
        targets[right.resource.group, right.verbs, right.names].append(right.target)
    return [
        {
            "apiGroups": [group],
            "resources": sorted(set(resources)),
            "verbs": list(verbs),
            **({"resourceNames": list(names)} if names else {}),
        }
        for (group, verbs, names), resources in targets.items()
    ]
