"""A workplace for each test that runs a tuning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.tuning.workplace import Workplace


@pytest.fixture
def workplace(tmp_path: Path, tiny_model: Path) -> Workplace:
    """A tuning of the tiny model that would run as it is."""
    pytest.importorskip("trl")
    return Workplace(tmp_path, tiny_model)
