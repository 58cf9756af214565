"""A Review on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from click import style

from reconciler.domain.finding import Finding
from reconciler.domain.review import Fate, FieldChange, ObjectChange, Review, RulesChange, WorkspaceReview
from reconciler.planner.review.hash import review_hash
from reconciler.planner.tell.readable import readable

from .columns import columns
from .review_details import diff_lines
from .review_words import (
    briefly,
    budget_in_words,
    dollars_of,
    fit_in_words,
    fits_briefly,
    nodes_of,
    objects_in_order,
    prices_in_words,
    reasons,
    signed,
    summary,
    world_in_words,
)

_HEADINGS = ("WORKSPACE", "CHANGE", "GPU NODES", "$/HOUR", "FITS", "BECAUSE")
_COLOURS = {
    Fate.ADDED: "green",
    Fate.CHANGED: "yellow",
    Fate.REPLACED: "red",
    Fate.REMOVED: "red",
    Fate.HELD: "cyan",
}


def review_text(review: Review) -> str:
    """The whole of it, with terminal colours, which `click.echo` drops elsewhere."""
    parts = (
        style(summary(review), bold=True),
        "\n".join(_rules(review.rules)) if review.rules else "",
        _table(review.workspaces),
        *("\n".join(_workspace(each)) for each in review.workspaces),
        "\n".join(_objects("other objects", review.objects)),
        "\n".join(_findings("new mistakes", review.findings.new)),
        "\n".join(_findings("mistakes mended", review.findings.mended)),
        "\n".join(_ending(review)),
    )
    return "\n\n".join(part for part in parts if part)


def _table(workspaces: tuple[WorkspaceReview, ...]) -> str:
    return columns([_HEADINGS, *map(_row, workspaces)], right=(2, 3)) if workspaces else ""


def _row(one: WorkspaceReview) -> tuple[str, ...]:
    return (
        readable(str(one.name), 80),
        style(one.fate.value, fg=_COLOURS[one.fate]),
        nodes_of(one),
        dollars_of(one),
        fits_briefly(one.fit) if one.fit or one.after.gpu_nodes else "-",
        readable(briefly(one), 160),
    )


def _workspace(one: WorkspaceReview) -> Iterator[str]:
    yield style(f"{readable(str(one.name), 80)} {one.fate}", fg=_COLOURS[one.fate], bold=True)
    yield from (f"  · {readable(each, 400)}" for each in reasons(one))
    if one.fit:
        yield f"  · {readable(fit_in_words(one.fit), 400)}"
    if one.supply:
        mend = f"; {one.supply.mend}" if one.supply.mend else ""
        yield f"  · nodes: {readable(one.supply.said + mend, 400)}"
    for each in objects_in_order(one.objects):
        yield from _object(each)


def _object(change: ObjectChange) -> Iterator[str]:
    yield f"  {readable(change.target, 160)} {change.fate}"
    for each in change.fields:
        yield from _field(each)
    if change.more:
        yield f"    and {change.more} more fields"


def _field(change: FieldChange) -> Iterator[str]:
    yield style(f"    {readable(change.path, 200)}", dim=True)
    if change.is_hidden:
        yield "      (it changes; its values are not shown)"
        return
    for line in diff_lines(change):
        colour = {"+": "green", "-": "red"}.get(line[0])
        yield f"    {style(line, fg=colour)}"


def _rules(rules: RulesChange) -> Iterator[str]:
    yield style("towline.yaml is changed; all below is judged by the base's.", fg="yellow", bold=True)
    if rules.is_removed:
        yield "  It is taken away: nothing is reconciled until it is back."
        return
    for each in rules.fields:
        yield from _field(each)
    yield from (f"  {readable(str(each), 400)}" for each in rules.findings)
    yield from (f"  · {readable(f'{each.workspace} {each.said}', 300)}" for each in rules.effects)
    money = "not known" if rules.dollars_per_hour is None else f"{signed(rules.dollars_per_hour)}/hour"
    yield f"  its own effect once it is merged: {money}"


def _objects(heading: str, objects: tuple[ObjectChange, ...]) -> Iterator[str]:
    if objects:
        yield style(heading, bold=True)
    for each in objects_in_order(objects):
        yield from _object(each)


def _findings(heading: str, findings: Iterable[Finding]) -> Iterator[str]:
    told = [f"  {readable(str(each), 600)}" for each in findings]
    if told:
        yield style(heading, bold=True)
    yield from told


def _ending(review: Review) -> Iterator[str]:
    asked = review.asked
    yield from (style(readable(each, 400), fg="yellow") for each in review.limits)
    if review.findings.left:
        yield f"{len(review.findings.left)} mistakes are in the base already; towline check tells them."
    others = "1 workspace is" if review.untouched == 1 else f"{review.untouched} workspaces are"
    yield f"{others} not touched; {budget_in_words(review.total)}."
    merge = f"{readable(asked.head_ref, 80)} ({asked.head[:12]}) merged into {readable(asked.base_ref, 80)}"
    yield style(
        f"Plan {review_hash(review)} of {merge} ({asked.base[:12]}), against {world_in_words(review.sight)}; "
        f"{prices_in_words(review)}.",
        dim=True,
    )
