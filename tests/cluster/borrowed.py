"""Somebody's cluster in place of a plane of our own: TOWLINE_TEST_KUBECONFIG, and TOWLINE_TEST_CONTEXT of it.

Its own nodes are left alone. Ours are objects alone: a cloud that looks for their machines deletes them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cluster.control_plane import ADMIN, KUBELET, ControlPlane
from tests.cluster.programs import APISERVER

PREFIX = "towline-test-"


class Borrowed(ControlPlane):
    """A test that has to start, stop, count or let in is skipped, with that reason."""

    def kubeconfig_of(self, token: str) -> Path:
        if token not in (ADMIN, KUBELET):
            _skip("to make users")
        return Path(os.environ["TOWLINE_TEST_KUBECONFIG"]).absolute()

    def start(self, name: str = APISERVER) -> None:
        _skip(f"to start {name}")

    def stop(self, name: str = APISERVER) -> None:
        if name != KUBELET:
            _skip(f"to stop {name}")
        super().stop(name)

    @contextmanager
    def halted(self, name: str = APISERVER) -> Iterator[None]:
        _skip(f"to halt {name}")
        yield

    def so_far(self) -> int:
        _skip("to read the audit log")

    def writes(self, since: int = 0) -> Counter[str]:
        _skip("to read the audit log")


def borrowed(folder: Path) -> Borrowed | None:
    """The cluster that the environment names, None where it names none."""
    if not os.environ.get("TOWLINE_TEST_KUBECONFIG"):
        return None
    context = os.environ.get("TOWLINE_TEST_CONTEXT")
    if not context:
        pytest.fail("TOWLINE_TEST_KUBECONFIG goes with TOWLINE_TEST_CONTEXT: no cluster is guessed")
    return Borrowed(folder, 0, "", controllers=True, context=context, prefix=PREFIX)


def _skip(what: str) -> NoReturn:
    pytest.skip(f"{what} takes a plane of our own, not that of TOWLINE_TEST_KUBECONFIG")
