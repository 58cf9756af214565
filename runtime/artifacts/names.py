"""Names of files that come from elsewhere: inside the folder, spelled plainly, none twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urlsplit

DATA_SUFFIXES = (".parquet", ".jsonl", ".json", ".csv", ".arrow", ".jsonl.gz", ".json.gz", ".csv.gz", ".txt")
"""How the names of data files end."""

_MOST_CHARACTERS = 120
_HEADS = (
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".arrow"),
    (b"\xff\xff\xff\xff", ".arrow"),
    (b"[", ".json"),
    (b"{", ".jsonl"),
)


def is_inside(name: str) -> bool:
    """A relative path that stays in its folder, and out of ours."""
    path = PurePosixPath(name)
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
    return plain and path.parts not in ((), (".",)) and path.parts[0] != ".towline"


def names_of(urls: Iterable[str]) -> tuple[str, ...]:
    """A safe name for each address, none twice; the second `train.jsonl` becomes `train-2.jsonl`."""
    taken: set[str] = set()
    names = []
    for url in urls:
        name = plain = _plain(_spoken(url))
        count = 1
        while name.lower() in taken:
            count += 1
            stem, dot, ending = plain.partition(".")
            name = f"{stem}-{count}{dot}{ending}"
        taken.add(name.lower())
        names.append(name)
    return tuple(names)


def has_data_suffix(name: str) -> bool:
    """The name says what kind of data it is."""
    return name.lower().endswith(DATA_SUFFIXES)


def suffix_of(head: bytes) -> str:
    """The suffix for content that begins like this, where that can be told."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((suffix for mark, suffix in _HEADS if head.startswith(mark)), "")


def _spoken(url: str) -> str:
    """The last part of the path, unless only the query names a data file."""
    parts = urlsplit(url)
    last = PurePosixPath(unquote(parts.path)).name
    if has_data_suffix(last):
        return last
    asked = [PurePosixPath(value).name for _, value in parse_qsl(parts.query)]
    return next((name for name in asked if has_data_suffix(name)), last)


def _plain(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    return plain[-_MOST_CHARACTERS:].lstrip("-.") or "data"
