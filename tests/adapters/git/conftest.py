from pathlib import Path

import pytest

from .repos import Upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    """An empty bare repository called fleet.git."""
    (tmp_path / "srv").mkdir()
    return Upstream.create(tmp_path / "srv" / "fleet.git")
