"""What a Review says, in words that its text and its Markdown share. Names of others stand in it as they are:
whoever prints them makes them safe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.domain.plan import Overlap
from reconciler.domain.review import (
    NOTHING,
    Fate,
    FieldChange,
    Fit,
    Machines,
    ObjectChange,
    Review,
    Sight,
    Total,
    WorkspaceReview,
)
from reconciler.planner.decide.changes import USUAL_MINUTES
from reconciler.planner.tell.status_file import HOURS_PER_MONTH

from .money import dollars

_ORDER = (Fate.ADDED, Fate.REPLACED, Fate.CHANGED, Fate.REMOVED, Fate.HELD)
_KINDS = ("Workspace", "ConfigMap", "AgentPool")


def summary(review: Review) -> str:
    """`2 workspaces added, 1 replaced: +3 GPU nodes, +$11.02/hour (+$8,045/month)`."""
    if not review.workspaces:
        others = [*(["towline.yaml"] if review.rules else []), *(["other objects"] if review.objects else [])]
        told = f"No workspace changes; {' and '.join(others)} do" if others else "Nothing changes"
        return told + _mistakes(len(review.findings.new))
    return f"{_counted(review)}: {_nodes(review)}, {bill_difference(review)}"


def bill_difference(review: Review) -> str:
    """What it costs more or less, an hour and a month of 730 hours, as far as prices are known."""
    more, less = review.dollars
    net = more - less
    bound = "at most " if review.is_at_most and net > 0 else ""
    told = f"{bound}{signed(net)}/hour ({signed(net * HOURS_PER_MONTH, cents=False)}/month)"
    unknown = f", {review.unpriced} of unknown price" if review.unpriced else ""
    return told + unknown


def signed(amount: float, *, cents: bool = True) -> str:
    """`+$3.67`, `-$3.67` or `±$0`; without cents as whole dollars."""
    digits = 2 if cents else 0
    if not round(abs(amount), digits):
        return "±$0"
    return f"{'+' if amount > 0 else '-'}${abs(amount):,.{digits}f}"


def step(before: str, after: str) -> str:
    """`1 → 2`, or one of them where they are the same."""
    return before if before == after else f"{before} → {after}"


def nodes_of(one: WorkspaceReview) -> str:
    """GPU nodes before and after."""
    return step(str(one.before.gpu_nodes), str(one.after.gpu_nodes))


def dollars_of(one: WorkspaceReview) -> str:
    """Dollars an hour before and after."""
    return step(_price(one.before), _price(one.after))


def machines_in_words(machines: Machines) -> str:
    """`phi-4 on 2 × Standard_NC24ads_A100_v4, $7.35/hour`; `nothing` where there is none."""
    if machines == NOTHING:
        return "nothing"
    return f"{_placed(machines)}, {_price(machines)}/hour"


def briefly(one: WorkspaceReview) -> str:
    """The most telling sentence, for a column; of what comes without one, what it is."""
    return next(iter(one.because), "") or _placed(one.after)


def overlap_in_words(both: Overlap) -> str:
    """What the time costs in which former and new nodes both stand."""
    return (
        f"both agent pools cost while it moves: about {_for_hours(both, both.hours)} ({USUAL_MINUTES} minutes"
        f" to make a GPU pool, as recorded), at most {_for_hours(both, both.most_hours)} (the fleet's limits)"
    )


def fit_in_words(fit: Fit) -> str:
    """Whether it fits, and what is left."""
    if not fit.fits:
        return f"does not fit: {fit.because[0]}" if fit.because else "does not fit"
    used = f"{fit.needed_gib:.1f} of {fit.given_gib:.1f} GiB of the fullest GPU"
    if fit.at_once is None:
        return f"fits: {used}, with a sequence of {fit.context:,} tokens"
    at_once = f"{fit.at_once:,} sequences of {fit.context:,} tokens at once"
    return (
        f"fits: {used}, of which {fit.weights_gib:.1f} are weights; room for {at_once}, or for one of"
        f" {fit.largest_context:,}"
    )


def fits_briefly(fit: Fit | None) -> str:
    """For a column."""
    if fit is None:
        return "not known"
    return f"yes, {fit.needed_gib / fit.given_gib:.0%} of a GPU" if fit.fits and fit.given_gib else "no"


def objects_in_order(objects: tuple[ObjectChange, ...]) -> list[ObjectChange]:
    """What people wrote first, what is made of it after."""
    kinds = {kind: place for place, kind in enumerate(_KINDS)}
    return sorted(
        objects, key=lambda each: (kinds.get(each.target.partition("/")[0], len(kinds)), each.target)
    )


def lines_of(change: FieldChange) -> tuple[list[str], list[str]]:
    """What a field says before and after, line by line; nothing where it is not there. A newline at the end
    of both is no line."""
    before, after = change.before, change.after
    if all(each is None or each.endswith("\n") for each in (before, after)):
        return _split(before, "\n"), _split(after, "\n")
    return _split(before), _split(after)


def budget_in_words(total: Total) -> str:
    """What the whole fleet is asked to cost, of what it may."""
    told = (
        f"the whole fleet, as declared: {step(f'{dollars(total.before)}', f'{dollars(total.after)}')} an hour"
    )
    return told if total.budget is None else f"{told}, of the {dollars(total.budget)} it may cost"


def world_in_words(sight: Sight) -> str:
    """Which world it was made against, and when."""
    if sight.is_embedded:
        return (
            f"the embedded world at {sight.at}, which has no cluster behind it: quota and offers are made up"
        )
    return f"the live cluster as it was at {sight.at}"


def prices_in_words(review: Review) -> str:
    """How old the prices are and of where."""
    where = f" in {', '.join(review.prices.regions)}" if review.prices.regions else ""
    return f"prices of {review.prices.date}{where}: {review.prices.meaning}"


def _mistakes(count: int) -> str:
    return f"; {count} new {'mistake' if count == 1 else 'mistakes'}" if count else ""


def _counted(review: Review) -> str:
    counted = Counter(one.fate for one in review.workspaces)
    parts = [(counted[fate], fate.value) for fate in _ORDER if counted[fate]]
    (first, fate), rest = parts[0], parts[1:]
    noun = "workspace" if first == 1 else "workspaces"
    return ", ".join((f"{first} {noun} {fate}", *(f"{count} {word}" for count, word in rest)))


def _nodes(review: Review) -> str:
    more, less = review.gpu_nodes
    told = [f"{sign}{count}" for sign, count in (("+", more), ("-", less)) if count]
    noun = "GPU node" if more + less == 1 else "GPU nodes"
    return f"{' '.join(told)} {noun}" if told else "no GPU node more or less"


def _placed(machines: Machines) -> str:
    return f"{machines.model} on {machines.nodes} × {machines.option}"


def _price(machines: Machines) -> str:
    return dollars(machines.dollars_per_hour, at_most=machines.at_most)


def _for_hours(both: Overlap, hours: float) -> str:
    cost = None if both.dollars_per_hour is None else both.dollars_per_hour * hours
    return f"{hours:.1f} h, {dollars(cost, at_most=both.at_most)}"


def _split(text: str | None, ending: str = "") -> list[str]:
    return [] if text is None else text.removesuffix(ending).split("\n")


def reasons(one: WorkspaceReview) -> Iterator[str]:
    """Everything that is to be known of one workspace, a sentence each, without its machines."""
    yield from one.because
    if one.pause:
        yield one.pause
    if one.overlap:
        yield overlap_in_words(one.overlap)
