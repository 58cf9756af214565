"""Where the paths that a container knows lie on this machine. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Places:
    """Paths inside the container, and their places here; of two that hold a path the longer one counts."""

    roots: Mapping[str, Path]

    def place(self, path: str) -> str:
        """The place of a path; the text itself where it is no path that lies here."""
        for root in sorted(self.roots, key=len, reverse=True):
            if path == root or path.startswith(f"{root.rstrip('/')}/"):
                rest = path[len(root) :].lstrip("/")
                return str(self.roots[root] / rest) if rest else str(self.roots[root])
        return path

    def moved(self, value: Any) -> Any:
        """A document's value with every text that is a path put in its place."""
        match value:
            case str():
                return self.place(value)
            case dict():
                return {key: self.moved(inner) for key, inner in value.items()}
            case list():
                return [self.moved(inner) for inner in value]
            case _:
                return value

    def moved_text(self, text: str) -> str:
        """A text with every such path in it put in its place; an address's path is not one."""
        if not self.roots:
            return text
        words = "|".join(map(re.escape, sorted(self.roots, key=len, reverse=True)))
        whole = re.compile(rf"(?<![\w./:-])(?:{words})(?![\w.-])(?:/[\w./-]*)?")
        return whole.sub(lambda found: self.place(found[0]), text)
