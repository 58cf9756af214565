"""What can go wrong on request.

A trouble is written `word[:N][@filter]`: `no-quota`, `api-500:3`, `no-capacity@Standard_NC24ads_A100_v4`.
`:N` strikes only the first N times, and `:0` takes the trouble back; `@filter` strikes only where a name
holds that text (any case), and with `@a+b` only where both are held. An agent pool goes by its own name, its
VM size, `spot` or `on-demand`, and `zone-1` for each of its zones; a node by the same and its own name. For
API troubles the names are `kube` or `arm` and the path; pods and images go by their names, and so do the
repositories of the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .words import WORDS

__all__ = ["WORDS", "Marks", "Trouble", "Troubles", "parse_trouble"]

_FORM = re.compile(r"(?P<word>[a-z0-9-]+)(?::(?P<times>\d+))?(?:@(?P<only>.+))?")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that shall go wrong: what, how often (None: always), and where ("" : everywhere)."""

    word: str
    times: int | None = None
    only: str = ""

    def touches(self, *names: str) -> bool:
        """Is each part of its filter held by one of these names?"""
        parts = self.only.lower().split("+") if self.only else ()
        return all(any(part in name.lower() for name in names) for part in parts)


def parse_trouble(text: str) -> Trouble:
    """Read `word[:N][@filter]`; ValueError says which words there are."""
    form = _FORM.fullmatch(text.strip())
    if not form or form["word"] not in WORDS:
        raise ValueError(f"no trouble is called {text!r}; there are: {', '.join(WORDS)}")
    return Trouble(form["word"], int(form["times"]) if form["times"] else None, form["only"] or "")


class Troubles:
    """The troubles asked for, with what is left of each."""

    def __init__(self, troubles: Iterable[Trouble] = ()) -> None:
        self._left: dict[Trouble, int | None] = {trouble: trouble.times for trouble in troubles}

    def ask(self, *words: str) -> None:
        """Add troubles; `none` takes back all before it, `word:0` that one. ValueError for others."""
        asked = [None if word == "none" else parse_trouble(word) for word in words]
        for trouble in asked:
            if trouble is None:
                self._left.clear()
            elif trouble.times == 0:
                self._take_back(trouble)
            else:
                self._left[trouble] = trouble.times

    def strike(self, word: str, *names: str) -> Trouble | None:
        """Find the trouble that strikes one of these names now. Each find uses up one of its times."""
        for trouble, left in self._left.items():
            if trouble.word == word and left != 0 and trouble.touches(*names):
                self._left[trouble] = None if left is None else left - 1
                return trouble
        return None

    def strikes(self, word: str, *names: str) -> bool:
        """Does that trouble strike one of these names now? Each yes uses up one of its times."""
        return self.strike(word, *names) is not None

    def threatens(self, word: str, *names: str) -> bool:
        """Would that trouble strike one of these names? Uses up nothing."""
        return any(trouble.word == word and trouble.touches(*names) for trouble in self.in_force())

    def stands(self, trouble: Trouble) -> bool:
        """Has it not been taken back? One whose times are used up still stands for what it has struck."""
        return trouble in self._left

    def in_force(self) -> tuple[Trouble, ...]:
        """List the troubles that can still strike."""
        return tuple(trouble for trouble, left in self._left.items() if left != 0)

    def _take_back(self, ended: Trouble) -> None:
        for trouble in tuple(self._left):
            if trouble.word == ended.word and ended.only in ("", trouble.only):
                del self._left[trouble]


class Marks:
    """Which things a trouble has struck: they suffer from it until it is taken back."""

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._marked: dict[tuple[str, str], Trouble] = {}

    def suffers(self, word: str, thing: str, *names: str) -> bool:
        """Does this thing suffer from that trouble, marked before or struck just now?"""
        marked = self._marked.pop((word, thing), None)
        if marked is None or not self._troubles.stands(marked):
            marked = self._troubles.strike(word, *names)
        if marked is not None:
            self._marked[word, thing] = marked
        return marked is not None

    def forget(self, thing: str) -> None:
        """Forget a thing that is gone."""
        for key in [key for key in self._marked if key[1] == thing]:
            del self._marked[key]
