"""What is asked by OpenAI's own client and by plain HTTP, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from tests.runtime.serving.process import Serving

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def ask(client: openai.OpenAI, **more: Any) -> Any:
    wish = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "temperature": 0, **more}
    return client.chat.completions.create(**wish)


def test_a_chat_is_answered_with_its_counts(client: openai.OpenAI) -> None:
    answer = ask(client)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12


def test_a_stream_says_the_same_as_the_whole_and_ends_with_the_counts(client: openai.OpenAI) -> None:
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == ask(client).choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 12


def test_a_stream_ends_with_done_and_counts_only_for_those_who_ask(tiny: Serving) -> None:
    body = {"messages": HELLO, "max_tokens": 3, "stream": True}
    events = httpx.post(f"{tiny.url}/v1/chat/completions", json=body).text.strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    assert not any("usage" in json.loads(event.removeprefix("data: ")) for event in events[:-1])


def test_a_text_is_completed_from_text_and_from_tokens(client: openai.OpenAI) -> None:
    wish = {"model": "tiny", "max_tokens": 5, "temperature": 0}
    from_text = client.completions.create(prompt="import os", **wish)  # type: ignore[call-overload]
    assert from_text.object == "text_completion"
    assert from_text.usage.completion_tokens == 5
    from_tokens = client.completions.create(prompt=[300, 400, 500], **wish)  # type: ignore[call-overload]
    assert from_tokens.usage.prompt_tokens == 3


def test_kaitos_chat_gives_a_result_and_streams_as_a_chat(tiny: Serving, client: openai.OpenAI) -> None:
    body = {"prompt": "hello", "max_tokens": 12, "temperature": 0}
    whole = httpx.post(f"{tiny.url}/chat", json=body).json()
    assert whole == {"Result": ask(client).choices[0].message.content}
    events = httpx.post(f"{tiny.url}/chat", json={**body, "stream": True}).text.strip().split("\n\n")
    deltas = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"] for event in events[:-1]]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["Result"]


def test_the_words_of_kaitos_former_api_are_understood_here_as_by_vllm(tiny: Serving) -> None:
    body = {"prompt": "hello", "max_tokens": 12, "temperature": 0}
    answer = httpx.post(f"{tiny.url}/chat", json=body).json()["Result"]
    former = {"max_length": 12, "do_sample": False}
    asked = {"prompt": "hello", "return_full_text": True, "generate_kwargs": former}
    assert httpx.post(f"{tiny.url}/chat", json=asked).json()["Result"] == "hello" + answer
    for wrong, words in (
        ({"prompt": ""}, "the field prompt must be a text"),
        ({"prompt": "hello", "before": "x"}, "before is not a field"),
        ({"prompt": "hello", "generate_kwargs": {"repetition_penalty": 2}}, "repetition_penalty is not"),
    ):
        refused = httpx.post(f"{tiny.url}/chat", json=wrong)
        assert refused.status_code == 400
        assert words in refused.json()["error"]["message"]


def test_a_seed_repeats_an_answer_and_its_absence_does_not(client: openai.OpenAI) -> None:
    def text(**more: Any) -> str:
        return str(ask(client, temperature=1, max_tokens=30, **more).choices[0].message.content)

    assert text(seed=7) == text(seed=7)
    assert text(seed=7) != text(seed=8)
    assert len({text() for _ in range(3)}) > 1


def test_a_stop_string_ends_the_answer_before_it_even_across_tokens(client: openai.OpenAI) -> None:
    text = ask(client, max_tokens=30).choices[0].message.content
    stop = text[9:16]
    for stream in (False, True):
        answer = ask(client, max_tokens=30, stop=[stop, "never seen"], stream=stream)
        if stream:
            chunks = list(answer)
            said = "".join(c.choices[0].delta.content or "" for c in chunks)
            ended = chunks[-1].choices[0].finish_reason
        else:
            said, ended = answer.choices[0].message.content, answer.choices[0].finish_reason
        assert said == text[: text.index(stop)]
        assert ended == "stop"


def test_the_content_may_come_in_parts_and_an_answer_may_be_given_back(client: openai.OpenAI) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]}]
    first = ask(client, messages=parts)
    assert first.choices[0].message.content == ask(client).choices[0].message.content
    again = [*HELLO, first.choices[0].message, {"role": "user", "content": "and?"}]
    assert ask(client, messages=again).usage.prompt_tokens > first.usage.prompt_tokens


def test_the_models_are_the_base_and_its_adapters(client: openai.OpenAI) -> None:
    models = {model.id: model for model in client.models.list().data}
    assert {"tiny", "red", "blue"} <= models.keys()
    assert models["red"].parent == "tiny"  # type: ignore[attr-defined]
    assert models["tiny"].max_model_len == 2048  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("response_format", {"type": "json_object"}),
        ("presence_penalty", 0.5),
        ("logit_bias", {"1": 5}),
    ],
)
def test_what_is_not_supported_is_refused_by_its_name(
    client: openai.OpenAI, field: str, value: object
) -> None:
    with pytest.raises(openai.BadRequestError, match=f"{field} is not supported") as refused:
        ask(client, **{field: value})
    assert refused.value.param == field


def test_what_asks_for_nothing_is_let_through(client: openai.OpenAI) -> None:
    idle = {
        "n": 1,
        "logprobs": False,
        "user": "me",
        "response_format": {"type": "text"},
        "presence_penalty": 0,
    }
    assert ask(client, **idle).choices[0].message.content == ask(client).choices[0].message.content


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "half of a surrogate pair"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', "temperature is wrong"),
        (b"{}", "messages is missing"),
        (b'{"messages": []}', "messages is wrong"),
        (b'{"messages": [{"role": "user"}]}', "messages.0.content is missing"),
        (b'{"messages": [{"role": "king", "content": "x"}]}', "messages.0.role is wrong"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": 9}', "temperature is wrong"),
        (b'{"messages": [{"role": "user", "content": "x"}], "frobnicate": 1}', "frobnicate is not a field"),
        (b'{"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', "max_tokens is wrong"),
    ],
)
def test_a_bad_body_is_told_what_is_wrong_with_it(tiny: Serving, body: bytes, words: str) -> None:
    answer = httpx.post(f"{tiny.url}/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_an_escaped_emoji_is_a_character_like_any_other(tiny: Serving) -> None:
    body = b'{"prompt": "\\ud83c\\udf89", "max_tokens": 1}'
    assert httpx.post(f"{tiny.url}/chat", content=body).status_code == 200


def test_a_prompt_too_long_is_told_the_limit(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="longest sequence here is 2048"):
        ask(client, messages=[{"role": "user", "content": "word " * 4000}])
    with pytest.raises(openai.BadRequestError, match="ask for at most"):
        ask(client, max_tokens=2048)


def test_a_token_the_model_does_not_know_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="not among the model's 2048"):
        client.completions.create(model="tiny", prompt=[99999], max_tokens=1)


def test_a_huge_body_is_refused_before_it_is_read(tiny: Serving) -> None:
    answer = httpx.post(f"{tiny.url}/v1/chat/completions", content=b"x" * (2**20 + 1))
    assert answer.status_code == 413


def test_an_unknown_model_and_an_unknown_route_are_not_found(client: openai.OpenAI, tiny: Serving) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model huge here; there is tiny, blue"):
        ask(client, model="huge")
    assert httpx.get(f"{tiny.url}/v2").status_code == 404
    assert httpx.get(f"{tiny.url}/v1/chat/completions").status_code == 405


def test_the_figures_have_vllms_names(client: openai.OpenAI, tiny: Serving) -> None:
    before = tiny.figures()
    ask(client)
    after = tiny.figures()
    assert after["vllm:generation_tokens_total"] - before["vllm:generation_tokens_total"] == 12
    assert after["vllm:time_to_first_token_seconds_count"] > before["vllm:time_to_first_token_seconds_count"]
    assert after["vllm:num_requests_running"] == 0
    assert after["towline_ready"] == 1
