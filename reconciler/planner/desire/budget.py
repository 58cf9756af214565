"""What a fleet may spend, in dollars an hour, and who is beyond it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.config import Config
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredWorkspace

_FIELD = "resource.instanceType"


def over_budget(
    wanted: Mapping[WorkspaceName, DesiredWorkspace], config: Config, standing: frozenset[WorkspaceName]
) -> dict[WorkspaceName, Finding]:
    """The workspaces that go beyond the fleet's budget, with by how much.

    Those that already stand are counted first, then in order of name. Where no public price is known,
    nothing is counted.
    """
    budget = config.fleet.spec.budget
    each, total = budget.dollars_per_hour_per_workspace, budget.dollars_per_hour
    if each is None and total is None:
        return {}
    beyond: dict[WorkspaceName, Finding] = {}
    spent = 0.0
    for name in sorted(wanted, key=lambda name: (name not in standing, name)):
        price = wanted[name].cost.dollars_per_hour or 0.0
        if each is not None and price > each:
            beyond[name] = _finding(config, wanted[name], _too_dear(price, each))
        elif total is not None and price and spent + price > total:
            beyond[name] = _finding(config, wanted[name], _too_much(price, spent, total))
        else:
            spent += price
    return beyond


def _too_dear(price: float, limit: float) -> tuple[str, str]:
    message = (
        f"it costs ${price:,.2f}/h and a workspace of this fleet may cost ${limit:,.2f}/h: "
        f"${price - limit:,.2f}/h too much"
    )
    return message, "dollarsPerHourPerWorkspace"


def _too_much(price: float, spent: float, limit: float) -> tuple[str, str]:
    message = (
        f"it costs ${price:,.2f}/h and the fleet spends ${spent:,.2f}/h of the ${limit:,.2f}/h it may: "
        f"${spent + price - limit:,.2f}/h too much"
    )
    return message, "dollarsPerHour"


def _finding(config: Config, workspace: DesiredWorkspace, why: tuple[str, str]) -> Finding:
    message, key = why
    declared = config.workspaces[workspace.name]
    mend = f"Choose a smaller machine size, or raise spec.budget.{key} in towline.yaml"
    return Finding(declared.file, declared.line, 1, _FIELD, message, mend, workspace=workspace.name)
