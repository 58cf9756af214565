"""Judging a change: what a running workspace does not let go of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.domain.config import FieldPath
from reconciler.domain.finding import Finding
from reconciler.domain.workspace import (
    MODEL_STREAMING,
    NODE_CLASS_NAME,
    ON_IMMUTABLE_CHANGE,
    V1ALPHA1,
    Inference,
    Tuning,
    Workspace,
)

from .adapters import adapters
from .annotations import node_class
from .context import Context, count, selector
from .flaw import NOWHERE, At, Flaw, said, warning
from .images import image
from .resource import INSTANCE_TYPE
from .tuning import tuning_images


def judge_update(old: Workspace, new: Workspace, context: Context, at: At = NOWHERE) -> tuple[Finding, ...]:
    """Everything KAITO would refuse of this change. Where the workspace or its fleet says `replace`, a
    change of an immutable field is a warning that says what it costs."""
    return at.findings(update_flaws(old, new, context))


def update_flaws(old: Workspace, new: Workspace, context: Context) -> Iterator[Flaw]:
    """The same without places."""
    fixed = (*_toggled(old, new), *_resource(old, new, context), *_inference(old, new), *_tuning(old, new))
    streaming = tuple(_streaming(old, new, context))
    yield from map(_replaced, fixed + streaming) if replaces(new, context) else fixed + streaming
    yield from _still_valid(old, new, context)


def replaces(new: Workspace, context: Context) -> bool:
    """Whether a workspace whose fixed fields change is to be made anew."""
    default = context.fleet.spec.on_immutable_change
    return new.annotations.get(ON_IMMUTABLE_CHANGE, default) == "replace"


def _toggled(old: Workspace, new: Workspace) -> Iterator[Flaw]:
    for name, before, after in (
        ("inference", old.inference, new.inference),
        ("tuning", old.tuning, new.tuning),
    ):
        if (before is None) != (after is None):
            done = "added to" if before is None else "removed from"
            yield _fixed((name,), f"{name} cannot be {done} a workspace that exists")


def _resource(old: Workspace, new: Workspace, context: Context) -> Iterator[Flaw]:
    if count(old) != count(new):
        yield _changed(("resource", "count"), count(old), count(new))
    if old.resource.partition != new.resource.partition:
        yield _fixed(("resource", "partition"), "partition cannot change")
    if _selected(old) != _selected(new):
        yield _fixed(("resource", "labelSelector"), "labelSelector cannot change")
    yield from _instance_type(old, new, context)


def _instance_type(old: Workspace, new: Workspace, context: Context) -> Iterator[Flaw]:
    before, after = old.instance_type, new.instance_type
    if new.api_version == V1ALPHA1:
        allowed = before == after
    elif context.provisions:
        allowed = bool(after) and before in ("", after)
    else:
        allowed = after in ("", before)
    if not allowed:
        yield _changed(INSTANCE_TYPE, before, after)


def _selected(workspace: Workspace) -> tuple[dict[str, str], list[Any]]:
    """Selectors are compared as plain maps; what is no plain map is compared as written."""
    asked = workspace.resource.label_selector
    odd = [each for each in (asked.match_expressions or ()) if len(each.values) != 1] if asked else []
    return selector(workspace), odd


def _inference(old: Workspace, new: Workspace) -> Iterator[Flaw]:
    before, after = old.inference, new.inference
    if before is None or after is None:
        return
    if before.preset != after.preset:
        yield _fixed(("inference", "preset"), f"the preset cannot change{_from_to(before, after)}")
    if (before.template is None) != (after.template is None):
        yield _fixed(("inference", "template"), "a template cannot be added or removed")


def _tuning(old: Workspace, new: Workspace) -> Iterator[Flaw]:
    before, after = old.tuning, new.tuning
    if before is None or after is None:
        return
    if before.preset != after.preset:
        yield _fixed(("tuning", "preset"), f"the preset cannot change{_from_to(before, after)}")
    if (before.method or "").lower() != (after.method or "").lower():
        yield _changed(("tuning", "method"), before.method, after.method)
    names = [each.input.name if each.input else None for each in (before, after)]
    if names[0] != names[1]:
        yield _changed(("tuning", "input", "name"), *names)


def _streaming(old: Workspace, new: Workspace, context: Context) -> Iterator[Flaw]:
    before, after = (each.annotations.get(MODEL_STREAMING) for each in (old, new))
    if context.fleet.spec.feature_gates.model_streaming and before != after:
        yield _changed(("metadata", "annotations", MODEL_STREAMING), before, after)


def _still_valid(old: Workspace, new: Workspace, context: Context) -> Iterator[Flaw]:
    """What KAITO looks at again, whether it changed or not."""
    if old.annotations.get(NODE_CLASS_NAME) != new.annotations.get(NODE_CLASS_NAME):
        yield from node_class(new, context)
    if new.inference is not None:
        yield from adapters(new.inference, None)
        options = new.inference.preset.preset_options if new.inference.preset else None
        if options and options.image is not None:
            yield from image(("inference", "preset", "presetOptions", "image"), options.image)
    if new.tuning is not None:
        yield from tuning_images(new.tuning)


def _changed(path: FieldPath, before: object, after: object) -> Flaw:
    name = path[-1]
    return _fixed(
        path, f"{name} cannot change (from {said(before or 'nothing')} to {said(after or 'nothing')})"
    )


def _fixed(path: FieldPath, message: str) -> Flaw:
    return Flaw(
        path,
        message,
        f"change it back, give the workspace a new name, or annotate {ON_IMMUTABLE_CHANGE}: replace",
    )


def _replaced(flaw: Flaw) -> Flaw:
    return warning(
        flaw.path,
        f"{flaw.message} in place: it is replaced",
        "new nodes come beside the old, which serve until those are Ready (10 to 30 minutes, both paid for,"
        " capacity not promised); then the model restarts, or the tuning runs again",
    )


def _from_to(before: Inference | Tuning, after: Inference | Tuning) -> str:
    names = [each.preset.name if each.preset else "nothing" for each in (before, after)]
    return f" (from {said(names[0])} to {said(names[1])})" if names[0] != names[1] else " in its options"
