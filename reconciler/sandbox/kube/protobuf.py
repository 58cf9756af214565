"""The protobuf bodies that `kubectl create` sends, as far as its own verbs fill them in.
A field that is not known may only be empty.

Field numbers are those of the generated.proto files of k8s.io/api and k8s.io/apimachinery.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from .documents import Obj

_MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2

Fields = Mapping[int, tuple[str, str]]
_META: Fields = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    4: ("selfLink", "text"),
    5: ("uid", "text"),
    6: ("resourceVersion", "text"),
    7: ("generation", "number"),
    8: ("creationTimestamp", "nothing"),
    11: ("labels", "texts by text"),
    12: ("annotations", "texts by text"),
    14: ("finalizers", "texts"),
}
_MESSAGES: Mapping[str, Fields] = {
    "Unknown": {1: ("type", "TypeMeta"), 2: ("raw", "raw"), 3: ("encoding", "text"), 4: ("content", "text")},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "Entry": {1: ("key", "text"), 2: ("value", "raw")},
    "ObjectMeta": _META,
    "Namespace": {1: ("metadata", "ObjectMeta"), 2: ("spec", "nothing"), 3: ("status", "nothing")},
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "texts by text"),
        3: ("binaryData", "bytes by text"),
        4: ("immutable", "flag"),
    },
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "bytes by text"),
        3: ("type", "text"),
        4: ("stringData", "texts by text"),
        5: ("immutable", "flag"),
    },
    "ServiceAccount": {1: ("metadata", "ObjectMeta")},
    "SelfSubjectAccessReview": {1: ("metadata", "nothing"), 2: ("spec", "Asked"), 3: ("status", "nothing")},
    "Asked": {1: ("resourceAttributes", "Resource"), 2: ("nonResourceAttributes", "Path")},
    "Path": {1: ("path", "text"), 2: ("verb", "text")},
    "Resource": {
        1: ("namespace", "text"),
        2: ("verb", "text"),
        3: ("group", "text"),
        4: ("version", "text"),
        5: ("resource", "text"),
        6: ("subresource", "text"),
        7: ("name", "text"),
    },
    "Deployment": {1: ("metadata", "ObjectMeta"), 2: ("spec", "DeploymentSpec"), 3: ("status", "nothing")},
    "DeploymentSpec": {
        1: ("replicas", "number"),
        2: ("selector", "Selector"),
        3: ("template", "Template"),
        4: ("strategy", "nothing"),
    },
    "Service": {1: ("metadata", "ObjectMeta"), 2: ("spec", "ServiceSpec"), 3: ("status", "nothing")},
    "ServiceSpec": {
        1: ("ports", "ServicePorts"),
        2: ("selector", "texts by text"),
        3: ("clusterIP", "text"),
        4: ("type", "text"),
        7: ("sessionAffinity", "text"),
        10: ("externalName", "text"),
    },
    "ServicePort": {
        1: ("name", "text"),
        2: ("protocol", "text"),
        3: ("port", "number"),
        4: ("targetPort", "number or text"),
    },
    "IntOrString": {1: ("type", "number"), 2: ("number", "number"), 3: ("text", "text")},
    "Role": {1: ("metadata", "ObjectMeta"), 2: ("rules", "Rules")},
    "ClusterRole": {1: ("metadata", "ObjectMeta"), 2: ("rules", "Rules")},
    "RoleBinding": {1: ("metadata", "ObjectMeta"), 2: ("subjects", "Subjects"), 3: ("roleRef", "RoleRef")},
    "ClusterRoleBinding": {
        1: ("metadata", "ObjectMeta"),
        2: ("subjects", "Subjects"),
        3: ("roleRef", "RoleRef"),
    },
    "Rule": {
        1: ("verbs", "texts"),
        2: ("apiGroups", "texts"),
        3: ("resources", "texts"),
        4: ("resourceNames", "texts"),
        5: ("nonResourceURLs", "texts"),
    },
    "Subject": {1: ("kind", "text"), 2: ("apiGroup", "text"), 3: ("name", "text"), 4: ("namespace", "text")},
    "RoleRef": {1: ("apiGroup", "text"), 2: ("kind", "text"), 3: ("name", "text")},
    "SelfSubjectRulesReview": {1: ("metadata", "nothing"), 2: ("spec", "Where"), 3: ("status", "nothing")},
    "Where": {1: ("namespace", "text")},
    "Job": {1: ("metadata", "ObjectMeta"), 2: ("spec", "JobSpec"), 3: ("status", "nothing")},
    "JobSpec": {6: ("template", "Template")},
    "Selector": {1: ("matchLabels", "texts by text")},
    "Template": {1: ("metadata", "ObjectMeta"), 2: ("spec", "PodSpec")},
    "PodSpec": {2: ("containers", "Containers"), 3: ("restartPolicy", "text")},
    "Container": {
        1: ("name", "text"),
        2: ("image", "text"),
        3: ("command", "texts"),
        4: ("args", "texts"),
        5: ("workingDir", "text"),
        6: ("ports", "Ports"),
        8: ("resources", "nothing"),
    },
    "Port": {
        1: ("name", "text"),
        3: ("containerPort", "number"),
        4: ("protocol", "text"),
    },
}
_LISTS = {
    "Containers": "Container",
    "Ports": "Port",
    "Rules": "Rule",
    "ServicePorts": "ServicePort",
    "Subjects": "Subject",
}


class Unreadable(Exception):
    """A protobuf body of a kind, or with a field, that is not in these tables; or none at all."""


def read_protobuf(body: bytes) -> Obj:
    """The object that a protobuf body holds. Raises Unreadable."""
    if not body.startswith(_MAGIC):
        raise Unreadable
    try:
        envelope = _message("Unknown", body[len(_MAGIC) :])
        return {**envelope["type"], **_message(envelope["type"]["kind"], envelope.get("raw", b""))}
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise Unreadable from error


def _message(name: str, body: bytes) -> Obj:
    fields, made = _MESSAGES[name], Obj()
    for number, value in _values(body):
        if not value and number not in fields:
            continue
        field, kind = fields[number]
        if kind in _LISTS:
            made.setdefault(field, []).append(_message(_LISTS[kind], value))
        elif kind == "texts":
            made.setdefault(field, []).append(value.decode())
        elif kind.endswith(" by text"):
            entry = _message("Entry", value)
            held = _value(kind.split()[0], entry.get("value", b""))
            made.setdefault(field, {})[entry.get("key", "")] = held
        elif kind != "nothing" and (read := _value(kind, value)) not in ("", {}):
            made[field] = read
    return made


def _value(kind: str, value: Any) -> Any:
    match kind:
        case "raw" | "number":
            return value
        case "flag":
            return bool(value)
        case "text" | "texts":
            return value.decode()
        case "bytes":
            return base64.b64encode(value).decode()
        case "number or text":
            read = _message("IntOrString", value)
            return read.get("text") or read.get("number", 0)
    return _message(kind, value)


def _values(body: bytes) -> Iterator[tuple[int, Any]]:
    """Each field's number with its value: a number, or bytes."""
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        number, at = _varint(body, at)
        if tag & 7 == _BYTES:
            yield tag >> 3, body[at : at + number]
            at += number
        elif tag & 7 == _VARINT:
            yield tag >> 3, number
        else:
            raise KeyError(tag)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
