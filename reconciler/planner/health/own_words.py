"""A container's own reason for its end: the termination message, where it wrote one.

Towline's containers leave one sentence, or JSON with a `message`. Of a log that Kubernetes copied there
instead, nothing is told: it has many lines, and says something else each time.
"""

from __future__ import annotations

import json

from reconciler.planner.tell.readable import readable

from .verdict import Document

_LONGEST = 600  # characters


def own_words(ended: Document) -> str:
    """The sentence, without its full stop; empty where there is none."""
    message = ended.get("message")
    text = message.strip() if isinstance(message, str) else ""
    if text.startswith("{"):
        text = _message_within(text)
    return "" if "\n" in text else readable(text, _LONGEST).rstrip(". ")


def _message_within(text: str) -> str:
    try:
        message = json.loads(text).get("message")
    except (ValueError, RecursionError):
        return ""
    return message.strip() if isinstance(message, str) else ""
