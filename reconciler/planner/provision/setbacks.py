"""What an Azure error means."""

from __future__ import annotations

from reconciler.domain.cloud import CloudError
from reconciler.domain.provisioning import Setback

from .lateness import frozen, took_too_long
from .meanings import TABLE, UNKNOWN
from .meanings.meaning import Meaning, filled
from .wordings import codes_in, figures_in, message_of

__all__ = ["frozen", "took_too_long", "understand"]

_LONGEST_REST = 900.0


def understand(error: CloudError) -> Setback:
    """What the error asks for; one that is not known is tried again, slowly."""
    message = message_of(error)
    meaning, code = _meaning(error, message)
    figures = figures_in(message)
    return Setback(
        meaning.kind,
        code,
        filled(meaning.says, figures).rstrip(" ."),
        filled(meaning.step, figures),
        correlation=error.correlation,
        rest=max(meaning.rest, min(float(figures.get("seconds", 0)), _LONGEST_REST)),
        closes=meaning.closes,
        closed_seconds=meaning.closed_seconds,
        closed_seconds_on_spot=meaning.closed_seconds_on_spot,
        needs_managed_disk=meaning.needs_managed_disk,
    )


def _meaning(error: CloudError, message: str) -> tuple[Meaning, str]:
    """The row that decides, with the code that Azure knows it by."""
    for code in codes_in(error, message):
        for row in TABLE:
            if row.fits(code, message):
                return row, code if code.isidentifier() else error.code
    by_status = (row for row in TABLE if error.status in row.statuses)
    return next(by_status, UNKNOWN), error.code
