"""A real answer from a real small model, and the handover of the port to a real vLLM."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.runtime.artifacts.hubserver import COMMIT, HubServer
from tests.runtime.artifacts.webserver import WebServer
from tests.runtime.serving.process import Serving, document, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


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
    files = {file.name: file.read_bytes() for file in tiny_model.iterdir()}
    with WebServer() as web:
        hub = HubServer(web, files)
        source = {"kind": "hub", "repository": hub.repository, "revision": COMMIT, "endpoint": web.url()}
        model = {"servedName": "tiny", "source": source, "folder": str(tmp_path / "weights")}
        written = document(tiny_model, engine=engine, benchmark=wish, model=model)
        with serving(tmp_path, written, HF_HUB_OFFLINE="0") as process:
            must_answer_and_be_measured(process, sum(map(len, files.values())))


def must_answer_and_be_measured(process: Serving, weights_bytes: int) -> None:
    process.wait_until_listening()
    assert process.health() == 503
    process.wait_until_ready()
    figures = process.figures()
    assert figures["towline_model_download_bytes"] == weights_bytes
    assert figures["kaito_model_download_remaining_seconds"] == 0
    assert figures["kaito_model_download_speed_bytes_per_second"] > 0
    assert figures["vllm:num_requests_running"] == 0
    download = process.telemetry("download") or {}
    assert download["doneBytes"] == download["totalBytes"] == weights_bytes
    question = {"prompt": "hello", "max_tokens": 5}
    assert httpx.post(f"{process.url}/chat", json=question, timeout=120).json()["Result"]
    process.wait_until(lambda: process.telemetry("benchmark") is not None)
    assert (process.telemetry("benchmark") or {})["tokensPerSecond"] > 0
    assert process.stop() == 0


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_a_wrong_option_of_vllm_is_told_before_it_starts(tiny_model: Path, tmp_path: Path) -> None:
    engine = {"kind": "vllm", "arguments": {"max-model-length": 512}}
    with serving(tmp_path, document(tiny_model, engine=engine)) as process:
        assert process.process.wait(120) == 1
        assert "max-model-len" in (process.told("failed") or {})["why"]
