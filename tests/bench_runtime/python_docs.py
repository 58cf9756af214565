"""Questions and answers of uneven length, for any machine: what the functions of this Python's own library
say of themselves."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module

MODULES = (
    "argparse", "ast", "asyncio", "base64", "collections", "configparser", "csv", "datetime", "decimal",
    "difflib", "email.message", "fractions", "functools", "heapq", "http.client", "inspect", "itertools",
    "json", "logging", "math", "os", "os.path", "pathlib", "random", "re", "shutil", "socket", "statistics",
    "string", "subprocess", "tarfile", "textwrap", "threading", "urllib.parse", "uuid", "zipfile",
)  # fmt: skip
LONGEST = 700
"""Characters of an answer, of which more than a few have as many."""


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """Question and answer, the same in every process of the same Python, in an order of no meaning."""
    found = [pair for module in MODULES for pair in _pairs_of(module)]
    return tuple(sorted(found, key=lambda pair: (pair[1][::-1], pair[0])))


def questions(seed: int, count: int) -> list[str]:
    """So many questions that no other seed gives."""
    known = pairs()
    some = [known[(seed * count + number) % len(known)][0] for number in range(count)]
    return [f"Question {seed}.{number}: {question}" for number, question in enumerate(some)]


def _pairs_of(module: str) -> list[tuple[str, str]]:
    documented = [
        (name, inspect.getdoc(thing) or "")
        for name, thing in vars(import_module(module)).items()
        if not name.startswith("_") and callable(thing)
    ]
    return [(f"What does {module}.{name} do in Python?", text[:LONGEST]) for name, text in documented if text]
