from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox.kube.store import Store
from tests.sandbox.kube.served import Served, now


@pytest.fixture
def store() -> Store:
    return Store(now)


@pytest.fixture
def api() -> Iterator[Served]:
    with Served() as served:
        yield served
