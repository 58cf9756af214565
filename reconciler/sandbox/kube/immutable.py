"""Which fields of a stored object may not change, and what the API server says to who tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .causes import forbidden_field, wrong
from .documents import Obj
from .kinds import Kind
from .refusal import Cause

_FIXED = "field is immutable"
_STATEFUL_SET_FREE = (
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
)
_STATEFUL_SET_WORDS = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_POD_WORDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_CLAIM_WORDS = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
    "claims"
)
_FIXED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "apps/Deployment": ("selector",),
    "apps/ReplicaSet": ("selector",),
    "batch/Job": ("completions", "completionMode", "selector", "podFailurePolicy"),
    "apiextensions.k8s.io/CustomResourceDefinition": ("group", "scope"),
}


def frozen_causes(kind: Kind, old: Obj, new: Obj) -> Iterator[Cause]:
    """Each field that `new` changes and may not."""
    if kind.custom:
        return
    before, after = old.get("spec") or {}, new.get("spec") or {}
    for field in _FIXED_FIELDS.get(kind.key, ()):
        if before.get(field) != after.get(field):
            yield wrong(f"spec.{field}", after.get(field), _FIXED)
    if kind.key in _OTHERS:
        yield from _OTHERS[kind.key](old, new)


def _stateful_set(old: Obj, new: Obj) -> Iterator[Cause]:
    if _without(old["spec"], _STATEFUL_SET_FREE) != _without(new["spec"], _STATEFUL_SET_FREE):
        yield forbidden_field("spec", _STATEFUL_SET_WORDS)


def _job(old: Obj, new: Obj) -> Iterator[Cause]:
    suspended = old["spec"].get("suspend") and not (old.get("status") or {}).get("startTime")
    if not suspended and old["spec"].get("template") != new["spec"].get("template"):
        yield wrong("spec.template", new["spec"].get("template"), _FIXED)


def _service(old: Obj, new: Obj) -> Iterator[Cause]:
    was, now = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if was and was != now and "ExternalName" not in {old["spec"]["type"], new["spec"]["type"]}:
        yield wrong("spec.clusterIPs[0]", [now] if now else None, "may not change once set")


def _claim(old: Obj, new: Obj) -> Iterator[Cause]:
    free = (
        "resources",
        "volumeAttributesClassName",
        *(() if old["spec"].get("volumeName") else ("volumeName",)),
    )
    if _without(old["spec"], free) != _without(new["spec"], free):
        yield forbidden_field("spec", _CLAIM_WORDS)


def _pod(old: Obj, new: Obj) -> Iterator[Cause]:
    if _pod_core(old["spec"]) != _pod_core(new["spec"]):
        yield forbidden_field("spec", _POD_WORDS)


def _pod_core(spec: Obj) -> Obj:
    free = (
        "activeDeadlineSeconds",
        "nodeName",
        "terminationGracePeriodSeconds",
        "tolerations",
        "schedulingGates",
    )
    core = _without(spec, free)
    for group in ("containers", "initContainers"):
        core[group] = [_without(each, ("image", "imagePullPolicy")) for each in spec.get(group) or ()]
    return core


def _secret(old: Obj, new: Obj) -> Iterator[Cause]:
    if old.get("type") != new.get("type"):
        yield wrong("type", new.get("type"), _FIXED)
    yield from _sealed(old, new)


def _sealed(old: Obj, new: Obj) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    for field in ("data", "binaryData", "immutable"):
        if old.get(field) != new.get(field):
            yield forbidden_field(field, "field is immutable when `immutable` is set")


def _storage_class(old: Obj, new: Obj) -> Iterator[Cause]:
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if old.get(field) != new.get(field):
            yield forbidden_field(field, f"updates to {field} are forbidden.")


def _binding(old: Obj, new: Obj) -> Iterator[Cause]:
    if old.get("roleRef") != new.get("roleRef"):
        yield wrong("roleRef", new.get("roleRef"), "cannot change roleRef")


def _without(spec: Mapping[str, Any], fields: tuple[str, ...]) -> Obj:
    return {name: value for name, value in spec.items() if name not in fields}


_OTHERS: Mapping[str, Callable[[Obj, Obj], Iterator[Cause]]] = {
    "/ConfigMap": _sealed,
    "/PersistentVolumeClaim": _claim,
    "/Pod": _pod,
    "/Secret": _secret,
    "/Service": _service,
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
    "rbac.authorization.k8s.io/ClusterRoleBinding": _binding,
    "rbac.authorization.k8s.io/RoleBinding": _binding,
    "storage.k8s.io/StorageClass": _storage_class,
}
