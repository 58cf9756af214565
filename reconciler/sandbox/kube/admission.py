"""What becomes of an object on its way into the store: cleaned, isolated, filled in, and checked."""

from __future__ import annotations

from dataclasses import dataclass

from . import beginnings, defaults, schema
from .causes import forbidden_field, wrong
from .decoding import require_decodable, require_patched_decodable
from .documents import Obj
from .immutable import frozen_causes
from .kinds import Kind
from .omission import omit_zeroes
from .refusal import Cause, bad_request, conflict, invalid, modified
from .rules import causes_of

_WRITABLE = ("name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences")
_STATED = ("labels", "annotations", "finalizers", "ownerReferences")
_FIXED = (
    "uid",
    "creationTimestamp",
    "generation",
    "name",
    "generateName",
    "namespace",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_NEEDS_REVISION = frozenset(
    {
        "apiextensions.k8s.io/CustomResourceDefinition",
        "coordination.k8s.io/Lease",
        "policy/PodDisruptionBudget",
    }
)


@dataclass(frozen=True, slots=True)
class Write:
    """How somebody writes: as which field manager, to what part, in which version, how seriously."""

    manager: str = "sandbox"
    subresource: str = ""
    version: str = ""
    dry_run: bool = False
    force: bool = False
    strict: bool = False
    patching: bool = False


def newborn(kind: Kind, obj: Obj, birth: tuple[str, str], write: Write) -> Obj:
    """The object to store for one that is to be created. `birth` is its uid and the RFC 3339 time.

    `obj` is consumed. Raises Refusal 400 or 422.
    """
    uid, now = birth
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.name
    require_decodable(kind, obj)
    wanted = obj["metadata"]
    kept = {field: wanted[field] for field in _WRITABLE if wanted.get(field)}
    obj["metadata"] = {**kept, "name": wanted["name"], "uid": uid, "creationTimestamp": now}
    if kind.has_generation:
        obj["metadata"]["generation"] = 1
    _complete(kind, obj, write)
    _require_valid(kind, obj, _schema_causes(kind, obj, write))
    beginnings.begin(kind, obj, now)
    return obj


def revised(kind: Kind, old: Obj, new: Obj, write: Write) -> Obj:
    """The object to store for one that is to change. `new` is consumed, `old` is not touched.

    Raises Refusal 400, 409 or 422.
    """
    _require_same(kind, old, new, write)
    new["apiVersion"], new["kind"] = kind.api_version, kind.name
    new = _isolated(kind, old, new, write.subresource)
    if write.subresource == "status":
        omit_zeroes(kind, new)
        _require_valid(kind, new, _schema_causes(kind, new, write))
        return new
    if write.subresource != "scale":
        (require_patched_decodable if write.patching else require_decodable)(kind, new)
    _complete(kind, new, write)
    causes = [*frozen_causes(kind, old, new), *_finalizer_causes(old, new), *_schema_causes(kind, new, write)]
    _require_valid(kind, new, causes)
    if kind.has_generation and _generational(kind, old) != _generational(kind, new):
        new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
    return new


def applicable(kind: Kind, config: Obj, write: Write) -> Obj:
    """The part of an applied document that its writer may state; `config` is consumed. Raises Refusal 400."""
    metadata = config.get("metadata") or {}
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    require_decodable(kind, config)
    _prune(kind, config, write)
    kept = {"apiVersion": kind.api_version, "kind": kind.name}
    if write.subresource == "status":
        return {**kept, "status": config.get("status") or {}}
    apart = {"apiVersion", "kind", "metadata"} | ({"status"} if "status" in kind.subresources else set())
    rest = {name: value for name, value in config.items() if name not in apart}
    stated = {field: metadata[field] for field in _STATED if metadata.get(field)}
    return {**kept, "metadata": stated, **rest}


def _prune(kind: Kind, obj: Obj, write: Write) -> None:
    if not kind.custom:
        return
    unknown = schema.prune(obj, kind.as_served(write.version or kind.version).schema)
    if unknown and write.strict:
        said = ", ".join(f'unknown field "{each}"' for each in unknown)
        raise bad_request(
            f"{kind.name} in version {kind.version!r} cannot be handled: strict decoding error: {said}"
        )


def _complete(kind: Kind, obj: Obj, write: Write) -> None:
    if kind.custom:
        _prune(kind, obj, write)
        schema.fill_in(obj, kind.as_served(write.version or kind.version).schema)
    else:
        defaults.fill_in(kind, obj)


def _schema_causes(kind: Kind, obj: Obj, write: Write) -> list[Cause]:
    if not kind.custom:
        return []
    return schema.schema_causes(obj, kind.as_served(write.version or kind.version).schema)


def _require_valid(kind: Kind, obj: Obj, causes: list[Cause]) -> None:
    if found := [*causes, *causes_of(kind, obj)]:
        raise invalid(kind, obj["metadata"]["name"], found)


def _require_same(kind: Kind, old: Obj, new: Obj, write: Write) -> None:
    was, now = old["metadata"], new.setdefault("metadata", {})
    name = was["name"]
    if now.get("uid") and now["uid"] != was["uid"]:
        if write.patching:
            raise invalid(kind, name, [wrong("metadata.uid", now["uid"], "field is immutable")])
        why = f"Precondition failed: UID in precondition: {now['uid']}, UID in object meta: {was['uid']}"
        raise conflict(kind, name, why)
    if now.get("resourceVersion") and now["resourceVersion"] != was["resourceVersion"]:
        raise modified(kind, name)
    for field in ("name", "namespace"):
        if now.get(field) and now[field] != was.get(field):
            asked = f"the {field} of the object ({now[field]})"
            raise bad_request(f"{asked} does not match the {field} on the URL ({was.get(field)})")


def require_revision(kind: Kind, new: Obj) -> None:
    """Raise Refusal 422 where a replacement of this kind must say what it replaces, and does not."""
    if (kind.custom or kind.key in _NEEDS_REVISION) and not new["metadata"].get("resourceVersion"):
        why = "Invalid value: 0: must be specified for an update"
        raise invalid(
            kind, new["metadata"]["name"], [Cause("metadata.resourceVersion", "FieldValueInvalid", why)]
        )


def _isolated(kind: Kind, old: Obj, new: Obj, subresource: str) -> Obj:
    """Only the part that the subresource may write comes from `new`."""
    if subresource == "status":
        return {**old, "status": new.get("status") or {}}
    if subresource == "scale":
        return {**old, "spec": new["spec"], "metadata": dict(old["metadata"])}
    metadata = {field: new["metadata"][field] for field in _WRITABLE if new["metadata"].get(field)}
    metadata |= {field: old["metadata"][field] for field in _FIXED if field in old["metadata"]}
    kept = {"metadata": metadata}
    if "status" in kind.subresources:
        new.pop("status", None)
        kept |= {"status": old["status"]} if "status" in old else {}
    isolated = {**new, **kept}
    if kind.key == "/Service":
        _keep_addresses(old["spec"], isolated.setdefault("spec", {}))
    return isolated


def _keep_addresses(was: Obj, now: Obj) -> None:
    """What the cluster gave a Service stays with it for as long as its type has a use for it."""
    if now.get("type", "ClusterIP") == "ExternalName":
        return
    for field in ("clusterIP", "clusterIPs"):
        if not now.get(field) and field in was:
            now[field] = was[field]
    numbers = {port.get("port"): port["nodePort"] for port in was.get("ports") or () if "nodePort" in port}
    if now.get("type") in {"NodePort", "LoadBalancer"}:
        for port in now.get("ports") or ():
            if not port.get("nodePort") and port.get("port") in numbers:
                port["nodePort"] = numbers[port["port"]]
    elif was.get("type") in {"NodePort", "LoadBalancer"}:
        _give_up_ports(was, now, numbers)


def _give_up_ports(was: Obj, now: Obj, numbers: Obj) -> None:
    for port in now.get("ports") or ():
        if port.get("nodePort") == numbers.get(port.get("port")):
            port.pop("nodePort", None)
    for field in ("allocateLoadBalancerNodePorts", "externalTrafficPolicy"):
        if now.get(field) == was.get(field):
            now.pop(field, None)


def _finalizer_causes(old: Obj, new: Obj) -> list[Cause]:
    if "deletionTimestamp" not in old["metadata"]:
        return []
    before, after = (set(each["metadata"].get("finalizers") or ()) for each in (old, new))
    if not after - before:
        return []
    words = "no new finalizers can be added if the object is being deleted, found new finalizers"
    named = ", ".join(f'"{name}"' for name in sorted(after - before))
    return [forbidden_field("metadata.finalizers", f"{words} []string{{{named}}}")]


def _generational(kind: Kind, obj: Obj) -> Obj:
    """The part of an object whose changes its generation counts."""
    if not kind.custom:
        return {"spec": obj.get("spec")}
    apart = {"metadata", "status"} if "status" in kind.subresources else {"metadata"}
    return {name: value for name, value in obj.items() if name not in apart}
