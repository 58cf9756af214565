"""The serving container's own process, with the real vLLM of this machine and a tiny model."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.serving_vllm.conftest import Serve, Served, config_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GREEDY: dict[str, Any] = {"temperature": 0, "max_tokens": 12}


@pytest.fixture(scope="module")
def adapters(tiny_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two adapters that can serve and one that cannot."""
    folder = tmp_path_factory.mktemp("adapters")
    shutil.copytree(tiny_adapter, folder / "support")
    shutil.copytree(tiny_adapter, folder / "half")
    (folder / "half" / "adapter_model.safetensors").unlink()
    return folder


@pytest.fixture(scope="module")
def served(serve: Serve, tiny_model: Path, adapters: Path) -> Iterator[Served]:
    document = config_for(
        tiny_model, adapters={"folder": str(adapters), "mayChange": True, "mostRank": 16}, waiting=4
    )
    served = serve(document)
    served.wait_ready()
    yield served
    if served.process.poll() is None:
        served.end()


def chat(served: Served, **fields: Any) -> str:
    status, body, _ = served.ask("/chat", {"prompt": "import os", **GREEDY, **fields})
    assert status == 200, body
    return str(json.loads(body)["Result"])


def openai_chat(served: Served, **fields: Any) -> str:
    asked = {"messages": [{"role": "user", "content": "import os"}], **GREEDY, **fields}
    status, body, _ = served.ask("/v1/chat/completions", asked)
    assert status == 200, body
    return str(json.loads(body)["choices"][0]["message"]["content"])


def metric(served: Served, name: str) -> float:
    _, body, _ = served.ask("/metrics")
    values = [line.rpartition(" ")[2] for line in body.decode().splitlines() if line.startswith(name)]
    return sum(float(value) for value in values)


class Stream(threading.Thread):
    """A streamed answer of many tokens: `begun` once it has begun, `lines` when it is done."""

    def __init__(self, served: Served, tokens: int) -> None:
        super().__init__()
        self._served, self._tokens = served, tokens
        self.begun = threading.Event()
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        import httpx

        asked = {
            "messages": [{"role": "user", "content": "import os"}],
            "max_tokens": self._tokens,
            "ignore_eos": True,
            "stream": True,
        }
        address = self._served.address + "/v1/chat/completions"
        cut = contextlib.suppress(httpx.RemoteProtocolError)  # where the server ends before the answer does
        with cut, httpx.stream("POST", address, json=asked, timeout=120) as answer:
            for line in answer.iter_lines():
                self.lines += [line] if line.startswith("data: ") else []
                if len(self.lines) > 3:
                    self.begun.set()


def test_chat_answers_in_kaitos_shape_what_openais_api_answers(served: Served) -> None:
    assert chat(served) == openai_chat(served) != ""


def test_chat_streams_openais_chunks_and_ends_with_done(served: Served) -> None:
    status, body, headers = served.ask("/chat", {"prompt": "import os", "stream": True, **GREEDY})
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    chunks = [line.removeprefix("data: ") for line in body.decode().splitlines() if line]
    assert chunks[-1] == "[DONE]"
    deltas = [json.loads(chunk)["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]]
    assert "".join(deltas) == chat(served)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"{", 400, 'the body must be JSON: {"prompt": "your question"}'),
        ({"prompt": "hi", "max_tokens": "many"}, 400, "max_tokens"),
        ({"prompt": "hi", "model": "nobody"}, 404, "nobody"),
        ({"prompt": "word " * 5000}, 400, "2048"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_the_reason(
    served: Served, body: object, status: int, sentence: str
) -> None:
    answered, text, _ = served.ask("/chat", body)
    assert answered == status
    assert sentence in json.loads(text)["error"]["message"]


def test_openais_own_client_works(served: Served) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=served.address + "/v1", api_key="none", max_retries=0)
    said = client.chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "import os"}], **GREEDY
    )
    assert said.choices[0].message.content == chat(served)
    assert said.usage.completion_tokens <= 12


def test_an_adapter_is_a_model_of_its_own_and_changes_the_answer(served: Served) -> None:
    _, body, _ = served.ask("/v1/models")
    models = {each["id"]: each["parent"] for each in json.loads(body)["data"]}
    assert models["support"] == "tiny"
    assert "half" not in models
    assert chat(served, model="support") != chat(served, model="tiny")


def test_an_adapter_that_cannot_serve_is_told_in_the_log(served: Served) -> None:
    assert "half cannot be served: it has no adapter_model.safetensors." in served.text()


def test_an_adapter_comes_and_goes_without_a_restart(served: Served, tiny_adapter: Path) -> None:
    more = {"lora_name": "more", "lora_path": str(tiny_adapter)}
    assert served.ask("/v1/load_lora_adapter", more)[0] == 200
    assert chat(served, model="more") == chat(served, model="support")
    assert served.ask("/v1/unload_lora_adapter", {"lora_name": "more"})[0] == 200
    assert served.ask("/chat", {"prompt": "hi", "model": "more"})[0] == 404


def test_an_adapter_comes_and_goes_with_its_folder(served: Served, adapters: Path) -> None:
    shutil.copytree(adapters / "support", adapters / "late")
    while (came := served.ask("/chat", {"prompt": "import os", "model": "late", **GREEDY}))[0] == 404:
        assert served.process.poll() is None
    assert json.loads(came[1])["Result"] == chat(served, model="support")
    shutil.rmtree(adapters / "late")
    while (went := served.ask("/chat", {"prompt": "hi", "model": "late", **GREEDY}))[0] == 200:
        assert served.process.poll() is None
    assert went[0] == 404


def test_who_would_wait_too_long_is_sent_away_and_counted(served: Served) -> None:
    streams = [Stream(served, 1500) for _ in range(8)]  # four are answered, four may wait
    while metric(served, "vllm:num_requests_waiting{") < 4:
        assert all(stream.is_alive() for stream in streams)
    answers = [served.ask("/chat", {"prompt": "hi", **GREEDY}) for _ in range(3)]
    assert {status for status, _, _ in answers} == {429}
    assert answers[0][2]["retry-after"] == "5"
    for stream in streams:
        stream.join(120)
        assert stream.lines[-1] == "data: [DONE]"
    assert metric(served, "kaito_ratelimit_rejected_total") == 3
    assert served.ask("/chat", {"prompt": "hi", **GREEDY})[0] == 200


def test_vllms_metrics_stay_vllms_own(served: Served) -> None:
    assert metric(served, 'vllm:generation_tokens_total{engine="0",model_name="tiny"}') > 0


def test_at_sigterm_the_answers_in_flight_are_finished_and_the_process_ends_well(served: Served) -> None:
    streams = [Stream(served, 700), Stream(served, 700)]
    for stream in streams:
        assert stream.begun.wait(60)
    served.process.terminate()
    while (late := served.ask("/chat", {"prompt": "hi"}))[0] == 200:  # the signal is on its way
        assert served.process.poll() is None
    assert late[0] == 503
    assert late[2]["retry-after"] == "5"
    assert served.process.wait(120) == 0
    for stream in streams:
        stream.join(60)
        assert stream.lines[-1] == "data: [DONE]"
        assert json.loads(stream.lines[-2][6:])["choices"][0]["finish_reason"] == "length"


def test_an_answer_longer_than_the_drain_does_not_keep_the_process_alive(
    serve: Serve, tiny_model: Path
) -> None:
    served = serve(config_for(tiny_model, drainSeconds=1))
    served.wait_ready()
    streams = [Stream(served, 1900) for _ in range(4)]
    for stream in streams:
        assert stream.begun.wait(60)
    served.process.terminate()
    assert served.process.wait(100) == 0
    for stream in streams:
        stream.join(60)
        assert stream.lines


def test_what_the_engine_itself_refuses_ends_in_one_sentence(
    serve: Serve, tiny_model: Path, tmp_path: Path
) -> None:
    last = tmp_path / "termination-log"
    last.touch()
    engine = {"kind": "vllm", "arguments": {"max-model-len": 1024, "kv-cache-memory-bytes": 4096}}
    served = serve(config_for(tiny_model, engine=engine, terminationLog=str(last)))
    assert served.process.wait(400) == 1
    assert last.read_text().startswith("vLLM cannot serve this: ")
    assert "cache" in last.read_text()
    assert "\n" not in last.read_text()


def test_a_wrong_option_is_told_before_the_engine_is_started(
    serve: Serve, tiny_model: Path, tmp_path: Path
) -> None:
    last = tmp_path / "termination-log"
    last.touch()
    mine = tmp_path / "inference_config.yaml"
    mine.write_text("vllm:\n  max-modl-len: 5\n")
    served = serve(config_for(tiny_model, userConfig=str(mine), terminationLog=str(last)))
    assert served.process.wait(200) == 1
    assert last.read_text() == (
        "inference_config.yaml, line 2: vLLM has no option max-modl-len; did you mean max-model-len?"
    )
