from __future__ import annotations

import logging
import logging.config
from pathlib import Path
from typing import Any

import pytest

from runtime.artifacts.faults import Mistaken, Passing
from runtime.serving.vllm.last_words import read_last_words, reason_of, with_last_words

PLAIN: dict[str, Any] = {"version": 1, "disable_existing_loggers": False, "handlers": {}, "loggers": {}}
WORKER = "vllm.v1.executor.multiproc_executor"
CORE = "vllm.v1.engine.core"


def fail(logger: str, error: Exception) -> None:
    try:
        raise error
    except type(error):
        logging.getLogger(logger).exception("WorkerProc failed to start.")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Where the last words go, with logging as vLLM's processes set it up."""
    path = tmp_path / "last-words.json"
    logging.config.dictConfig(dict(with_last_words(PLAIN, path)))
    yield path
    for name in (WORKER, CORE):
        logging.getLogger(name).handlers.clear()


def test_an_engine_that_ended_well_left_no_word(words: Path) -> None:
    logging.getLogger(CORE).info("[shutdown] EngineCore: exiting busy loop")
    assert read_last_words(words) is None


def test_the_first_word_is_the_cause_the_later_ones_its_echo(words: Path) -> None:
    fail(WORKER, ValueError("To serve at least one request,\n 16 GiB of KV cache are needed."))
    fail(CORE, RuntimeError("Worker failed, see above."))
    fault = read_last_words(words)
    assert isinstance(fault, Mistaken)
    assert str(fault) == (
        "vLLM cannot serve this: To serve at least one request, 16 GiB of KV cache are needed."
    )


def test_a_gpu_too_small_is_told_with_what_to_do() -> None:
    fault = reason_of("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB.")
    assert isinstance(fault, Mistaken)
    assert "take a larger instanceType" in str(fault)
    assert "Tried to allocate 2.00 GiB" in str(fault)


def test_what_nobody_wrote_wrongly_may_pass() -> None:
    assert isinstance(reason_of("DistBackendError", "NCCL timed out"), Passing)
