"""The known differences between the sandbox and a real server: read from their file, checked, and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("differences.yaml")


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs (patterns or names, by the test that finds it), how either behaves, and why it stays."""

    what: tuple[str, ...]
    real: str
    sandbox: str
    why: str

    @property
    def line(self) -> str:
        """As the README lists it."""
        return f"- kube-apiserver {self.real}; the sandbox {self.sandbox} ({self.why})"


def known(about: str) -> tuple[Difference, ...]:
    """The differences in a part of the file."""
    return tuple(_read(each) for each in _document()[about])


def unlike(found: Iterable[str], *about: str) -> str:
    """What was found and is not known, and what is known and was not found; empty where they agree."""
    patterns = {pattern for part in about for each in known(part) for pattern in each.what}
    seen = set(found)
    fresh = {each for each in seen if not any(fnmatchcase(each, pattern) for pattern in patterns)}
    gone = {each for each in patterns if not any(fnmatchcase(one, each) for one in seen)}
    return "\n".join(
        [*(f"new: {each}" for each in sorted(fresh)), *(f"gone: {each}" for each in sorted(gone))]
    )


def told() -> str:
    """The list for the README."""
    parts = ("writes", "contract", "commands", "beyond")
    return "\n".join(each.line for part in parts for each in known(part))


@cache
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(_FILE.read_text())
    return document


def _read(each: Mapping[str, Any]) -> Difference:
    return Difference(tuple(each["what"]), each["real"], each["sandbox"], each["why"])
