"""How ARM and AKS word an error.

The resource provider (AKS) answers a flat `{code, message, subcode}`; the front door (ARM) nests the same
under `error`. Wordings follow public AKS issues and recordings in meaning, not letter for letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ArmError:
    """An error as it stands in a body, an operation or a pool's status."""

    code: str
    message: str
    target: str = ""
    details: tuple[ArmError, ...] = ()
    additional: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """Give the JSON form."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            said["target"] = self.target
        if self.details:
            said["details"] = [detail.document() for detail in self.details]
        if self.additional:
            said["additionalInfo"] = [dict(one) for one in self.additional]
        return said


@dataclass
class ArmRefusal(Exception):
    """A request refused with an HTTP status. `flat` is the resource provider's own body."""

    status: int
    error: ArmError
    flat: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Give the JSON body of the answer."""
        if self.flat:
            return {"details": None, "subcode": "", **self.error.document()}
        return {"error": self.error.document()}


def by_arm(status: int, code: str, said: str) -> ArmRefusal:
    """Refuse as the front door does."""
    return ArmRefusal(status, ArmError(code, said))


def by_aks(status: int, code: str, said: str, target: str = "") -> ArmRefusal:
    """Refuse as the resource provider does."""
    return ArmRefusal(status, ArmError(code, said, target), flat=True)


def wrapped(code: str, inner: ArmError) -> ArmError:
    """Put an error inside one that tells its code and words in its message, as AKS does with Compute's."""
    return ArmError(code, f'Code="{inner.code}" Message="{inner.message}"', details=(inner,))
