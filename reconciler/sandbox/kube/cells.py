"""What the cells of `kubectl get` show of an object, by the rules of the API server's own printers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .documents import Obj
from .spans import parsed, since, spelled

Value = Callable[[Obj, datetime], Any]


def at(path: str, absent: Any = "<none>") -> Value:
    """The value at a dotted path."""

    def value(obj: Obj, _now: datetime) -> Any:
        return _at(obj, path, absent)

    return value


def ago(path: str) -> Value:
    """The age of the time at a dotted path."""

    def value(obj: Obj, now: datetime) -> str:
        return since(_at(obj, path, ""), now)

    return value


def _at(obj: Any, path: str, absent: Any = None) -> Any:
    for name in path.split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return absent if obj is None else obj


def count(path: str) -> Value:
    """How many entries the value at a dotted path has."""

    def value(obj: Obj, _now: datetime) -> int:
        return len(_at(obj, path, ()))

    return value


def ready_of(path: str) -> Value:
    """Ready replicas of the number at a dotted path."""

    def value(obj: Obj, _now: datetime) -> str:
        return f"{_at(obj, 'status.readyReplicas', 0)}/{_at(obj, path, 0)}"

    return value


def containers(field: str) -> Value:
    """One field of each container in the template."""

    def value(obj: Obj, _now: datetime) -> str:
        containers = _at(obj, "spec.template.spec.containers", ())
        return ",".join(str(each.get(field, "")) for each in containers)

    return value


def selector(path: str) -> Value:
    """The labels at a dotted path, as a selector."""

    def value(obj: Obj, _now: datetime) -> str:
        pairs = _at(obj, path, {})
        return ",".join(f"{key}={pairs[key]}" for key in sorted(pairs)) or "<none>"

    return value


def external_ip(service: Obj, _now: datetime) -> str:
    """Where a Service can be reached from outside."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName"))
    given = [
        each.get("ip") or each.get("hostname") for each in _at(service, "status.loadBalancer.ingress", ())
    ]
    found = [*(each for each in given if each), *(spec.get("externalIPs") or ())]
    waiting = "<pending>" if spec.get("type") == "LoadBalancer" else "<none>"
    return ",".join(found) or waiting


def ports(service: Obj, _now: datetime) -> str:
    """The ports of a Service, with their node ports."""
    ports = service["spec"].get("ports") or ()
    return ",".join(_port(each) for each in ports) or "<none>"


def _port(port: Obj) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def node_status(node: Obj, _now: datetime) -> str:
    """Ready or not, and whether pods may come."""
    conditions = _at(node, "status.conditions", ())
    ready = next((each.get("status") for each in conditions if each.get("type") == "Ready"), None)
    said = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return f"{said},SchedulingDisabled" if _at(node, "spec.unschedulable") else said


def node_roles(node: Obj, _now: datetime) -> str:
    """The roles that labels give a node."""
    labels = node["metadata"].get("labels") or {}
    prefix = "node-role.kubernetes.io/"
    roles = {key.removeprefix(prefix) for key in labels if key.startswith(prefix) and key != prefix}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    return ",".join(sorted(roles)) or "<none>"


def address(kind: str) -> Value:
    """The address of a node of one type."""

    def value(node: Obj, _now: datetime) -> str:
        addresses = _at(node, "status.addresses", ())
        return next((each["address"] for each in addresses if each.get("type") == kind), "<none>")

    return value


def job_status(job: Obj, _now: datetime) -> str:
    """The one word for where a Job stands."""
    held = {each["type"] for each in _at(job, "status.conditions", ()) if each.get("status") == "True"}
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for word in ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if word in held:
            return word
    return "Running"


def completions(job: Obj, _now: datetime) -> str:
    """Succeeded pods of those wanted."""
    wanted = _at(job, "spec.completions")
    parallel = _at(job, "spec.parallelism", 1)
    of = wanted if wanted is not None else (f"1 of {parallel}" if parallel > 1 else "1")
    return f"{_at(job, 'status.succeeded', 0)}/{of}"


def duration(job: Obj, now: datetime) -> str:
    """How long a Job has run, or ran."""
    begun, ended = parsed(_at(job, "status.startTime")), parsed(_at(job, "status.completionTime"))
    return "" if begun is None else spelled((ended or now) - begun)


def event_object(event: Obj, _now: datetime) -> str:
    """What an Event is about."""
    about = event.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def last_seen(event: Obj, now: datetime) -> str:
    """When an Event was last seen."""
    return since(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp"), now)


def access_modes(claim: Obj, _now: datetime) -> str:
    """The short names of how a claim may be used."""
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return ",".join(short.get(each, each) for each in _at(claim, "status.accessModes", ()))


def slice_ports(endpoints: Obj, _now: datetime) -> str:
    """The port numbers of an EndpointSlice."""
    return ",".join(str(each.get("port", "*")) for each in endpoints.get("ports") or ()) or "<unset>"


def slice_addresses(endpoints: Obj, _now: datetime) -> str:
    """The first three addresses of an EndpointSlice."""
    every = [address for each in endpoints.get("endpoints") or () for address in each.get("addresses", ())]
    shown = ",".join(every[:3])
    return (f"{shown} + {len(every) - 3} more..." if len(every) > 3 else shown) or "<unset>"


def role(binding: Obj, _now: datetime) -> str:
    """The role that a binding gives."""
    return f"{_at(binding, 'roleRef.kind')}/{_at(binding, 'roleRef.name')}"
