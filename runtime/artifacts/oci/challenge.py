"""What a registry asks of those who ask (RFC 9110 §11.6.1): a name and password, or a token from
elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCHEME = re.compile(r"(?:^|,)\s*(Basic|Bearer)(?=\s|,|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')


@dataclass(frozen=True)
class Challenge:
    """One demand of a Www-Authenticate header."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Every demand that is understood, in the header's order."""
    starts = [*_SCHEME.finditer(_without_quoted(header))]
    ends = [*(start.start() for start in starts), len(header)][1:]
    found = []
    for start, end in zip(starts, ends, strict=bool(starts)):
        parameters = {
            name.lower(): quoted or bare
            for name, quoted, bare in _PARAMETER.findall(header[start.end() : end])
        }
        known = {key: parameters[key] for key in ("realm", "service", "scope") if key in parameters}
        found.append(Challenge(start[1].lower(), **known))
    return tuple(found)


def _without_quoted(header: str) -> str:
    """The header with blanks for what stands in quotes, at the same places."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: " " * len(quoted[0]), header)
