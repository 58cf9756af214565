"""Spans of time as kubectl writes them (k8s.io/apimachinery duration.HumanDuration)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def since(moment: object, now: datetime) -> str:
    """The span from an RFC 3339 time to `now`; `<unknown>` where there is no such time."""
    then = parsed(moment)
    return "<unknown>" if then is None else spelled(now - then)


def parsed(moment: object) -> datetime | None:
    """An RFC 3339 time, None where it cannot be read."""
    try:
        found = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def spelled(span: timedelta) -> str:
    """A span in at most two units, the finer one only while it matters."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 3 * _HOUR:
        return _two(seconds, (_MINUTE, "m"), (1, "s"), 10 * _MINUTE)
    if seconds < 2 * _DAY:
        return _two(seconds, (_HOUR, "h"), (_MINUTE, "m"), 8 * _HOUR)
    if seconds < 2 * _YEAR:
        return _two(seconds, (_DAY, "d"), (_HOUR, "h"), 8 * _DAY)
    return _two(seconds, (_YEAR, "y"), (_DAY, "d"), 8 * _YEAR)


def _two(seconds: int, coarse: tuple[int, str], fine: tuple[int, str], until: int) -> str:
    whole, rest = divmod(seconds, coarse[0])
    lesser = rest // fine[0]
    said = f"{whole}{coarse[1]}"
    return f"{said}{lesser}{fine[1]}" if lesser and seconds < until else said
