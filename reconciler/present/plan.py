"""A plan as text and as JSON: the workspaces and what they cost, then the steps, then all of it in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from click import style

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.plan import Action, Overlap, Plan, Step, WorkspaceChange
from reconciler.planner.decide.changes import USUAL_MINUTES
from reconciler.planner.tell.readable import readable

from .columns import columns
from .money import difference, dollars, monthly_difference

_MARKERS = {
    Action.CREATE: ("  +", "green"),
    Action.UPDATE: ("  ~", "yellow"),
    Action.REPLACE: ("-/+", "red"),
    Action.PRUNE: ("  -", "red"),
    Action.ABORT: ("  ×", "red"),
    Action.HOLD: ("  !", "cyan"),
    Action.KEEP: ("   ", "white"),
}
_HEADINGS = ("WORKSPACE", "ACTION", "NODES", "$/HOUR", "Δ$/HOUR", "Δ$/MONTH", "BECAUSE")
_MOST_FIELDS = 6
ABSENT = "it is not there"


def plan_text(plan: Plan) -> str:
    """What a person reads before saying yes, with terminal colours, which `click.echo` drops elsewhere."""
    if not plan.steps and not plan.changes:
        return f"Nothing to do now: {_things(plan.kept)} as asked for."
    overlaps = "\n".join(_overlaps(plan.changes))
    parts = [_workspaces(plan.changes), overlaps, "\n".join(_steps(plan.steps)), _summary(plan)]
    return "\n\n".join(part for part in parts if part)


def plan_json(plan: Plan) -> dict[str, Any]:
    """`hash`, `steps` and `workspaces` as plain values; dollars are null when no price is known."""
    return {
        "hash": plan.hash,
        "steps": [
            {
                "action": step.action.value,
                "kind": step.target.kind,
                "name": step.target.name,
                "workspace": _name(step.workspace),
                "because": step.because,
                "fields": list(step.fields),
            }
            for step in plan.steps
        ],
        "workspaces": [
            {
                "workspace": _name(change.workspace),
                "action": change.action.value,
                "because": change.because,
                "nodes_before": change.nodes_before,
                "nodes_after": change.nodes_after,
                "dollars_per_hour_before": change.dollars_per_hour_before,
                "dollars_per_hour_after": change.dollars_per_hour_after,
                "at_most": change.at_most_after,
                "overlap": _plain_overlap(change.overlap),
            }
            for change in plan.changes
        ],
    }


def _name(workspace: WorkspaceName | None) -> str | None:
    """`namespace/name`; objects committed beside the workspaces belong to none."""
    return str(workspace) if workspace is not None and workspace.name else None


def _things(count: int) -> str:
    return "1 thing is" if count == 1 else f"{count} things are"


def _workspaces(changes: Iterable[WorkspaceChange]) -> str:
    rows = [_row(change) for change in changes]
    return columns([_HEADINGS, *rows], right=(3, 4, 5)) if rows else ""


def _row(change: WorkspaceChange) -> tuple[str, ...]:
    before, after = change.dollars_per_hour_before, change.dollars_per_hour_after
    nodes = str(change.nodes_after)
    if change.nodes_before != change.nodes_after:
        nodes = f"{change.nodes_before} → {change.nodes_after}"
    return (
        readable(str(change.workspace), 80),
        style(change.action.value, fg=_MARKERS[change.action][1]),
        nodes,
        dollars(after, at_most=change.at_most_after),
        difference(before, after),
        monthly_difference(before, after),
        readable(change.because, 160),
    )


def _overlaps(changes: Iterable[WorkspaceChange]) -> Iterator[str]:
    """What a replacement costs for as long as it takes, and what that is reckoned from."""
    for change in changes:
        both = change.overlap
        if both is not None:
            yield (
                f"{readable(str(change.workspace), 80)}: both pools run while it moves, about"
                f" {_for_hours(both, both.hours)} ({USUAL_MINUTES} minutes to make a GPU pool, as recorded),"
                f" at most {_for_hours(both, both.most_hours)} (the fleet's limits)"
            )


def _for_hours(both: Overlap, hours: float) -> str:
    cost = None if both.dollars_per_hour is None else both.dollars_per_hour * hours
    return f"{hours:.1f} h, {dollars(cost, at_most=both.at_most)}"


def _plain_overlap(both: Overlap | None) -> dict[str, Any] | None:
    if both is None:
        return None
    known = both.dollars_per_hour
    return {
        "hours": round(both.hours, 2),
        "dollars": None if known is None else known * both.hours,
        "hours_at_most": round(both.most_hours, 2),
        "dollars_at_most": None if known is None else known * both.most_hours,
    }


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        marker, colour = _MARKERS[step.action]
        because = "" if step.because == ABSENT else f"  {style(readable(step.because, 400), dim=True)}"
        yield f"{style(marker, fg=colour, bold=True)} {readable(str(step.target), 160)}{because}"
        if len(step.fields) > 1:
            more = len(step.fields) - _MOST_FIELDS
            yield from (f"      · {readable(each, 160)}" for each in step.fields[:_MOST_FIELDS])
            if more > 0:
                yield f"      · and {more} more"


def _summary(plan: Plan) -> str:
    """As terraform closes: how many of each, and what the month will bring."""
    counted = Counter(step.action for step in plan.steps)
    told = ", ".join(
        (
            f"{counted[Action.CREATE]} to create",
            f"{counted[Action.UPDATE]} to update",
            f"{counted[Action.REPLACE]} to replace",
            f"{counted[Action.PRUNE]} to delete",
            *((f"{counted[Action.ABORT]} to stop",) if counted[Action.ABORT] else ()),
            f"{counted[Action.HOLD]} held",
            f"{plan.kept} unchanged",
        )
    )
    return f"Plan {plan.hash}: {told}.{_money(plan.changes)}"


def _money(changes: tuple[WorkspaceChange, ...]) -> str:
    """The sum over the workspaces whose prices are known, and how many are not."""
    known = [
        (change.dollars_per_hour_before, change.dollars_per_hour_after)
        for change in changes
        if change.dollars_per_hour_before is not None and change.dollars_per_hour_after is not None
    ]
    unknown = len(changes) - len(known)
    apart = f"; {unknown} of unknown price" if unknown else ""
    if not known:
        return f" Cost: unknown{apart}." if changes else ""
    before, after = sum(each for each, _ in known), sum(each for _, each in known)
    hour, month = difference(before, after), monthly_difference(before, after)
    spot = ", spot machines counted at most" if any(change.at_most_after for change in changes) else ""
    return f" Cost: {hour} an hour, {month} a month{spot}{apart}."
