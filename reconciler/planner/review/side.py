"""One side of a Review: a revision, and what it asks for of the world as it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Config
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import NodeChoice
from reconciler.domain.review import Machines
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedState

from .concealed import concealed_sentence


@dataclass(frozen=True, slots=True)
class Side:
    """`catalog` knows the models this revision names; `choices` are how its nodes are had."""

    config: Config
    desired: DesiredState
    observed: ObservedState
    choices: Mapping[WorkspaceName, NodeChoice]
    catalog: Catalog
    findings: tuple[Finding, ...] = ()

    def held(self, name: WorkspaceName) -> tuple[str, ...]:
        """Why a declared workspace is kept as it is, a sentence a mistake; empty where it is not."""
        return tuple(_errors(self.desired.held.get(name, ())))

    @property
    def unreadable(self) -> str:
        """Why no workspace counts as removed, however many are missing; empty where they do."""
        if self.config.unread:
            return f"{concealed_sentence(self.config.unread[0])} cannot be read, so nothing counts as removed"
        if not self.config.workspaces:
            return "no workspace at all is declared, so nothing counts as removed"
        return ""


def machines_of(desired: DesiredWorkspace) -> Machines:
    """What a workspace runs on and costs."""
    bought = bool(desired.instance_type)
    option = desired.option if desired.option.instance_type else desired.instance_type
    return Machines(
        concealed_sentence(desired.model),
        str(option) if bought else "own nodes",
        desired.nodes,
        desired.nodes if bought and desired.gpus_per_node else 0,
        desired.cost.dollars_per_hour,
        desired.cost.at_most,
    )


def _errors(findings: tuple[Finding, ...]) -> Iterator[str]:
    for each in findings:
        if each.severity is Severity.ERROR:
            field = f"{each.field}: " if each.field else ""
            yield concealed_sentence(f"{field}{each.message}")
