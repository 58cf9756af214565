"""What is said of an agent pool whose nodes are not there: how far it is, why not, and what happens next.

No sentence tells how long something took: it tells since when or until when, so that time alone changes no
word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.domain.identity import PoolRef
from reconciler.domain.logbook import Attempt
from reconciler.domain.moment import clock
from reconciler.domain.plan import Outcome
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Setback
from reconciler.domain.report import Health
from reconciler.domain.state import ObservedPool
from reconciler.domain.workspace import TRY
from reconciler.planner.health import agent_pool, reason_of
from reconciler.planner.health.verdict import degraded, progressing
from reconciler.planner.provision.setbacks import understand

_BEGIN_ANEW = f"change the workspace, such as its annotation {TRY}, to have it tried anew"
_OR_ELSE = f"; {_BEGIN_ANEW}"
_MOVES = {
    Move.AGAIN: "its agent pool is asked for again",
    Move.ANEW: "its agent pool is taken away and made anew",
    Move.GIVE_BACK: "its machines are given back",
    Move.ABORT: "Azure is asked to stop, so that its agent pool can be made anew",
}
_MAKING = frozenset({"", "Creating"})
_DELETING = "Deleting"


def choice_after(
    choice: NodeChoice | None, attempt: Attempt | None, pool: str, failed: Iterable[Outcome]
) -> NodeChoice | None:
    """The choice as it stands after the pass: what Azure answered counts, and so does every request."""
    if choice is None:
        return None
    counted = replace(choice, tries=max(choice.tries, attempt.tries)) if attempt else choice
    refused = next((each for each in failed if each.error and each.step.target == PoolRef(pool)), None)
    if refused is None or refused.error is None:
        return counted
    until = attempt.again if attempt else ""
    move = Move.WAIT if until else choice.move
    return replace(counted, move=move, because="", setback=understand(refused.error), until=until)


def coming(
    name: str, live: ObservedPool | None, choice: NodeChoice | None, attempt: Attempt | None, *, begun: bool
) -> Health:
    """How far the pool is; healthy when all of it stands. `begun` is whether this pass has asked for it."""
    if choice is not None and choice.setback is not None:
        return degraded(reason_of(choice.setback), told(choice.setback, choice, attempt))
    state = live.state if live else ""
    if state == _DELETING:
        return progressing(_DELETING, f"agent pool {name} (Deleting) to be gone before it is made anew")
    if choice is not None and choice.move is Move.WAIT and choice.because:
        until = f"; tried again at {clock(choice.until, choice.until)}" if choice.until else ""
        return degraded("AgentPoolWaits", choice.because + until)
    if live is not None and state not in _MAKING:
        return agent_pool(live)
    if live is None and not begun:
        return progressing("Pending", f"agent pool {name} to be created{_way(choice)}")
    return progressing(
        "Creating", f"agent pool {name} to be made{_since(live, attempt, choice)}{_way(choice)}"
    )


def told(setback: Setback, choice: NodeChoice, attempt: Attempt | None) -> str:
    """What happened, the next step, and whether anything happens without a person."""
    step = f"; {choice.next_step}" if choice.next_step else ""
    if not choice.needs_a_person:
        return f"{choice.trouble}{step}{_again(choice, attempt)}"
    return choice.trouble + (_given_up(setback, choice) or f"; it waits for a person{step or _OR_ELSE}")


def _given_up(setback: Setback, choice: NodeChoice) -> str:
    """What was tried as often as it may be is not tried again though the cause be gone; empty otherwise."""
    used_up = choice.tries >= choice.most_tries > 0 or setback.kind is not Kind.PERMANENT
    if choice.move is not Move.WAIT or not used_up or not choice.tries:
        return ""
    often = "once" if choice.tries == 1 else f"{choice.tries} times"
    step = f"{choice.next_step}; then " if choice.next_step else ""
    return f"; tried {often} and not again: it waits for a person; {step}{_BEGIN_ANEW}"


def _again(choice: NodeChoice, attempt: Attempt | None) -> str:
    if choice.until:
        seen_from = (attempt.failed or attempt.begun) if attempt else ""
        return f"; tried again at {clock(choice.until, seen_from)}"
    return f"; {_MOVES[choice.move]}" if choice.move in _MOVES else ""


def _since(live: ObservedPool | None, attempt: Attempt | None, choice: NodeChoice | None) -> str:
    begun = (attempt.begun if attempt else "") or (live.created if live else "")
    since = f", begun at {clock(begun, begun)}" if begun else ""
    most = f" of {choice.most_tries}" if choice and choice.most_tries else ""
    return f"{since}, try {attempt.tries}{most}" if attempt and attempt.tries > 1 else since


def _way(choice: NodeChoice | None) -> str:
    """Why it is not had in the way that its owner likes best."""
    if choice is None or not choice.passed_over:
        return ""
    more = f" and {len(choice.passed_over) - 1} more" if len(choice.passed_over) > 1 else ""
    return f", on {choice.option} because {choice.passed_over[0]}{more}"
