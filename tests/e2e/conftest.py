from collections.abc import Iterator
from pathlib import Path

import pytest

from .stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A fresh world at high speed."""
    with staged(tmp_path) as world:
        yield world
