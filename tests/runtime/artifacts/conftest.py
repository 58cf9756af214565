"""What the tests of artifacts stand on: a program run apart, with nothing of this process's environment that
would change what it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtime.artifacts.registryserver import registry
from tests.runtime.artifacts.weights import adapter_files, write_files

ROOT = Path(__file__).parents[3]


@pytest.fixture
def start_fetch(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Begin `python -m runtime.artifacts` for a source, into tmp_path/"model"."""

    def start(source: dict[str, object], *expects: str, **environment: str) -> subprocess.Popen[str]:
        pytest.importorskip("huggingface_hub")
        document = tmp_path / "source.json"
        document.write_text(json.dumps(source))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        return subprocess.Popen(
            [sys.executable, "-m", "runtime.artifacts", str(document), str(tmp_path / "model"), *expects],
            env={**kept, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "hf"), **environment},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def fetch_apart(
    start_fetch: Callable[..., subprocess.Popen[str]],
) -> Callable[..., tuple[int, str]]:
    """Run it to its end: the exit code and all it said."""

    def run(source: dict[str, object], *expects: str, **environment: str) -> tuple[int, str]:
        process = start_fetch(source, *expects, **environment)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    return run


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry that asks nobody for a login: its host:port."""
    with registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A folder as training leaves it."""
    return write_files(tmp_path / "adapter", adapter_files())
