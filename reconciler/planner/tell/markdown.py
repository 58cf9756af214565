"""Text of others inside Markdown: it reads as written and starts no markup, HTML, mention or link."""

from __future__ import annotations

import re
from urllib.parse import quote

from .readable import readable

_MARKUP = re.compile(r"([\\`*\[\]|~$])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LEADING = re.compile(r"^([-+=]|#(?!\w)|\d+(?=[.)]))")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|javascript|data|xmpp|www)([:.])")
_CALL = re.compile(r"([@#])(?=\w)")
_ENTITY = {":": "&#58;", ".": "&#46;"}
_GAP = "&#8203;"  # a zero-width space: @name and #12 stay text, as Renovate writes them


def escape(text: str, longest: int = 400) -> str:
    """For a paragraph or a table cell. A forge would link bare URLs, @names and #numbers: they stay text."""
    value = readable(text, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    value = _MARKUP.sub(lambda found: f"\\{found[0]}", value)
    value = _CALL.sub(rf"\1{_GAP}", value)
    value = _ADDRESS.sub(lambda found: found[1] + _ENTITY[found[2]], value)
    return _LEADING.sub(_as_text, value)


def _as_text(found: re.Match[str]) -> str:
    return f"&#{ord(found[0][0])};{found[0][1:]}"


def code(text: str, longest: int = 400) -> str:
    """A code span, safe inside a table cell: a pipe would end the cell and a backtick the span."""
    value = readable(text, longest).replace("`", "'").replace("|", "¦").strip()
    return f"`{value}`" if value else ""


def link(text: str, path: str) -> str:
    """A link to a file of this branch; never to anywhere else."""
    return f"[{escape(text)}]({relative(path)})"


def image(text: str, path: str) -> str:
    """An image of this branch."""
    return f"![{escape(text)}]({relative(path)})"


def link_image(shown: str, path: str) -> str:
    """An image that leads to a file of this branch."""
    return f"[{shown}]({relative(path)})"


def relative(path: str) -> str:
    """A path as a relative URL: no scheme, no host, no leaving the branch."""
    parts = [
        quote(part, safe="", errors="replace") for part in path.split("/") if part not in ("", ".", "..")
    ]
    return "/".join(parts)
