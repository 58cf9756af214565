"""How wide Verdana's characters are, for text in a badge that must fit before any font is at hand.

Advance widths of the font (Verdana), in 1/1000 of the font size; a character that is not here is taken
as wide as the widest letter, an East Asian wide one or an emoji as a full square and a quarter.
"""

from __future__ import annotations

import unicodedata

_UNITS_PER_EM = 1000
_LETTER = 989
_SQUARE = 1250

_WIDTHS = {
    character: width
    for characters, width in (
        (" f", 352), ("!t", 394), ('"', 459), ("#+<=>^~×…w", 818), ("$*_`–0123456789", 636), ("%", 1076),
        ("&", 727), ("'", 269), ("()-/:;[\\]|", 454), (",.·", 364), ("?", 545), ("@—", 1000),
        ("AÀÁÂÃÄÅSV", 684), ("B", 686), ("CÇ", 698), ("D", 771), ("EÈÉÊË", 632), ("F", 575), ("G", 775),
        ("H", 751), ("IÌÍÎÏ", 421), ("J", 455), ("K", 693), ("L", 557), ("M", 843), ("NÑ", 748),
        ("OÒÓÔÕÖØQ", 787), ("P", 603), ("R", 695), ("T", 616), ("UÙÚÛÜ", 732), ("W", 989), ("XZ", 685),
        ("YÝ", 615), ("aàáâãäå", 601), ("bdgpq", 623), ("cçs", 521), ("eèéêë", 596), ("hnuñùúûü", 633),
        ("ilìíîï", 274), ("j", 344), ("kvxyýÿ", 592), ("m", 973), ("oòóôõöø", 607), ("r", 427), ("z", 525),
        ("{}", 635), ("ß", 620),
    )
    for character in characters
}  # fmt: skip


def text_width(text: str, size: float = 11) -> float:
    """The width of a line of Verdana at this size, in the size's unit."""
    return sum(map(_advance, text)) * size / _UNITS_PER_EM


def _advance(character: str) -> int:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character):
        return 0
    return _SQUARE if unicodedata.east_asian_width(character) in "WF" else _LETTER
