"""An installation as text: the objects as YAML or JSON, or what became of each, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click
import yaml

from reconciler.domain.installation import Change, Installed
from reconciler.domain.state import DesiredObject
from reconciler.planner.rules.flaw import printable

_COLOURS = {Change.CREATED: "green", Change.CONFIGURED: "yellow", Change.PRUNED: "red"}
_WIDTH = max(map(len, Change))


def objects_yaml(objects: Iterable[DesiredObject]) -> str:
    """A stream of documents, as `kubectl apply -f -` reads it."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    documents = (each.document for each in objects)
    text: str = yaml.dump_all(
        documents, Dumper=dumper, explicit_start=True, sort_keys=False, width=110, allow_unicode=True
    )
    return text.rstrip("\n")


def objects_json(objects: Iterable[DesiredObject]) -> str:
    """One `List`."""
    items = [each.document for each in objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2)


def installed_line(installed: Installed) -> str:
    """What became of one object."""
    change = click.style(f"{installed.change:<{_WIDTH}}", fg=_COLOURS.get(installed.change))
    why = f": {printable(installed.why)}" if installed.why else ""
    return f"{change}   {_named(installed)}{why}"


def installed_json(installed: Iterable[Installed]) -> str:
    """`objects` with apiVersion, kind, namespace, name, change and why each."""
    told = [
        {
            "apiVersion": each.ref.api_version,
            "kind": each.ref.kind,
            "namespace": each.ref.namespace,
            "name": each.ref.name,
            "change": str(each.change),
            "why": each.why,
        }
        for each in installed
    ]
    return json.dumps({"objects": told}, indent=2)


def _named(installed: Installed) -> str:
    ref = installed.ref
    place = f" in {ref.namespace}" if ref.namespace else ""
    return f"{ref.kind} {printable(ref.name)}{place}"
