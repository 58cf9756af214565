"""Values of the wrong JSON type in a built-in kind: what the API server's decoder refuses before any rule."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from .causes import type_name, wrong
from .documents import Obj
from .kinds import Kind
from .quantities import quantity
from .refusal import Refusal, bad_request, unprocessable

_TEXT_MAPS = frozenset(
    {"annotations", "data", "labels", "matchLabels", "nodeSelector", "parameters", "stringData"}
)
_TEXT_LISTS = frozenset({"args", "command", "finalizers", "accessModes"})
_TEXTS = frozenset(
    {"image", "value", "name", "namespace", "serviceName", "clusterIP", "restartPolicy", "mountPath"}
)
_QUANTITIES = frozenset({"limits", "requests"})
_QUANTITY_WORDS = (
    "Quantity: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_NUMBERS = frozenset(
    {
        "backoffLimit",
        "completions",
        "containerPort",
        "initialDelaySeconds",
        "parallelism",
        "periodSeconds",
        "port",
        "replicas",
        "terminationGracePeriodSeconds",
        "timeoutSeconds",
        "ttlSecondsAfterFinished",
    }
)
_LISTS = frozenset({"containers", "env", "initContainers", "ports", "tolerations", "volumeMounts", "volumes"})
_MAPS = frozenset({"spec", "template", "metadata", "resources", "limits", "requests", "securityContext"})


def require_patched_decodable(kind: Kind, obj: Obj) -> None:
    """Raise Refusal 422, as for a patch that makes of an object what no decoder takes."""
    try:
        require_decodable(kind, obj)
    except Refusal as refusal:
        cause = wrong("patch", "", refusal.message)
        raise unprocessable(f' "" is invalid: patch: {cause.message}', [cause]) from refusal


def require_decodable(kind: Kind, obj: Obj) -> None:
    """Raise Refusal 400 where a well-known field has a type that its Go struct could not take."""
    looked_at = {"metadata": obj.get("metadata")} if kind.custom or kind.key in _OPAQUE else obj
    if kind.key == "/Secret":
        _require_base64(kind, obj)
    found = next(_misfits(looked_at, ""), None)
    if found is None:
        return
    path, value, wanted = found
    raise _undecodable(
        kind, f"json: cannot unmarshal {_go_name(value)} into Go struct field .{path} of type {wanted}"
    )


def _require_base64(kind: Kind, secret: Obj) -> None:
    for value in (secret.get("data") or {}).values():
        try:
            base64.b64decode(str(value or ""), validate=True)
        except binascii.Error as error:
            raise _undecodable(kind, f"illegal base64 data: {error}") from error


def _undecodable(kind: Kind, why: str) -> Refusal:
    version = kind.api_version
    return bad_request(f'{kind.name} in version "{version}" cannot be handled as a {kind.name}: {why}')


def _misfits(value: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    if isinstance(value, list):
        for each in value:
            yield from _misfits(each, path)
    if not isinstance(value, dict):
        return
    for name, child in value.items():
        if child is None or not (name in _CHECKED or isinstance(child, dict | list)):
            continue
        where = f"{path}.{name}".lstrip(".")
        if wanted := _wanted(name, child, path):
            yield where, child, wanted
        elif name in _TEXT_MAPS and isinstance(child, dict):
            yield from (
                (where, each, "string") for each in child.values() if not isinstance(each, str | None)
            )
        elif name in _QUANTITIES and isinstance(child, dict):
            wrong = (each for each in child.values() if quantity(each) is None)
            yield from ((where, each, _QUANTITY_WORDS) for each in wrong)
        elif name in _TEXT_LISTS and isinstance(child, list):
            yield from ((where, each, "string") for each in child if not isinstance(each, str))
        else:
            yield from _misfits(child, where)


def _wanted(name: str, value: Any, path: str) -> str:
    """The Go type that a field should have had, empty where it fits."""
    if path.endswith(("httpGet", "tcpSocket")) or path == "rules":  # whose resources are RBAC's
        return ""
    if name in _TEXTS and not isinstance(value, str):
        return "string"
    if name in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int)):
        return "int32"
    if name in _LISTS and not isinstance(value, list):
        return "[]v1"
    if name in _MAPS | _TEXT_MAPS and not isinstance(value, dict):
        return "map"
    return "[]string" if name in _TEXT_LISTS and not isinstance(value, list) else ""


def _go_name(value: Any) -> str:
    names = {"integer": "number", "boolean": "bool"}
    return names.get(type_name(value), type_name(value))


_CHECKED = _TEXT_MAPS | _TEXT_LISTS | _TEXTS | _NUMBERS | _LISTS | _MAPS | _QUANTITIES
_OPAQUE = frozenset({"apps/ControllerRevision", "apiextensions.k8s.io/CustomResourceDefinition"})
