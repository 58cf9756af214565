"""What makes an object of a built-in kind invalid, beyond its pods: one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .causes import duplicate, required, unsupported, wrong
from .documents import Obj
from .kinds import Kind
from .naming import dns_label_causes, label_causes, metadata_causes
from .podrules import pod_causes, quantity_causes
from .refusal import Cause

_DATA_LIMIT = 1024 * 1024
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def causes_of(kind: Kind, obj: Obj) -> list[Cause]:
    """Everything wrong with an object whose defaults are filled in; empty where it may be stored."""
    own = [] if kind.custom else list(_RULES.get(kind.key, _no_rules)(obj))
    return [*metadata_causes(kind, obj), *own]


def _no_rules(_obj: Obj) -> Iterator[Cause]:
    return iter(())


def _pod(obj: Obj) -> Iterator[Cause]:
    return pod_causes(obj.get("spec"), "spec")


def _config_map(obj: Obj) -> Iterator[Cause]:
    data = {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}
    if sum(len(str(value)) for value in data.values()) > _DATA_LIMIT:
        yield Cause("", "FieldValueTooLong", f"Too long: may not be more than {_DATA_LIMIT} bytes")
    for key in data:
        yield from _data_key("data", key)


def _secret(obj: Obj) -> Iterator[Cause]:
    for key in obj.get("data") or {}:
        yield from _data_key("data", key)


def _data_key(field: str, key: str) -> Iterator[Cause]:
    if not key or not all(letter.isalnum() or letter in "-_." for letter in key) or key in {".", ".."}:
        words = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        yield wrong(f"{field}[{key}]", key, words)


def _service(obj: Obj) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["type"] not in _SERVICE_TYPES:
        yield unsupported("spec.type", spec["type"], _SERVICE_TYPES)
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        yield from _service_port(port, field, named=len(ports) > 1)
        if (port.get("port"), port["protocol"]) in seen:
            yield duplicate(field, {"port": port.get("port"), "protocol": port["protocol"]})
        seen.add((port.get("port"), port["protocol"]))
        if port.get("name") in [each.get("name") for each in ports[:index] if each.get("name")]:
            yield duplicate(f"{field}.name", port["name"])


def _service_port(port: Obj, field: str, *, named: bool) -> Iterator[Cause]:
    if named and not port.get("name"):
        yield required(f"{field}.name")
    elif port.get("name"):
        yield from dns_label_causes(f"{field}.name", port["name"])
    number = port.get("port")
    if number is None or not 0 < number < 65536:
        yield wrong(f"{field}.port", number or 0, "must be between 1 and 65535, inclusive")


def _workload(obj: Obj) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["replicas"] < 0:
        yield wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    selector = spec.get("selector")
    labels = _template_labels(spec)
    if selector is None:
        yield required("spec.selector")
    elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield wrong("spec.selector", selector, "empty selector is invalid for a workload")
    wanted = (selector or {}).get("matchLabels") or {}
    if selector is None or not wanted.items() <= labels.items():
        why = "`selector` does not match template `labels`"
        yield wrong("spec.template.metadata.labels", labels, why)
    yield from _template(spec, ("Always",))


def _stateful_set(obj: Obj) -> Iterator[Cause]:
    yield from _workload(obj)
    policies = ("OrderedReady", "Parallel")
    if obj["spec"]["podManagementPolicy"] not in policies:
        yield unsupported("spec.podManagementPolicy", obj["spec"]["podManagementPolicy"], policies)
    for index, claim in enumerate(obj["spec"].get("volumeClaimTemplates") or []):
        yield from _claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")


def _job(obj: Obj) -> Iterator[Cause]:
    spec = obj["spec"]
    for field in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds"):
        if spec.get(field, 0) < 0:
            yield wrong(f"spec.{field}", spec[field], "must be greater than or equal to 0")
    yield from _template(spec, ("OnFailure", "Never"))


def _template(spec: Obj, policies: tuple[str, ...]) -> Iterator[Cause]:
    template = spec.get("template") or {}
    yield from label_causes("spec.template.metadata.labels", _template_labels(spec))
    claims = spec.get("volumeClaimTemplates") or []
    given = frozenset(str((each.get("metadata") or {}).get("name")) for each in claims)
    yield from pod_causes(template.get("spec"), "spec.template.spec", given)
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy is not None and policy not in policies:
        yield unsupported("spec.template.spec.restartPolicy", policy, policies)


def _template_labels(spec: Obj) -> Obj:
    labels: Obj = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    return labels


def _claim(obj: Obj) -> Iterator[Cause]:
    return _claim_spec(obj["spec"], "spec")


def _claim_spec(spec: Obj, field: str) -> Iterator[Cause]:
    if not spec.get("accessModes"):
        yield required(f"{field}.accessModes", "at least 1 access mode is required")
    wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if wanted is None:
        yield required(f"{field}.resources[storage]")
    else:
        yield from quantity_causes(wanted, f"{field}.resources[storage]")


def _definition(obj: Obj) -> Iterator[Cause]:
    spec = obj["spec"]
    for field in ("group", "scope", "versions"):
        if not spec.get(field):
            yield required(f"spec.{field}")
    names = spec["names"]
    for field in ("plural", "kind"):
        if not names.get(field):
            yield required(f"spec.names.{field}")
    versions = [each for each in spec.get("versions") or [] if isinstance(each, dict)]
    if sum(bool(each.get("storage")) for each in versions) != 1:
        yield wrong(
            "spec.versions", versions and "…", "must have exactly one version marked as storage version"
        )
    expected = f"{names.get('plural')}.{spec.get('group')}"
    if obj["metadata"]["name"] != expected:
        yield wrong(
            "metadata.name", obj["metadata"]["name"], f'must be spec.names.plural+"."+spec.group, {expected}'
        )


_RULES: dict[str, Callable[[Obj], Iterator[Cause]]] = {
    "/Pod": _pod,
    "/ConfigMap": _config_map,
    "/Secret": _secret,
    "/Service": _service,
    "/PersistentVolumeClaim": _claim,
    "apps/Deployment": _workload,
    "apps/ReplicaSet": _workload,
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
    "apiextensions.k8s.io/CustomResourceDefinition": _definition,
}
