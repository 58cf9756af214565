"""What ARM and AKS answer, in one line each, and a clock that a test winds."""

from __future__ import annotations

from typing import Any

from reconciler.adapters.azure.arm import Terms
from tests.adapters.scripted import Answer, document


class Watch:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def terms_by(watch: Watch) -> Terms:
    return Terms(clock=watch)


def arm(status: int, code: str, message: str = "said so", *details: dict[str, Any], **headers: str) -> Answer:
    """ARM's nested error."""
    error = {"code": code, "message": message, "details": list(details)}
    return document({"error": error}, status, **headers)


def aks(status: int, code: str, message: str = "said so", subcode: str = "", **headers: str) -> Answer:
    """AKS's flat error."""
    flat = {"code": code, "message": message, "details": None, "subcode": subcode}
    return document(flat, status, **headers)
