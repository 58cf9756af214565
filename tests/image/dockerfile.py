"""The Dockerfile of the daemon as it is written."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
LOCK, DEVELOPERS = ROOT / "requirements.lock", ROOT / ".ci" / "requirements.lock"


def instructions() -> list[tuple[str, str]]:
    """Pairs of a word and what follows it, without comments, lines joined."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.split(None, 1) for line in joined.splitlines() if line)
    return [(word, re.sub(r"\s+", " ", rest).strip()) for word, rest in pairs]


def of(word: str) -> list[str]:
    return [rest for each, rest in instructions() if each == word]


def last_stage() -> list[tuple[str, str]]:
    every = instructions()
    begin = max(index for index, (word, _) in enumerate(every) if word == "FROM")
    return every[begin:]


def pins(lock: Path) -> dict[str, str]:
    """Package by package, the version that is locked."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", lock.read_text(), re.MULTILINE))
