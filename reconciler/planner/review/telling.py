"""A change in a few words: what the person wrote differently, and what it opens to the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.domain.review import FieldChange
from reconciler.domain.state import DesiredWorkspace

from .objects import Compared

_WRITTEN = ("Workspace", "ConfigMap")
_LONGEST = 60


def told_changes(compared: Iterable[Compared]) -> tuple[str, ...]:
    """The fields a person wrote, in the Workspace and its ConfigMap: all else follows from them."""
    return tuple(
        told
        for kind in _WRITTEN
        for each in compared
        if each.kind == kind
        for told in _fields(kind, each.change.fields)
    )


def exposed(before: DesiredWorkspace | None, after: DesiredWorkspace) -> Iterator[str]:
    """Whether it is to be reached from outside the cluster from now on."""
    if _is_public(after) and not (before and _is_public(before)):
        yield "it is to be reached from outside the cluster (a Service of type LoadBalancer)"


def _fields(kind: str, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    for each in fields:
        path = each.path if kind == "Workspace" else each.path.removeprefix("data").strip(".[]")
        if each.is_hidden:
            yield f"{path} changes (its values are not shown)"
        elif _is_short(each.before) and _is_short(each.after):
            yield _in_words(path, each)
        else:
            yield f"{path} changes"


def _in_words(path: str, each: FieldChange) -> str:
    if each.before is None:
        return f"{path}: {each.after} is new"
    return f"{path}: {each.before} goes" if each.after is None else f"{path}: {each.before} → {each.after}"


def _is_short(text: str | None) -> bool:
    return text is None or (len(text) <= _LONGEST and "\n" not in text)


def _is_public(workspace: DesiredWorkspace) -> bool:
    services = (each for each in workspace.objects if each.ref.kind == "Service")
    return any(each.document["spec"].get("type") == "LoadBalancer" for each in services)
