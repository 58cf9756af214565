"""Moments as RFC 3339 text in UTC, to the second: `2026-11-22T15:04:05Z`. They compare as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def later(moment: str, seconds: float) -> str:
    """The moment so many seconds after; rounded up to a whole second, so that it is never early."""
    return _written(_read(moment) + timedelta(seconds=seconds, microseconds=999_999))


def is_moment(text: str) -> bool:
    """Whether this is a moment in that very form; others may have written it."""
    try:
        return _written(_read(text)) == text
    except (ValueError, OverflowError):
        return False


def day_of(moment: str) -> str:
    """The moment at which its day began, in UTC."""
    return f"{moment[:10]}T00:00:00Z"


def seconds_between(earlier: str, now: str) -> float:
    """How many seconds passed from one moment to another; below 0 where the clock went back."""
    return (_read(now) - _read(earlier)).total_seconds()


def clock(moment: str, seen_from: str = "") -> str:
    """As a person reads it: `15:04 UTC`, with the day where that is not the day of `seen_from`.

    Never told by today's date: the text stays the same as time goes on.
    """
    read = _read(moment).astimezone(UTC)
    if seen_from and _read(seen_from).astimezone(UTC).date() == read.date():
        return f"{read:%H:%M} UTC"
    return f"{read:%H:%M} UTC on {read.day} {read:%B}"


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment.replace("Z", "+00:00"))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_FORM)
