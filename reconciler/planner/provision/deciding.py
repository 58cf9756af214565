"""One workspace: the way that stands, else the first that is open and paid for, else what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.domain.provisioning import Move, NodeChoice, Setback
from reconciler.domain.state import DesiredWorkspace

from .budget import Excess, Purse
from .outlook import Outlook
from .preflight import Stock
from .way import Verdict, Way, closed


@dataclass(frozen=True, slots=True)
class Decision:
    """A way, what is to be done about it, the others each with a reason, and how many more nodes it takes."""

    way: Way
    verdict: Verdict
    passed_over: tuple[str, ...] = ()
    nodes: int = 0

    def choice(self, most_tries: int) -> NodeChoice:
        """As it is told and acted on."""
        verdict = self.verdict
        return NodeChoice(
            self.way.option,
            verdict.move,
            verdict.said or next(iter(self.passed_over), ""),
            verdict.setback,
            verdict.until,
            self.way.tries,
            most_tries,
            self.passed_over,
            verdict.managed_disk or self.way.managed_disk,
            verdict.stage,
        )


@dataclass(frozen=True, slots=True)
class _Tried:
    """A way that was looked at, and why it is too dear, if it is."""

    way: Way
    verdict: Verdict
    nodes: int
    excess: Excess | None

    @property
    def told(self) -> str:
        """The reason to pass it over, in a few words."""
        return self.way.named(self.excess.sentence if self.excess else self.verdict.said)


def decide(workspace: DesiredWorkspace, outlook: Outlook, stock: Stock, purse: Purse) -> Decision | Excess:
    """The way its nodes are had and what is to be done now, or why no way can be paid for."""
    ways = (workspace, *workspace.alternatives)
    if outlook.still:
        return _left_alone(ways, outlook)
    standing = _standing(ways, outlook, stock)
    if standing is not None:
        return standing
    tried: list[_Tried] = []
    for each in ways:
        way = outlook.way(each)
        now = _Tried(way, *outlook.weigh(way, stock), purse.beyond(each))
        if now.excess is None and _is_taken(now.verdict):
            return Decision(way, now.verdict, tuple(one.told for one in tried), now.nodes)
        tried.append(now)
    return _of_the_rest(tried)


def _left_alone(ways: tuple[DesiredWorkspace, ...], outlook: Outlook) -> Decision:
    way = outlook.way(outlook.whereabouts(ways))
    verdict = Verdict(Move.GO) if way.is_own else closed(None, why=outlook.still)
    return Decision(way, verdict)


def _standing(ways: tuple[DesiredWorkspace, ...], outlook: Outlook, stock: Stock) -> Decision | None:
    """The way whose agent pool is there and is kept to, though one liked better opened meanwhile. Of several,
    the one that serves."""
    found: list[Decision] = []
    for place, each in enumerate(ways):
        if not outlook.stands(each):
            continue
        way = outlook.way(each)
        verdict, nodes = outlook.weigh(way, stock)
        if verdict.stays:
            found.append(Decision(way, verdict, tuple(_remembered(ways[:place], outlook)), nodes))
    if len(found) < 2:
        return next(iter(found), None)
    return next((each for each in found if outlook.is_ready(each.way)), found[0])


def _remembered(ways: Iterable[DesiredWorkspace], outlook: Outlook) -> Iterator[str]:
    """Why these were not taken, as far as that is still known."""
    for way in map(outlook.way, ways):
        said = way.refused or (way.setback.sentence if way.setback else "")
        if said:
            yield way.named(said)


def _is_taken(verdict: Verdict) -> bool:
    return verdict.stays or (verdict.is_open and not verdict.last_resort)


def _of_the_rest(tried: list[_Tried]) -> Decision | Excess:
    """The last resort, else to wait for the way liked best of those that can be paid for."""
    paid = [each for each in tried if each.excess is None]
    if not paid:
        return _cheapest(tried)
    last = next((each for each in paid if each.verdict.is_open), None)
    chosen = last or next((each for each in paid if each.verdict.setback is None), paid[0])
    passed_over = tuple(each.told for each in tried if each is not chosen)
    if last is not None:
        return Decision(last.way, last.verdict, passed_over, last.nodes)
    setback = _says_most(each.verdict.setback for each in paid) if chosen.verdict.setback else None
    until = min((each.verdict.until for each in paid if each.verdict.until), default="")
    why = chosen.verdict.why if setback is chosen.verdict.setback else ""
    return Decision(chosen.way, closed(setback, until, why), passed_over)


def _says_most(setbacks: Iterable[Setback | None]) -> Setback | None:
    """Azure's own word before ours, and one with a next step before one without."""
    known = [each for each in setbacks if each is not None]
    return max(known, key=lambda each: (bool(each.code), bool(each.next_step)), default=None)


def _cheapest(tried: list[_Tried]) -> Excess:
    dear = [(each, each.excess) for each in tried if each.excess]
    least, excess = min(dear, key=lambda pair: pair[0].way.workspace.cost.dollars_per_hour or 0.0)
    if len(dear) == 1:
        return excess
    return Excess(f"{least.way.option} is the cheapest way that is accepted: {excess.sentence}", excess.key)
