"""What a fleet may spend, in dollars an hour, and who is beyond it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.domain.config import Config
from reconciler.domain.finding import Finding
from reconciler.domain.state import DesiredWorkspace

_FIELD = "resource.instanceType"


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much it is too dear: a sentence, and the key of `spec.budget` that says so."""

    sentence: str
    key: str


@dataclass(frozen=True, slots=True)
class Purse:
    """What one workspace may cost and what the fleet may, dollars an hour, None without a limit; and what is
    spent of it so far."""

    each: float | None
    total: float | None
    spent: float = 0.0

    @property
    def is_bounded(self) -> bool:
        """Whether the fleet has a budget at all."""
        return self.each is not None or self.total is not None

    def beyond(self, workspace: DesiredWorkspace) -> Excess | None:
        """Why it cannot be paid for; None when it can. A price that nobody knows counts for nothing, spot
        machines for the price that they are sure to stay below."""
        price = workspace.cost.dollars_per_hour or 0.0
        if self.each is not None and price > self.each:
            return Excess(_too_dear(price, self.each), "dollarsPerHourPerWorkspace")
        if self.total is not None and price and self.spent + price > self.total:
            return Excess(_too_much(price, self.spent, self.total), "dollarsPerHour")
        return None

    def without(self, workspace: DesiredWorkspace) -> Purse:
        """What is left in it when that workspace is paid for."""
        price = workspace.cost.dollars_per_hour
        return replace(self, spent=self.spent + price) if price else self


def purse_of(config: Config) -> Purse:
    """The fleet's budget with nothing spent."""
    budget = config.fleet.spec.budget
    return Purse(budget.dollars_per_hour_per_workspace, budget.dollars_per_hour)


def unpaid(workspace: DesiredWorkspace, excess: Excess, config: Config) -> Finding:
    """The mistake that holds the workspace."""
    declared = config.workspaces[workspace.name]
    mend = f"Choose a smaller machine size, or raise spec.budget.{excess.key} in towline.yaml"
    return Finding(declared.file, declared.line, 1, _FIELD, excess.sentence, mend, workspace=workspace.name)


def _too_dear(price: float, limit: float) -> str:
    return (
        f"it costs ${price:,.2f}/h and a workspace of this fleet may cost ${limit:,.2f}/h: "
        f"${price - limit:,.2f}/h too much"
    )


def _too_much(price: float, spent: float, limit: float) -> str:
    return (
        f"it costs ${price:,.2f}/h and the fleet's others ${spent:,.2f}/h of the ${limit:,.2f}/h it may: "
        f"${spent + price - limit:,.2f}/h too much"
    )
