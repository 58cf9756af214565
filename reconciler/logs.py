"""One line a fact; credentials never."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from .planner.tell.masked import masked


def configure(form: str, file: Path | None = None) -> None:
    """Logs as `logfmt` for people and grep, or as `json` for machines; to stderr, or to a file."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.processors.LogfmtRenderer(key_order=["time", "level", "event"], bool_as_flag=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="time"),
            _without_credentials,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file.open("a", encoding="utf-8") if file else sys.stderr),
    )


def _without_credentials(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: masked(value) if isinstance(value, str) else value for key, value in event.items()}
