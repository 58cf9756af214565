"""One row of the table, and how its templates are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from reconciler.domain.provisioning import Kind, Scope

MINUTE = 60.0
HOUR = 3600.0

VAGUE = frozenset(
    {
        "",
        "BadRequest",
        "Canceled",
        "ClientAuthenticationError",
        "Conflict",
        "CreateVMSSAgentPoolFailed",
        "DeleteVMSSAgentPoolFailed",
        "DeploymentFailed",
        "ErrCode_InsufficientVCPUQuota",
        "InsufficientVCPUQuota",
        "InvalidParameter",
        "InvalidTemplateDeployment",
        "NotSupported",
        "OperationNotAllowed",
        "QuotaExceeded",
        "ReconcileVMSSAgentPoolFailed",
        "ResourceDeploymentFailure",
        "ResourceOperationFailure",
        "ScaleVMSSAgentPoolFailed",
        "SkuNotAvailable",
        "UpgradeVMSSAgentPoolFailed",
        "VMSizeNotSupported",
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one sort of error means and asks for.

    It fits an error with one of `codes`; one whose code is `VAGUE` and whose message has the `wording`, a
    regular expression; or, where no row fits a code, one with one of the HTTP `statuses`. `says` and `step`
    are templates, the richest first: the first whose figures are all known is used. `means` is for README
    alone. Seconds and `closes` are as in `Setback`.
    """

    name: str
    kind: Kind
    says: tuple[str, ...]
    means: str
    step: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    wording: str = ""
    statuses: tuple[int, ...] = ()
    rest: float = MINUTE
    closes: Scope | None = None
    closed_seconds: float = 0.0
    closed_seconds_on_spot: float = 0.0
    needs_managed_disk: bool = False

    def fits(self, code: str, message: str) -> bool:
        """Whether this is what an error with that code and message means."""
        if code in self.codes:
            return True
        return bool(self.wording) and code in VAGUE and bool(re.search(self.wording, message, re.IGNORECASE))


def filled(templates: tuple[str, ...], figures: Mapping[str, str]) -> str:
    """The first template whose figures are all known, filled in; empty where there is none."""
    known = (each for each in templates if names_in(each) <= figures.keys())
    return next(known, "").format_map(figures)


def names_in(template: str) -> set[str]:
    """The figures a template asks for."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}
