"""What installs the packages: uv where it is on PATH, which takes half the time, else pip."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.environment.place import REQUIREMENTS, TORCH, TORCH_PINS

Words = list[str]

_PIP_OPTIONS = ("install", "--quiet", "--disable-pip-version-check", "--no-compile")
_PLACES = ("index-url", "extra-index-url", "find-links")


def installs(folder: Path, python: Path) -> Iterator[Words]:
    """The commands that make the environment, in order. torch is last: all it needs but CUDA is there by
    then, and whether CUDA comes along is for the build that is found to say."""
    uv = shutil.which("uv")
    yield [sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), str(folder)]
    install = [uv, "pip", *_uv_options(python)] if uv else [str(python), "-m", "pip", *_PIP_OPTIONS]
    yield [*install, "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    yield [*install, "-r", str(TORCH), "-c", str(TORCH_PINS)]


def _uv_options(python: Path) -> Iterator[str]:
    yield from ("install", "--quiet", "--python", str(python))
    yield from _where_pip_looks()


def _where_pip_looks() -> Iterator[str]:
    """pip's own places as options of uv, which reads none of pip's files. What comes from them is checked by
    its hash, so that it matters little which of them has a package first."""
    words = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    given: dict[str, list[str]] = {}
    for line in told.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in _PLACES:
            given[name] = str(ast.literal_eval(value)).split()
    given |= {name: said.split() for name in _PLACES if (said := os.environ.get(_variable(name)))}
    yield from (word for name, places in given.items() for place in places for word in (f"--{name}", place))
    if "extra-index-url" in given:
        yield from ("--index-strategy", "unsafe-best-match")


def _variable(name: str) -> str:
    """pip's variable of an option, which counts for more than its files, and is there where pip is not."""
    return f"PIP_{name.upper().replace('-', '_')}"
