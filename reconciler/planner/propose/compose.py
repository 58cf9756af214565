"""A Proposal out of what was tuned and which files change: what is true of both stands in its text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.preset import Preset
from reconciler.domain.config import Config
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.proposal import Proposal
from reconciler.domain.telemetry import Training
from reconciler.domain.workspace import DataSource
from reconciler.planner.tell.branch_paths import curve_path
from reconciler.planner.tell.loss_curve import has_curve
from reconciler.planner.tell.markdown import code
from reconciler.planner.tell.masked import masked

from .changes import Changes
from .curve import sparkline
from .forge import file_link
from .wish import Wish

_MOST_URLS = 3
_LONGEST_DIGEST = 8
_WIDEST_CURVE = 60


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a proposal goes: the repository's address, the branch, and the commit that is there now, empty
    for none."""

    place: str
    branch: str
    replaces: str = ""


def branch_of(tuning: WorkspaceName, home: str) -> str:
    """Where the adapter of a tuning is proposed. A dot, which no name holds, parts namespace and name."""
    own = tuning.name if tuning.namespace == home else f"{tuning.namespace}.{tuning.name}"
    return f"towline/adapter/{own}"


def other_branch(branch: str, digest: str) -> str:
    """Where it is proposed when that branch is somebody else's by now."""
    return f"{branch}-{digest.removeprefix('sha256:')[:_LONGEST_DIGEST]}"


def compose(wish: Wish, changes: Changes, config: Config, catalog: Catalog, where: Stand) -> Proposal:
    """The commit on top of the config's own."""
    home = config.fleet.spec.default_namespace
    link = file_link(where.place, config.fleet.spec.status_branch, curve_path(wish.name))
    parts = [
        _opening(wish, changes, config),
        _table(_facts(wish, catalog)),
        _curves(wish.training),
        f"[The loss curve as a picture]({link})" if link and has_curve(wish.training) else "",
        *_notes(wish, changes),
        f"To accept, merge {code(where.branch)}; the model then serves the adapter as"
        f" {code(wish.name.name)}. To decline, delete the branch: this adapter is not proposed again.",
    ]
    return Proposal(
        wish.name,
        wish.digest,
        changes.targets,
        where.branch,
        config.commit,
        changes.files,
        _title(wish.name, changes.targets, home),
        "\n\n".join(filter(None, parts)),
        where.replaces,
        changes.executable,
    )


def _title(tuning: WorkspaceName, targets: tuple[WorkspaceName, ...], home: str) -> str:
    first, *more = (each.name if each.namespace == home else str(each) for each in targets)
    others = f" and {len(more)} more" if more else ""
    own = tuning.name if tuning.namespace == home else str(tuning)
    return f"Serve {first}{others} with the adapter of {own}"


def _opening(wish: Wish, changes: Changes, config: Config) -> str:
    assert wish.pin is not None
    told = f"The fine-tuning {code(str(wish.name))} has succeeded. This adds its adapter, pinned by digest:"
    lines = (_addition(name, changes, config) for name in changes.targets)
    return "\n".join([told, "", f"    {wish.pin.image}", "", *lines])


def _addition(name: WorkspaceName, changes: Changes, config: Config) -> str:
    before = changes.replaced.get(name)
    instead = f", instead of {code(before)}" if before else ""
    return f"- to {code(str(name))} in {code(config.workspaces[name].file)}{instead}"


def _facts(wish: Wish, catalog: Catalog) -> Iterator[tuple[str, str]]:
    asked, training = wish.declared.manifest.tuning, wish.training
    assert asked is not None
    if asked.preset is not None:
        yield "Model", _model(asked.preset.name, catalog)
    yield "Method", code((asked.method or "").lower())
    yield "Data", _data(asked.input)
    if training.steps:
        yield "Steps", f"{training.step:,} of {training.steps:,}, {training.epoch:.3g} epochs"
    if rows := training.rows:
        unusable = f", {rows.unusable:,} unusable" if rows.unusable else ""
        yield "Rows", f"{rows.trained:,} trained on, {rows.held_back:,} held back{unusable}"
    yield "Loss", _course(_losses(training), training.loss)
    yield "Eval loss", _course(_eval_losses(training), training.eval_loss)
    if training.tokens_per_second:
        yield "Speed", f"{training.tokens_per_second:,.0f} tokens/s"


def _model(name: str, catalog: Catalog) -> str:
    known = catalog.preset(name)
    if not isinstance(known, Preset):
        return code(name)
    return f"{code(known.name)} at {code(known.revision)}" if known.revision else code(known.name)


def _data(data: DataSource | None) -> str:
    if data is None:
        return ""
    if data.urls:
        more = len(data.urls) - _MOST_URLS
        shown = ", ".join(code(masked(each)) for each in data.urls[:_MOST_URLS])
        return f"{shown} and {more} more" if more > 0 else shown
    return code(data.image) if data.image else "a volume"


Points = tuple[tuple[int, float], ...]


def _losses(training: Training) -> Points:
    return tuple((each.step, each.loss) for each in training.curve if _is_number(each.loss))


def _eval_losses(training: Training) -> Points:
    return tuple((each.step, each.eval_loss) for each in training.curve if _is_number(each.eval_loss))


def _is_number(loss: float | None) -> TypeGuard[float]:
    """Whether it can be drawn: a training that came apart says nan."""
    return loss is not None and math.isfinite(loss)


def _course(points: Points, last: float | None) -> str:
    """From the first to the last that is known."""
    values = [value for _, value in points] + ([last] if _is_number(last) else [])
    if not values:
        return ""
    return f"{values[-1]:.4g}" if len(values) == 1 else f"{values[0]:.4g} → {values[-1]:.4g}"


def _table(facts: Iterator[tuple[str, str]]) -> str:
    rows = [(name, value) for name, value in facts if value]
    width = max(len(name) for name, _ in rows)
    head = [f"| {'':{width}} | Result |", f"|{'-' * (width + 2)}|--------|"]
    return "\n".join([*head, *(f"| {name:{width}} | {value} |" for name, value in rows)])


def _curves(training: Training) -> str:
    """The curves in a block of code, one below the other over the same steps."""
    if len(training.curve) < 2:
        return ""
    span = (training.curve[0].step, training.curve[-1].step)
    width = min(_WIDEST_CURVE, len(training.curve))
    lines = {"loss": _losses(training), "eval": _eval_losses(training)}
    return "\n".join(f"    {name}  {sparkline(each, span, width)}" for name, each in lines.items() if each)


def _notes(wish: Wish, changes: Changes) -> Iterator[str]:
    """What a reviewer should look at."""
    assert wish.pin is not None
    if wish.pin.pull_secrets:
        secrets = ", ".join(map(code, wish.pin.pull_secrets))
        spaces = ", ".join(code(each) for each in sorted({name.namespace for name in changes.targets}))
        yield f"The image is pulled with Secret {secrets}, which must be in namespace {spaces}."
    for finding in changes.findings:
        yield f"Not changed: {finding.message}. {finding.mend}."
