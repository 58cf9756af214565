"""`towline.yaml`: the Fleet, or the parts of it that can be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Entry, Parsed, Snapshot
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import FILE, Fleet
from reconciler.planner.rules.flaw import At, Flaw, said
from reconciler.planner.rules.metadata import is_label
from reconciler.planner.rules.own_runtime import fleet_runtime
from reconciler.planner.rules.provisioning import provisioning_sizes, provisioning_zones

from .tree import refusal_of
from .written import read_written, what_remains

NEVER = frozenset(
    {
        "Secret",
        "Namespace",
        "Node",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "ServiceAccount",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "APIService",
        "PersistentVolume",
        "Workspace",
    }
)
"""Kinds that no fleet may apply: they reach beyond a namespace, or hold what does not belong in Git."""


_BRANCH = re.compile(r"[A-Za-z0-9._/-]{1,200}")


def fleet_entry(snapshot: Snapshot) -> Entry | None:
    """The fleet's file in this tree, where it is one that can be read."""
    entry = _entry(snapshot)
    return entry if entry is not None and refusal_of(entry) is None else None


def read_fleet(
    snapshot: Snapshot, parsed: Mapping[str, Parsed], catalog: Catalog | None = None
) -> tuple[Fleet, tuple[Finding, ...]]:
    """The fleet, and what is wrong with its file. With an error nothing may be changed by what is returned:
    it is the defaults, or what remains without the mistaken fields, and serves to show the workspaces. The
    machine sizes it names are judged by the catalog, where one is given."""
    entry = _entry(snapshot)
    if entry is None:
        return Fleet(), (_missing(),)
    if refusal := refusal_of(entry):
        return Fleet(), (refusal,)
    return _read(parsed.get(entry.blob, _not_here()), catalog)


def _entry(snapshot: Snapshot) -> Entry | None:
    return next((entry for entry in snapshot.entries if entry.path == FILE), None)


def _missing() -> Finding:
    return Finding(
        FILE,
        0,
        0,
        "",
        "there is no towline.yaml, so the defaults hold",
        "commit one: apiVersion: towline.dev/v1alpha1, kind: Fleet",
        Severity.WARNING,
    )


def _not_here() -> Parsed:
    return Parsed((), (Finding(FILE, 0, 0, "", "the file could not be read from Git", "push it again"),))


def _read(parsed: Parsed, catalog: Catalog | None) -> tuple[Fleet, tuple[Finding, ...]]:
    said_already = tuple(_at_file(finding) for finding in parsed.findings)
    if len(parsed.documents) != 1:
        many = f"the file holds {len(parsed.documents)} documents"
        one = Finding(FILE, 0, 0, "", many, "write exactly one, of kind: Fleet")
        return Fleet(), said_already or (one,)
    document = parsed.documents[0]
    fleet, flaws = read_written(Fleet, document.value, document.places)
    at = At(FILE, document.places)
    if fleet is None:
        rest = _what_remains(document.value)
        return rest, (*said_already, *at.findings(flaws))
    of_sizes = provisioning_sizes(fleet, catalog) if catalog else ()
    return fleet, (*said_already, *at.findings((*_flaws(fleet), *of_sizes)))


def _what_remains(value: Any) -> Fleet:
    kept = what_remains(Fleet, value) if isinstance(value, dict) else None
    return kept or Fleet()


def _flaws(fleet: Fleet) -> Iterator[Flaw]:
    """What no field says by itself."""
    spec = fleet.spec
    for index, namespace in enumerate(spec.namespaces):
        if not is_label(namespace):
            yield Flaw(
                ("spec", "namespaces", index), f"{said(namespace)} is no namespace", "correct the name"
            )
    if spec.default_namespace not in spec.namespaces:
        yield Flaw(
            ("spec", "defaultNamespace"),
            f"{said(spec.default_namespace)} is not one of spec.namespaces",
            "add it there, or choose one of them",
        )
    for index, kind in enumerate(spec.kinds):
        if kind in NEVER:
            yield Flaw(("spec", "kinds", index), f"{kind} can never be applied by a fleet", "remove it")
    for index, folder in enumerate(spec.workspaces):
        if folder.startswith("/") or ".." in folder.split("/") or not folder.strip():
            yield Flaw(
                ("spec", "workspaces", index),
                f"{said(folder)!r} is no folder of this repository",
                "correct it",
            )
    yield from provisioning_zones(fleet)
    yield from fleet_runtime(fleet)
    if not _is_branch(spec.status_branch):
        yield Flaw(
            ("spec", "statusBranch"), f"{said(spec.status_branch)!r} is no branch name", "use towline/status"
        )


def _is_branch(name: str) -> bool:
    """Most of git-check-ref-format(1), and no more than anybody needs."""
    parts = name.split("/")
    is_plain = bool(_BRANCH.fullmatch(name)) and ".." not in name
    return is_plain and all(
        part and part[0] not in ".-" and not part.endswith((".", ".lock")) for part in parts
    )


def _at_file(finding: Finding) -> Finding:
    return replace(finding, file=FILE)
