"""The user's own pod template: what any API server would refuse, said before it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.config import FieldPath

from .flaw import Flaw, said
from .images import image

TEMPLATE: FieldPath = ("inference", "template")


def template(given: Mapping[str, Any]) -> Iterator[Flaw]:
    """Containers with a name and an image, and text where Kubernetes wants text."""
    containers = _mapping(given.get("spec")).get("containers")
    if not isinstance(containers, list) or not containers:
        path: FieldPath = (*TEMPLATE, "spec", "containers")
        yield Flaw(path, "the template has no containers", "list at least one, with a name and an image")
        return
    yield from _labels(given)
    for index, container in enumerate(containers):
        yield from _container((*TEMPLATE, "spec", "containers", index), container)


def _labels(given: Mapping[str, Any]) -> Iterator[Flaw]:
    metadata = _mapping(given.get("metadata"))
    for group in ("labels", "annotations"):
        for key, value in _mapping(metadata.get(group)).items():
            yield from _text((*TEMPLATE, "metadata", group, key), value)


def _container(path: FieldPath, container: Any) -> Iterator[Flaw]:
    if not isinstance(container, dict):
        yield Flaw(path, "this is not a container", "write a mapping with name and image")
        return
    for needed in ("name", "image"):
        if not isinstance(container.get(needed), str) or not container[needed]:
            yield Flaw((*path, needed), f"the container's {needed} is missing or not text", f"add {needed}")
    if isinstance(container.get("image"), str) and container["image"]:
        yield from image((*path, "image"), container["image"])
    for group in ("command", "args"):
        for index, word in enumerate(_list(container.get(group))):
            yield from _text((*path, group, index), word)
    for index, variable in enumerate(_list(container.get("env"))):
        if isinstance(variable, dict) and "value" in variable:
            yield from _text((*path, "env", index, "value"), variable["value"])


def _text(path: FieldPath, value: Any) -> Iterator[Flaw]:
    if not isinstance(value, str):
        yield Flaw(path, f"text is needed here, and {said(value)} is none", "put it in quotes")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
