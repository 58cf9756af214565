"""A serving process from its first answer to its exit code."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.runtime.serving.process import PATIENCE_SECONDS, document, free_port, serving, start

LONG = {
    "messages": [{"role": "user", "content": "x"}],
    "max_tokens": 1900,
    "ignore_eos": True,
    "stream": True,
}


def test_while_loading_health_says_so_and_everything_else_asks_for_patience(
    tiny_model: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, document(tiny_model)) as process:
        process.wait_until_listening()
        health = httpx.get(f"{process.url}/health")
        asked = httpx.post(f"{process.url}/v1/chat/completions", json=LONG)
        unknown = httpx.get(f"{process.url}/v1/embeddings")
        assert health.status_code == asked.status_code == unknown.status_code == 503
        assert health.json()["status"] == "loading"
        assert int(asked.headers["Retry-After"]) > 0
        assert "kaito_model_download_remaining_seconds" in process.figures()
        process.wait_until_ready()
        assert process.stop() == 0


def test_sigterm_finishes_what_runs_and_refuses_what_is_new(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tmp_path, document(tiny_model)) as process:
        process.wait_until_ready()
        streams = [Stream(process.url), Stream(process.url)]
        process.wait_for_figure("vllm:num_requests_running", 2)
        process.process.terminate()
        process.wait_until(lambda: process.health() == 503)
        refused = httpx.post(f"{process.url}/v1/chat/completions", json=LONG)
        assert (refused.status_code, "stopping" in refused.text) == (503, True)
        for stream in streams:
            assert stream.text().endswith("data: [DONE]\n\n")
        assert process.process.wait(PATIENCE_SECONDS) == 0


def test_what_outlasts_the_drain_is_broken_off_and_the_exit_is_clean(
    tiny_model: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, document(tiny_model, drainSeconds=0.01)) as process:
        process.wait_until_ready()
        stream = Stream(process.url)
        process.wait_for_figure("vllm:num_requests_running", 1)
        assert process.stop() == 0
        assert "[DONE]" not in stream.text()
        assert process.told("broken off") is not None


def test_a_reader_who_leaves_is_written_for_no_longer(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tmp_path, document(tiny_model)) as process:
        process.wait_until_ready()
        with httpx.stream("POST", f"{process.url}/v1/chat/completions", json=LONG) as answer:
            next(answer.iter_lines())
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{process.url}/v1/chat/completions", json={**LONG, "stream": False}, timeout=0.2)
        process.wait_for_figure("towline_requests_cancelled_total", 2)
        process.wait_for_figure("vllm:num_requests_running", 0)
        assert process.figures()["vllm:generation_tokens_total"] < 2 * 1900


def test_a_full_line_is_told_to_come_back(tiny_model: Path, tmp_path: Path) -> None:
    small = {"kind": "small", "dtype": "float32", "threads": 1, "mostRunning": 1}
    with serving(tmp_path, document(tiny_model, engine=small, waiting=1)) as process:
        process.wait_until_ready()
        streams = [Stream(process.url), Stream(process.url)]
        process.wait_for_figure("vllm:num_requests_running", 1)
        process.wait_for_figure("vllm:num_requests_waiting", 1)
        refused = httpx.post(f"{process.url}/chat", json={"prompt": "x"})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert all(stream.text().endswith("data: [DONE]\n\n") for stream in streams)
        assert process.figures()["kaito_ratelimit_rejected_total"] == 1


def test_the_benchmark_tells_its_figures_to_the_log_and_to_metrics(tiny_model: Path, tmp_path: Path) -> None:
    wish = {"seconds": 1, "promptTokens": 100, "answerTokens": 20}
    with serving(tmp_path, document(tiny_model, benchmark=wish)) as process:
        process.wait_until_ready()
        process.wait_until(lambda: "towline_benchmark" in process.figures())
        lines = dict(
            line.split(" ", 1) for line in process.log.read_text().splitlines() if "BENCHMARK" in line
        )
        ours, measured = process.telemetry("benchmark"), process.told("measured")
        assert ours
        assert measured
        kaitos = json.loads(lines["KAITO_BENCHMARK_RESULT"])
        assert ours["tokensPerSecond"] > 0
        assert ours["contextTokens"] == 2048
        assert measured["failed"] == 0
        assert kaitos.keys() == {"vllm_total_tpm", "ttft_avg_ms", "tpot_avg_ms"}
        assert process.stop() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prot": 5000}, "prot is not a field of a ServingConfig"),
        ({"port": "5000"}, "port is wrong"),
        ({"model": {"servedName": "x"}}, "model.source is missing"),
        ({"engine": {"kind": "magic"}}, "engine"),
    ],
)
def test_a_mistake_in_the_document_is_one_sentence_in_the_log_and_in_the_pod(
    tiny_model: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with serving(tmp_path, document(tiny_model, **changes)) as process:
        assert process.process.wait(PATIENCE_SECONDS) == 1
        why = (process.told("failed") or {})["why"]
        assert words in why
        assert "serving.yaml" in why


def test_broken_weights_are_told_and_left_in_the_termination_message(
    tiny_model: Path, tmp_path: Path
) -> None:
    weights, message = tmp_path / "weights", tmp_path / "termination"
    weights.mkdir()
    for file in tiny_model.iterdir():
        (weights / file.name).write_bytes(file.read_bytes())
    (weights / "model.safetensors").write_bytes(b"\x00" * 100)
    message.touch()
    with serving(tmp_path, document(weights, terminationLog=str(message))) as process:
        assert process.process.wait(PATIENCE_SECONDS) == 1
        assert str(weights) in message.read_text()


def test_a_port_that_is_taken_may_come_free(tiny_model: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, document(tiny_model, port=port)) as process:
        process.wait_until_listening()
        with (tmp_path / "second.log").open("wb") as out:
            assert start(tmp_path / "serving.yaml", out).wait(PATIENCE_SECONDS) == 75
        assert f"port {port}" in (tmp_path / "second.log").read_text()


def test_sigterm_while_loading_ends_at_once_and_clean(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tmp_path, document(tiny_model)) as process:
        process.wait_until_listening()
        assert process.stop() == 0
        assert process.told("ready") is None


class Stream:
    """A long answer, read in the background."""

    def __init__(self, url: str) -> None:
        self._text = ""
        self._reader = threading.Thread(target=self._read, args=(f"{url}/v1/chat/completions",))
        self._reader.start()

    def _read(self, url: str) -> None:
        try:
            with httpx.stream("POST", url, json=LONG, timeout=PATIENCE_SECONDS) as answer:
                for part in answer.iter_text():
                    self._text += part
        except httpx.TransportError:
            self._text += "(broken off)"

    def text(self) -> str:
        """All of it, once it has ended."""
        self._reader.join(PATIENCE_SECONDS)
        return self._text
