"""Text of a pull request without what looks like a credential, in whatever form people write one.

A Review is read by more people than may read a Secret. What is hidden needlessly costs a look into Git; what
is shown needlessly costs a rotation. So names decide, and forms besides: `hf_…`, a JWT, a private key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reconciler.planner.tell.masked import masked

HIDDEN = "***"

_NAMED = re.compile(
    r"(?i)pass(?:word|wd|phrase|code)|secret|token(?!s|iz)|credential|authorization|dockerconfig|signature|"
    r"connection[-_.]?string|(?:api|access|private|account|client|shared|signing|encryption|storage|auth)"
    r"[-_.]?key|(?<![a-z])(?:auth|sas|pwd)(?![a-z])"
)
# A word is taken whole and once (`++`): a text may be one endless word, and must not take endless time.
_WORD = re.compile(r"(?<![\w./-])([\w./-]++)[\"']?")
_EQUALS = re.compile(r"\s*+=\s*+(?=\S)")
_COLON = re.compile(r"[^\S\n]*+:(?!//)[^\S\n]*+(?=\S)")
_VALUE = re.compile(r"\"[^\"\n]*+\"|'[^'\n]*+'|[^\s&,;]++")
_LINE = re.compile(r".*+")
_AFTER_FLAG = re.compile(r"\s++(?!-)(?=\S)")
_OPENS = re.compile(r"^(\s*+)(?:-\s++)?[\"']?([\w./-]++)[\"']?\s*+:\s*+(?:[|>][-+0-9]*+)?\s*+(?:#.*)?$")
_FORMS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:xox[abprs]-|sk-|nvapi-|pypi-)[\w-]{12,}"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"),
    re.compile(r"(?<![\w/+.-])[A-Za-z0-9+/]{22,}={1,2}(?![\w=])"),
    re.compile(r"\b(?=[A-Za-z]*\d)(?=[a-z\d]*[A-Z])(?=[A-Z\d]*[a-z])[A-Za-z0-9]{32,}\b"),
)
_REFERENCES = frozenset(
    {"imagePullSecret", "imagePullSecrets", "imagePushSecret", "modelAccessSecret", "secretKeyRef"}
    | {"secretName", "secretRef"}
)
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?")
_RANDOM = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{20,}")


def concealed(text: str) -> str:
    """Settings, scripts and files: the values of secret-like names go, and known forms."""
    lines = "\n".join(_lines(text.split("\n")))
    return "".join(_without_values(_without_forms(lines), prose=False))


def concealed_sentence(text: str) -> str:
    """Prose: credentials of known forms go; a name before a colon is no setting here."""
    return "".join(_without_values(_without_forms(text), prose=True))


def is_secret(kind: str, path: tuple[str, ...], value: object) -> bool:
    """Whether a field's value may not be shown: by the kind it is in, and the names on the way to it.

    The name of a Secret is none, as long as it looks like a name and not like what belongs inside.
    """
    if path[:1] == ("binaryData",) or (kind == "Secret" and path[:1] in (("data",), ("stringData",))):
        return True
    if value is None or isinstance(value, bool):
        return False
    if any(each in _REFERENCES for each in path) or "secret" in path[:-1]:
        return not _is_name(value)
    return any(_NAMED.search(each) for each in path)


def _is_name(value: object) -> bool:
    text = str(value)
    return isinstance(value, int) or bool(_NAME.fullmatch(text) and not _RANDOM.search(text))


def _without_forms(text: str) -> str:
    text = masked(text)
    for form in _FORMS:
        text = form.sub(HIDDEN, text)
    return text


def _without_values(text: str, *, prose: bool) -> Iterator[str]:
    """The text in parts, what follows a secret-like word taken out."""
    at = 0
    while (word := _WORD.search(text, at)) is not None:
        value = _value(text, word, prose=prose) if _NAMED.search(word[1]) else None
        if value is None:
            yield text[at : word.end()]
            at = word.end()
        else:
            yield text[at : value[0]] + HIDDEN
            at = value[1]
    yield text[at:]


def _value(text: str, word: re.Match[str], *, prose: bool) -> tuple[int, int] | None:
    """From where to where the value stands that belongs to a name; None where there is none."""
    after = word.end()
    if equals := _EQUALS.match(text, after):
        found = _VALUE.match(text, equals.end())
    elif word[1].startswith("-") and (gap := _AFTER_FLAG.match(text, after)):
        found = _VALUE.match(text, gap.end())
    elif not prose and (colon := _COLON.match(text, after)):
        found = _LINE.match(text, colon.end())
    else:
        return None
    return found.span() if found else None


def _lines(lines: Iterable[str]) -> Iterator[str]:
    """Line by line; what lies deeper than a secret-like name that opens a block goes."""
    deeper_than: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if deeper_than is not None and (not line.strip() or indent > deeper_than):
            yield line[:indent] + (HIDDEN if line.strip() else "")
            continue
        opens = _OPENS.match(line)
        deeper_than = len(opens[1]) if opens and _NAMED.search(opens[2]) else None
        yield line
