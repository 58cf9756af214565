"""A badge: a flat SVG of the kind README files show, readable without script, font or network.

The look is the flat style of https://shields.io, drawn here from scratch: 20 px high, 11 px text, a grey
label and a message in the colour of the phase.
"""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

from reconciler.domain.report import Phase, WorkspaceReport

from .badge_widths import text_width
from .heard import beside_phase
from .readable import cut_in_the_middle, readable

_LABEL_GREY = "#555"
_COLOURS = {
    "brightgreen": "#4c1", "blue": "#007ec6", "lightgrey": "#767676", "yellow": "#b08800",
    "orange": "#d9622b", "red": "#cb2431",
}  # fmt: skip
_OF_PHASE = {
    Phase.READY: "brightgreen",
    Phase.SUCCEEDED: "brightgreen",
    Phase.RUNNING: "blue",
    Phase.PENDING: "blue",
    Phase.NOT_READY: "orange",
    Phase.HELD: "yellow",
    Phase.FAILED: "red",
    Phase.INVALID: "red",
    Phase.DELETING: "lightgrey",
}
_LONGEST = 40  # characters of one side
_PADDING = 6
_FONT = "Verdana,Geneva,DejaVu Sans,sans-serif"


def colour(phase: Phase) -> str:
    """The name of a phase's colour, as shields.io names colours."""
    return _OF_PHASE[phase]


def looks_like(report: WorkspaceReport) -> Phase:
    """The phase whose colour a workspace wears: one that waits for a person is not on its way."""
    waits = report.choice is not None and report.choice.needs_a_person
    return Phase.NOT_READY if waits and report.phase is Phase.PENDING else report.phase


def badge_message(report: WorkspaceReport) -> str:
    """The phase, and one figure beside it where there is one worth telling: `Ready · 197 tok/s`."""
    figure = beside_phase(report)
    return f"{report.phase} · {figure}" if figure else report.phase.value


def badge_svg(label: str, message: str, colour: str) -> bytes:
    """The picture. Any text may be passed: it is cut, cleaned and escaped here."""
    left, right = _clean(label), _clean(message)
    left_width, right_width = _side(left), _side(right)
    width = left_width + right_width
    title = f"{left}: {right}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f"aria-label={quoteattr(title)}>\n"
        f"  <title>{escape(title)}</title>\n"
        f'  <linearGradient id="s" x2="0" y2="100%">'
        f'<stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/>'
        f"</linearGradient>\n"
        f'  <clipPath id="r"><rect width="{width}" height="20" rx="3" fill="#fff"/></clipPath>\n'
        f'  <g clip-path="url(#r)">\n'
        f'    <rect width="{left_width}" height="20" fill="{_LABEL_GREY}"/>\n'
        f'    <rect x="{left_width}" width="{right_width}" height="20" fill="{_COLOURS[colour]}"/>\n'
        f'    <rect width="{width}" height="20" fill="url(#s)"/>\n'
        f"  </g>\n"
        f'  <g fill="#fff" text-anchor="middle" font-family="{_FONT}" font-size="11">\n'
        f"{_text(left, 0, left_width)}{_text(right, left_width, right_width)}"
        f"  </g>\n"
        f"</svg>\n"
    ).encode()


def badge_json(label: str, message: str, colour: str) -> bytes:
    """The same as an endpoint for https://shields.io/badges/endpoint-badge."""
    body = {"schemaVersion": 1, "label": _clean(label), "message": _clean(message), "color": colour}
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode()


def _clean(text: str) -> str:
    """One line that an XML parser accepts; never empty, since an empty side would have no width."""
    return cut_in_the_middle(readable(text), _LONGEST) or "–"


def _side(text: str) -> int:
    """The width of one side in pixels."""
    return round(text_width(text)) + 2 * _PADDING


def _text(text: str, start: int, width: int) -> str:
    """The words and their shadow; `textLength` keeps them inside whatever font is at hand."""
    middle = start + width / 2
    length = width - 2 * _PADDING
    words = f'textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>\n'
    shadow = f'    <text aria-hidden="true" x="{middle:g}" y="15" fill="#010101" fill-opacity=".3" {words}'
    return f'{shadow}    <text x="{middle:g}" y="14" {words}'
