"""Numbers as a reader likes them: few digits, a unit, and nothing that jitters or cannot be read."""

from __future__ import annotations

import math

from reconciler.domain.telemetry import Download

NO_FIGURE = "–"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_THOUSAND = 1000
_LEAST = 1e-12  # less than this is nothing, in whatever unit


def rounded(value: float, digits: int = 3) -> int | float:
    """So many significant digits, but every digit before the point: 0.0123, 1.23, 12.3, 1235."""
    if not math.isfinite(value) or abs(value) < _LEAST:
        return 0
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return round(value, places) if places > 0 else round(value)


def counted(value: float) -> str:
    """A number with its thousands apart: 131,072."""
    return f"{rounded(value):,}"


def loss_words(value: float) -> str:
    """A loss in nats a token, to the hundredth where that tells anything: 1.93, 0.0042, 3.1e+07."""
    if abs(value) >= 100:
        return f"{value:,.0f}" if abs(value) < _THOUSAND * _THOUSAND else f"{value:.1e}"
    return f"{value:.2f}" if abs(value) >= 0.1 or abs(value) < _LEAST else f"{value:.2g}"


def seconds_words(seconds: float) -> str:
    """A short time: 0.18 s, 23 ms, 4.2 s. Under a tenth of a second milliseconds tell more."""
    if seconds < 0.1:
        return f"{rounded(seconds * _THOUSAND, 2):g} ms"
    return f"{rounded(seconds, 2):g} s"


def duration_words(seconds: float) -> str:
    """A time to wait, as coarse as a person would say it: 40 s, 12 min, 1 h 20 min, 2 d 3 h."""
    minutes = round(seconds / 60)
    if minutes < 1 or seconds < 60:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 600:
        return _two(round(minutes, -1), 60, "h", "min")
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else _two(hours, 24, "d", "h")


def share_words(share: float) -> str:
    """A share of 0 to 1 in whole per cent, 100 only when it is all."""
    return f"{percent(share)} %"


def percent(share: float) -> int:
    """A share of 0 to 1 in whole per cent, rounded down."""
    return math.floor(100 * min(1.0, max(0.0, share)) + 1e-9)


def bytes_words(count: float) -> str:
    """A size in the decimal units downloads are told in: 7.1 GB, 269 MB."""
    power = _power(count)
    value = count / _THOUSAND**power
    return f"{value:.{_places(value, power, 9.95)}f} {_UNITS[power]}"


def download_words(download: Download) -> str:
    """How much of it is there: 1.2 of 7.1 GB; both in the unit of the whole."""
    if download.total_bytes <= 0 or download.is_over:
        return bytes_words(download.done_bytes)
    power = _power(download.total_bytes)
    places = _places(download.total_bytes / _THOUSAND**power, power, 99.95)
    return f"{download.done_bytes / _THOUSAND**power:.{places}f} of {bytes_words(download.total_bytes)}"


def download_share(download: Download) -> float | None:
    """How much of it is there, 0 to 1; None while its size is not known."""
    return min(1.0, download.done_bytes / download.total_bytes) if download.total_bytes > 0 else None


def _power(count: float) -> int:
    """Which of the units suits it."""
    power = 0
    while count >= 999.5 and power < len(_UNITS) - 1:
        count, power = count / _THOUSAND, power + 1
    return power


def _places(value: float, power: int, whole_from: float) -> int:
    """How many decimals tell something of it in this unit."""
    return 0 if power == 0 or value >= whole_from else 1


def _two(count: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(count, size)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
