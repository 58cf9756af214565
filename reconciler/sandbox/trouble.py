"""What can go wrong on request.

A trouble is written `word[:N][@filter]`: `no-quota`, `api-500:3`, `no-capacity@Standard_NC24ads_A100_v4`.
`:N` strikes only the first N times; `@filter` strikes only where a name holds that text (any case): a VM
size, a pool, a pod or an image; for API troubles a part of the path, or `kube` / `arm` for one API alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WORDS = {
    "no-quota": "a pool PUT is refused with 400 ErrCode_InsufficientVCPUQuota",
    "no-capacity": "a pool's operation ends Failed with AllocationFailed inside",
    "throttled": "the ARM API answers 429 Throttled with Retry-After",
    "node-never-joins": "a pool succeeds and its nodes never appear",
    "no-device-plugin": "nodes become Ready without nvidia.com/gpu",
    "hanging-api": "a request is never answered",
    "image-pull": "an image cannot be pulled",
    "crash-loop": "a container exits with code 1 soon after it started",
    "api-500": "the API answers 500",
}
_FORM = re.compile(r"(?P<word>[a-z0-9-]+)(?::(?P<times>\d+))?(?:@(?P<only>.+))?")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that shall go wrong: what, how often (None: always), and where ("" : everywhere)."""

    word: str
    times: int | None = None
    only: str = ""

    def touches(self, *names: str) -> bool:
        """Is one of these names among those it strikes?"""
        return not self.only or any(self.only.lower() in name.lower() for name in names)


def parse_trouble(text: str) -> Trouble:
    """Read `word[:N][@filter]`; ValueError says which words there are."""
    form = _FORM.fullmatch(text.strip())
    if not form or form["word"] not in WORDS:
        raise ValueError(f"no trouble is called {text!r}; there are: {', '.join(WORDS)}")
    return Trouble(form["word"], int(form["times"]) if form["times"] else None, form["only"] or "")


class Troubles:
    """The troubles in force, with what is left of each."""

    def __init__(self, troubles: Iterable[Trouble] = ()) -> None:
        self._left: dict[Trouble, int | None] = {trouble: trouble.times for trouble in troubles}

    def ask(self, *words: str) -> None:
        """Add troubles; the word `none` clears those before it. ValueError for an unknown word."""
        asked = [None if word == "none" else parse_trouble(word) for word in words]
        for trouble in asked:
            if trouble is None:
                self._left.clear()
            else:
                self._left[trouble] = trouble.times

    def strikes(self, word: str, *names: str) -> bool:
        """Does that trouble strike one of these names now? Each yes uses up one of its times."""
        for trouble, left in self._left.items():
            if trouble.word == word and left != 0 and trouble.touches(*names):
                self._left[trouble] = None if left is None else left - 1
                return True
        return False

    def in_force(self) -> tuple[Trouble, ...]:
        """List the troubles that can still strike."""
        return tuple(trouble for trouble, left in self._left.items() if left != 0)
