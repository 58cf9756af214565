"""The first half of a pass, as a value: what was seen, and what would be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from .domain.config import Config
from .domain.finding import Finding
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Plan
from .domain.state import DesiredState, ObservedState
from .hearing import Heard
from .planner.provision.choosing import Provisions
from .planner.provision.ground import Ground


@dataclass(frozen=True, slots=True)
class Prospect:
    """The first half of a pass: everything seen and what would be done about it."""

    config: Config
    desired: DesiredState
    observed: ObservedState
    inventory: Inventory
    plan: Plan
    provisions: Provisions
    logbook: Logbook
    ground: Ground
    heard: Heard
    problems: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding once: of the repository, of each workspace, and why those held back are."""
        declared = (each.findings for each in self.config.workspaces.values())
        asked = (each.findings for each in self.desired.workspaces.values())
        every = (self.config.findings, *declared, *asked, *self.desired.held.values())
        return tuple(dict.fromkeys(finding for found in every for finding in found))
