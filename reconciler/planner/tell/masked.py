"""Text without what looks like a credential: for log lines, and for what is said of a person's value."""

from __future__ import annotations

import re

_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_TOKENS = re.compile(r"\b(?:hf_|ghp_|gho_|github_pat_|glpat-)[A-Za-z0-9_-]{8,}")
_SIGNATURES = re.compile(r"(?i)\b(sig|token|password|secret)=[^&\s]+")


def masked(text: str) -> str:
    """The text without credentials in URLs, tokens of known forms and signed query values."""
    text = _URL_CREDENTIALS.sub("***@", text)
    text = _TOKENS.sub("***", text)
    return _SIGNATURES.sub(r"\1=***", text)
