"""A real answer from a real small model, and the handover of the port to a real vLLM."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.runtime.serving.process import document, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_smollm2_knows_the_capital_of_france(smollm2: Path, tmp_path: Path) -> None:
    engine = {"kind": "small", "threads": 1}
    with serving(tmp_path, document(smollm2, engine=engine)) as process:
        process.wait_until_ready()
        question = {"prompt": "What is the capital of France?", "temperature": 0}
        assert "Paris" in httpx.post(f"{process.url}/chat", json=question, timeout=120).json()["Result"]
        assert process.stop() == 0


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_vllm_takes_over_the_port_and_is_measured(tiny_model: Path, tmp_path: Path) -> None:
    engine = {"kind": "vllm", "arguments": {"max-model-len": 512, "enforce-eager": True}}
    wish = {"seconds": 1, "promptTokens": 50, "answerTokens": 10}
    with serving(tmp_path, document(tiny_model, engine=engine, benchmark=wish)) as process:
        process.wait_until_listening()
        assert process.health() == 503
        process.wait_until_ready()
        question = {"prompt": "hello", "max_tokens": 5}
        assert httpx.post(f"{process.url}/chat", json=question, timeout=120).json()["Result"]
        process.wait_until(lambda: "TOWLINE_BENCHMARK_RESULT" in process.log.read_text())
        assert process.stop() == 0


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_a_wrong_option_of_vllm_is_told_before_it_starts(tiny_model: Path, tmp_path: Path) -> None:
    engine = {"kind": "vllm", "arguments": {"max-model-length": 512}}
    with serving(tmp_path, document(tiny_model, engine=engine)) as process:
        assert process.process.wait(120) == 1
        assert "max-model-len" in (process.told("failed") or {})["why"]
