"""Adapters as folders: which serve, which are told, and what changes without a restart."""

from __future__ import annotations

from pathlib import Path

import httpx
import openai

from tests.runtime.serving.process import Serving


def names(client: openai.OpenAI) -> set[str]:
    return {model.id for model in client.models.list().data}


def test_a_broken_adapter_is_told_with_its_folder_and_the_others_serve(
    client: openai.OpenAI, tiny: Serving, adapters: Path
) -> None:
    told = tiny.log.read_text()
    assert f"The adapter in {adapters / 'broken'} has a broken adapter_model.safetensors" in told
    assert f"The adapter in {adapters / 'dora'} uses use_dora" in told
    assert names(client) >= {"tiny", "red", "blue"}
    assert not names(client) & {"broken", "dora"}


def test_an_adapter_is_loaded_and_unloaded_without_a_restart(
    client: openai.OpenAI, tiny: Serving, adapters: Path
) -> None:
    order = {"lora_name": "green", "lora_path": str(adapters / "later" / "green")}
    loaded = httpx.post(f"{tiny.url}/v1/load_lora_adapter", json=order)
    assert (loaded.status_code, "added" in loaded.text) == (200, True)
    wish = {"prompt": "def", "max_tokens": 16, "temperature": 0}
    green = client.completions.create(model="green", **wish)  # type: ignore[call-overload]
    assert green.choices[0].text != client.completions.create(model="tiny", **wish).choices[0].text  # type: ignore[call-overload]
    assert httpx.post(f"{tiny.url}/v1/load_lora_adapter", json=order).status_code == 400
    assert httpx.post(f"{tiny.url}/v1/unload_lora_adapter", json=order).status_code == 200
    assert "green" not in names(client)
    assert httpx.post(f"{tiny.url}/v1/unload_lora_adapter", json=order).status_code == 404


def test_an_adapter_outside_the_folder_is_refused(tiny: Serving, tmp_path: Path) -> None:
    order = {"lora_name": "stranger", "lora_path": str(tmp_path)}
    refused = httpx.post(f"{tiny.url}/v1/load_lora_adapter", json=order)
    assert refused.status_code == 400
    assert "lies outside" in refused.json()["error"]["message"]
