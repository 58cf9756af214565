"""One document of a file: a Workspace, an object beside it, or something a fleet does not take."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.domain.config import Document, FieldPath, Place
from reconciler.domain.finding import Finding, has_errors
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.workspace import Workspace
from reconciler.planner.parse.documents import is_secret
from reconciler.planner.rules.flaw import At, Flaw, one_of, said, warning
from reconciler.planner.rules.metadata import is_label, is_subdomain

from .workspace import remains_of, workspace_of

_OTHERS_OF_KAITO = ("InferenceSet", "RAGEngine", "MultiRoleInference", "ModelMirror")
_MEANINGFUL = ("kaito.sh/", "towline.dev/", "inference.kaito.sh/")
_IDENTITY = re.compile(r"(?:items\[[0-9]+\]\.)*(?:kind|metadata|metadata\.(?:name|namespace))")
_WRITTEN_BY_SERVERS = (
    "managedFields",
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "generation",
    "selfLink",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents are read. `anywhere`: namespaces are not held against the fleet's list."""

    fleet: Fleet
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What a document is. Findings carry no file yet. `lost`: what was meant cannot be told, so that the
    absence of whatever it was means nothing. `remnant`: the manifest is what remains without its mistakes."""

    line: int
    findings: tuple[Finding, ...] = ()
    lost: bool = False
    name: WorkspaceName | None = None
    manifest: Workspace | None = None
    remnant: bool = False
    places: Mapping[FieldPath, Place] | None = None
    digest: str = ""
    ref: Ref | None = None
    body: Mapping[str, Any] | None = None


def read_document(document: Document, told: tuple[Finding, ...], reading: Reading) -> Item:
    """The document as an item; `told` is what the parser said of it."""
    value = document.value
    at = At(places=document.places)
    if not isinstance(value, dict):
        return _lost(document, told, Flaw((), "this is not a Kubernetes object", "write key: value lines"))
    if is_secret(value):
        return Item(document.line, at.findings([_secret()]))
    if reading.anywhere and "kind" not in value and "apiVersion" not in value:
        return Item(document.line, at.findings([_foreign()]))
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not kind or not version:
        missing = "kind" if not isinstance(kind, str) or not kind else "apiVersion"
        return _lost(
            document, told, Flaw((missing,), f"{missing} is missing or not text", f"write {missing}: …")
        )
    if kind == "Workspace":
        return _workspace(document, told, reading)
    if kind in reading.fleet.spec.kinds:
        return _supporting(document, told, reading)
    return _refused(document, told, reading)


def _lost(document: Document, told: tuple[Finding, ...], flaw: Flaw) -> Item:
    at = At(places=document.places)
    return Item(document.line, (*told, *at.findings([flaw])), lost=True)


def _foreign() -> Flaw:
    return warning((), "this is not a Kubernetes object, and is left out", "")


def _secret() -> Flaw:
    return Flaw(
        ("kind",),
        "a Secret is in Git, where everyone who can read the repository can read it",
        "remove it from the history, replace what it held, and create it in the cluster instead",
    )


def _refused(document: Document, told: tuple[Finding, ...], reading: Reading) -> Item:
    """Not a kind of this fleet's. A near miss of Workspace may well have been one."""
    kind = document.value["kind"]
    known = ("Workspace", *reading.fleet.spec.kinds)
    near = difflib.get_close_matches(kind[:80], known, n=1, cutoff=0.7)
    if kind in _OTHERS_OF_KAITO:
        flaw = Flaw(("kind",), f"Towline runs Workspaces, not {kind}s", "write a Workspace instead")
    elif near:
        return _lost(document, told, Flaw(("kind",), f"{said(kind)} is no kind", f"did you mean {near[0]}?"))
    else:
        flaw = Flaw(
            ("kind",), f"{said(kind)} is not applied here", f"use {one_of(known)}, or add it to spec.kinds"
        )
    return Item(document.line, (*told, *At(places=document.places).findings([flaw])))


def _workspace(document: Document, told: tuple[Finding, ...], reading: Reading) -> Item:
    value = document.value
    name, flaws = _identity(value, reading)
    if name is None or _is_ambiguous(told):
        return Item(document.line, (*told, *At(places=document.places).findings(flaws)), lost=True)
    manifest, findings = workspace_of(value, At(places=document.places))
    return Item(
        document.line,
        (*told, *findings, *At(places=document.places).findings(flaws)),
        name=name,
        manifest=manifest or remains_of(value, name),
        remnant=manifest is None,
        places=document.places,
        digest=_digest(value),
    )


def _supporting(document: Document, told: tuple[Finding, ...], reading: Reading) -> Item:
    value = document.value
    name, flaws = _identity(value, reading)
    flaws = (*flaws, *_plain_texts(value))
    findings = (*told, *At(places=document.places).findings(flaws))
    if name is None or has_errors(findings):
        return Item(document.line, findings, lost=True)
    ref = Ref(value["apiVersion"], value["kind"], name.namespace, name.name)
    return Item(document.line, findings, ref=ref, body=_body(value, name.namespace))


def _identity(value: Mapping[str, Any], reading: Reading) -> tuple[WorkspaceName | None, tuple[Flaw, ...]]:
    """Namespace and name, where they can be told, and what is wrong with them."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return None, (Flaw(("metadata",), "metadata is missing", "add metadata with a name"),)
    name = metadata.get("name")
    namespace = metadata.get("namespace") or reading.fleet.spec.default_namespace
    if not isinstance(name, str) or not name:
        mend = (
            "generateName cannot be kept in Git; write name"
            if "generateName" in metadata
            else "write name: …"
        )
        return None, (Flaw(("metadata", "name"), "the name is missing or not text", mend),)
    if not isinstance(namespace, str):
        return None, (Flaw(("metadata", "namespace"), "the namespace is not text", "put it in quotes"),)
    return WorkspaceName(namespace, name), tuple(_misplaced(name, namespace, value, reading))


def _misplaced(name: str, namespace: str, value: Mapping[str, Any], reading: Reading) -> Iterator[Flaw]:
    path = ("metadata", "namespace")
    if not is_label(namespace):
        if value.get("kind") != "Workspace":
            yield Flaw(
                path, f"{said(namespace)} cannot be a namespace", "use lower-case letters, digits, dashes"
            )
    elif namespace not in reading.fleet.spec.namespaces and not reading.anywhere:
        allowed = one_of(reading.fleet.spec.namespaces) if reading.fleet.spec.namespaces else "none"
        yield Flaw(
            path,
            f"the fleet may not write to namespace {said(namespace)}",
            f"it may to {allowed}; add this one to spec.namespaces in towline.yaml",
        )
    if value.get("kind") != "Workspace" and not is_subdomain(name):
        yield Flaw(
            ("metadata", "name"), f"{said(name)} cannot be a name", "use lower-case letters, digits, dashes"
        )


def _is_ambiguous(told: tuple[Finding, ...]) -> bool:
    """Whether what the parser said leaves open which workspace this is."""
    return any(
        finding.field in ("kind", "metadata", "metadata.name", "metadata.namespace") for finding in told
    )


def _plain_texts(value: Mapping[str, Any]) -> Iterator[Flaw]:
    """Labels and annotations, and a ConfigMap's data, are text; a number there would lose its spelling."""
    metadata = value["metadata"] if isinstance(value.get("metadata"), dict) else {}
    groups: list[tuple[FieldPath, Any]] = [
        (("metadata", group), metadata.get(group)) for group in ("labels", "annotations")
    ]
    if value.get("kind") == "ConfigMap":
        groups += [((group,), value.get(group)) for group in ("data", "binaryData")]
    for path, group in groups:
        if group is not None and not isinstance(group, dict):
            yield Flaw(path, f"{path[-1]} is not a mapping", "write key: value lines")
        for key, text in (group if isinstance(group, dict) else {}).items():
            if not isinstance(text, str):
                yield Flaw(
                    (*path, key), "text is needed here", "put the value in quotes, or write | before it"
                )


def _body(value: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object as it is to be, without what only a server writes."""
    metadata = {key: each for key, each in value["metadata"].items() if key not in _WRITTEN_BY_SERVERS}
    rest = {key: each for key, each in value.items() if key != "status"}
    return {**rest, "metadata": {**metadata, "namespace": namespace}}


def _digest(value: Mapping[str, Any]) -> str:
    """sha256 over what the workspace asks for: its sections, its labels, and the annotations that matter."""
    metadata = value["metadata"]
    given = metadata.get("annotations")
    annotations = given if isinstance(given, dict) else {}
    asked = {key: value.get(key) for key in ("apiVersion", "resource", "inference", "tuning")}
    asked["labels"] = metadata.get("labels")
    asked["annotations"] = {key: each for key, each in annotations.items() if key.startswith(_MEANINGFUL)}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
