"""What others say, on the status branch, of the workspaces that they act on: the page repeats it.

All that can be seen of those workspaces everybody sees; what came of a step is known to who took it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report

_PHASES = frozenset(Phase)
_SAID = ("phase", "message", "awaiting")
_WITHIN = 8192  # bytes: what is looked for stands at the top of a status file
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """A status file's own: phase, message, and what is awaited."""

    phase: Phase
    message: str
    awaiting: str


def words_of(content: bytes) -> Words | None:
    """What a status file says; None where it is none of ours, for others may push to the branch. Its lines
    are read as `yaml_text` writes them: a YAML reader would do whatever a stranger's file makes it do."""
    said: dict[str, str] = {}
    for line in content[:_WITHIN].decode(errors="replace").splitlines():
        key, colon, value = line.partition(": ")
        if colon and key in _SAID and key not in said:
            said[key] = _scalar(value)[:_LONGEST]
    if said.get("phase") not in _PHASES or "message" not in said:
        return None
    return Words(Phase(said["phase"]), said["message"], said.get("awaiting", ""))


def as_others_say(report: Report, said: Mapping[WorkspaceName, Words]) -> Report:
    """The report with the words of those who act on these workspaces."""
    told = dict(report.workspaces)
    for name, words in said.items():
        if each := told.get(name):
            told[name] = replace(each, phase=words.phase, message=words.message, awaiting=words.awaiting)
    return replace(report, workspaces=told)


def _scalar(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return ""
