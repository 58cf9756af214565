"""Whether the nodes a workspace asks for are to be had, as far as was seen."""

from __future__ import annotations

from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.review import Supply
from reconciler.domain.state import DesiredWorkspace

from .concealed import concealed_sentence
from .side import Side


def supply_of(desired: DesiredWorkspace, side: Side) -> Supply | None:
    """What is known of its nodes; None where no agent pool is made for it."""
    choice = side.choices.get(desired.name)
    if choice is None or desired.pool is None:
        return None
    if choice.move is Move.GO:
        return Supply(is_short=False, said=_had(desired, side), mend=_passed_over(choice))
    said = choice.trouble or choice.because or "its nodes are waited for"
    return Supply(choice.move is Move.WAIT, concealed_sentence(said), concealed_sentence(choice.next_step))


def _had(desired: DesiredWorkspace, side: Side) -> str:
    seen, market = side.observed, side.observed.market
    live = (seen.pools or {}).get(desired.pool.name) if desired.pool else None
    if live is not None and live.count >= desired.nodes:
        return "the nodes are there"
    if market.offerings is None and market.usages is None:
        return "not known: Azure did not say what may be had"
    if market.usages is None:
        return "offered in this region; whether the quota is enough is not known"
    if market.offerings is None:
        return "the quota is enough; whether the size is offered is not known"
    return "offered in this region, quota enough"


def _passed_over(choice: NodeChoice) -> str:
    return concealed_sentence("; ".join(f"passed over: {each}" for each in choice.passed_over))
