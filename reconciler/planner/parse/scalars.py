"""What a plain YAML scalar means: the YAML 1.2 core schema, and where YAML 1.1 reads it otherwise."""

from __future__ import annotations

import math
import re

Value = str | int | float | bool | None
Complaint = tuple[str, str]  # what is wrong, how to mend it

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_OLD_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})
_OLD_FALSE = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF"})
_MAY_MEAN_MORE = frozenset("0123456789+-.~nNtTfFyYoO=")

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OLD_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")

_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_OLD_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_OLD_BINARY = re.compile(r"[-+]?0b_*[01][01_]*")
_OLD_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_OLD_UNDERSCORED = re.compile(
    r"[-+]?(?=[0-9_.]*_)[0-9][0-9_]*(?:\.[0-9_]*)?|[-+]?0x(?=[0-9a-fA-F]*_)[0-9a-fA-F_]+"
)
_OLD_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*[0-9Zz])?")

LONGEST_NUMBER = 40  # characters: beyond any 64-bit integer, and the bound on what int() is given


def resolve(text: str) -> tuple[Value, Complaint | None]:
    """The value of a plain scalar, and the complaint if it cannot or should not be relied on.

    Sources: YAML 1.2.2 section 10.3.2 (core schema) and the YAML 1.1 type repository. What a complaint is
    made of is returned as text.
    """
    if text and text[0] not in _MAY_MEAN_MORE:
        return text, None
    if reading := _old_reading(text):
        return text, _disagreement(text, *reading)
    return _core(text)


def _core(text: str) -> tuple[Value, Complaint | None]:
    if text in _NULL:
        return None, None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE, None
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _NOT_FINITE.fullmatch(text):
        return text, (f"{text} is a number that JSON, and so Kubernetes, cannot hold", _quote(text))
    return text, None


def _integer(text: str) -> tuple[Value, Complaint | None]:
    number = int(text, 0) if text.startswith(("0o", "0x")) else None
    if number is None and len(text) <= LONGEST_NUMBER:
        number = int(text)
    if number is None or not -(2**63) <= number < 2**64:
        return text, ("this integer does not fit in 64 bits", "if it is text, put it in quotes")
    return number, None


def _float(text: str) -> tuple[Value, Complaint | None]:
    number = float(text)
    if not math.isfinite(number):
        return text, ("this number is too large for a 64-bit float", "if it is text, put it in quotes")
    return number, None


def _old_reading(text: str) -> tuple[str, str] | None:
    """How YAML 1.1 and YAML 1.2 read this text, where they differ; None where they agree."""
    if text in _OLD_TRUE or text in _OLD_FALSE:
        return ("true" if text in _OLD_TRUE else "false"), _as_text(text)
    if len(text) > LONGEST_NUMBER or text == "=":
        return ("the default-value mark", _as_text(text)) if text == "=" else None
    if _LEADING_ZERO.fullmatch(text):
        old, new = _octal(text), str(int(text))
        return (old, new) if old != new else None
    if text.startswith("0o") and _INTEGER.fullmatch(text):
        return _as_text(text), str(int(text, 0))
    return _old_number(text)


def _old_number(text: str) -> tuple[str, str] | None:
    if _OLD_BINARY.fullmatch(text):
        return str(int(text.replace("_", "") or "0", 2)), _as_text(text)
    if _OLD_SEXAGESIMAL.fullmatch(text):
        return f"{_sexagesimal(text)} (base 60)", _as_text(text)
    if _OLD_UNDERSCORED.fullmatch(text):
        return text.replace("_", ""), _as_text(text)
    if _OLD_DATE.fullmatch(text):
        return "a date", _as_text(text)
    if ("e" in text or "E" in text) and _FLOAT.fullmatch(text) and not _OLD_FLOAT.fullmatch(text):
        return _as_text(text), f"the number {float(text):g}"
    return None


def _octal(text: str) -> str:
    return str(int(text, 8)) if _OLD_OCTAL.fullmatch(text) else _as_text(text)


def _sexagesimal(text: str) -> str:
    """The YAML 1.1 value of 12:30:45, which is 45045."""
    sign = -1 if text.startswith("-") else 1
    total = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        total = total * 60 + float(part)
    return f"{sign * total:.15g}"


def _as_text(text: str) -> str:
    return f'the text "{text}"'


def _disagreement(text: str, old: str, new: str) -> Complaint:
    return f"{text} is read as {old} by YAML 1.1 and as {new} by YAML 1.2", _quote(text)


def _quote(text: str) -> str:
    return f'if text is meant, put it in quotes: "{text}"; otherwise write the value it should have'
