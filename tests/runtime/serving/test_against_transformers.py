"""The engine against transformers' own generate and peft's own adapters, on the same weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.runtime.serving.process import document, serving

PROMPTS = [f"{'word ' * (7 * number)}def number_{number}(self):" for number in range(6)]
TOKENS = 24


def generated(model: Any, folder: Path, prompt: str, tokens: int = TOKENS) -> str:
    """What transformers writes, greedily."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    read = tokenizer(prompt, return_tensors="pt")
    with torch.inference_mode():
        written = model.generate(**read, max_new_tokens=tokens, do_sample=False, pad_token_id=0)
    return str(tokenizer.decode(written[0, read["input_ids"].shape[1] :], skip_special_tokens=True))


def complete(client: openai.OpenAI, model: str, prompt: str, tokens: int = TOKENS) -> str:
    answer = client.completions.create(model=model, prompt=prompt, max_tokens=tokens, temperature=0)
    return answer.choices[0].text


def base(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def test_greedy_answers_side_by_side_are_those_of_generate(client: openai.OpenAI, tiny_model: Path) -> None:
    model = base(tiny_model)
    with ThreadPoolExecutor(len(PROMPTS)) as pool:
        said = list(pool.map(lambda prompt: complete(client, "tiny", prompt), PROMPTS))
    assert said == [generated(model, tiny_model, prompt) for prompt in PROMPTS]


def test_each_request_has_its_own_adapter_though_all_share_a_batch(
    client: openai.OpenAI, tiny_model: Path, adapters: Path
) -> None:
    asked = [(name, prompt) for prompt in PROMPTS for name in ("tiny", "red", "blue")]
    with ThreadPoolExecutor(len(asked)) as pool:
        said = dict(zip(asked, pool.map(lambda pair: complete(client, *pair), asked), strict=True))
    models = {
        "tiny": base(tiny_model),
        "red": PeftModel.from_pretrained(base(tiny_model), adapters / "red"),
        "blue": PeftModel.from_pretrained(base(tiny_model), adapters / "blue"),
    }
    expected = {(name, prompt): generated(models[name], tiny_model, prompt) for name, prompt in asked}
    assert said == expected
    assert len({said[name, PROMPTS[0]] for name in models}) == 3


def test_answers_stay_the_same_when_the_cache_is_too_small_for_all(tiny_model: Path, tmp_path: Path) -> None:
    small = {"kind": "small", "dtype": "float32", "threads": 1, "mostTokens": 1024, "blocks": 5}
    prompts = [f"class Number{number}:" for number in range(6)]
    with serving(tmp_path, document(tiny_model, engine=small)) as process:
        process.wait_until_ready()
        asking = openai.OpenAI(base_url=f"{process.url}/v1", api_key="none", max_retries=0)
        with ThreadPoolExecutor(len(prompts)) as pool:
            said = list(pool.map(lambda prompt: complete(asking, "tiny", prompt, 400), prompts))
    model = base(tiny_model)
    assert said == [generated(model, tiny_model, prompt, 400) for prompt in prompts]


@pytest.mark.usefixtures("tiny")
def test_sampling_keeps_to_the_most_likely_tokens(client: openai.OpenAI) -> None:
    greedy = complete(client, "tiny", PROMPTS[1])
    for narrow in ({"extra_body": {"top_k": 1}}, {"top_p": 1e-6}, {"extra_body": {"min_p": 1.0}}):
        wish: dict[str, Any] = {"prompt": PROMPTS[1], "max_tokens": TOKENS, "temperature": 1.5, **narrow}
        assert client.completions.create(model="tiny", **wish).choices[0].text == greedy
