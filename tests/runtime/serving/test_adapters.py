"""Adapters as folders: which serve, which are told, and what changes without a restart."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import openai

from runtime.serving.adapter_watch import look, settled
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


def test_an_adapter_that_comes_into_the_folder_is_served_and_one_that_goes_is_not(
    client: openai.OpenAI, tiny: Serving, adapters: Path
) -> None:
    wish = {"prompt": "def", "max_tokens": 16, "temperature": 0}
    green = adapters / "later" / "green"
    shutil.copytree(green, adapters / "amber")
    tiny.wait_until(lambda: "amber" in names(client))
    first = client.completions.create(model="amber", **wish).choices[0].text  # type: ignore[call-overload]
    shutil.copytree(adapters / "red", adapters / "amber", dirs_exist_ok=True)
    (adapters / "amber" / "adapter_model.safetensors").touch()
    red = client.completions.create(model="red", **wish).choices[0].text  # type: ignore[call-overload]
    assert red != first

    def is_red() -> bool:
        asked = httpx.post(f"{tiny.url}/v1/completions", json={"model": "amber", **wish})
        return asked.status_code == 200 and asked.json()["choices"][0]["text"] == red

    tiny.wait_until(is_red)
    shutil.rmtree(adapters / "amber")
    tiny.wait_until(lambda: "amber" not in names(client))
    assert tiny.told("adapter unloaded") is not None


def test_an_adapter_that_comes_and_cannot_serve_is_told_once(tiny: Serving, adapters: Path) -> None:
    shutil.copytree(adapters / "dora", adapters / "late-dora")
    tiny.wait_until(lambda: "late-dora" in (tiny.told("adapter left out") or {}).get("adapter", ""))
    assert "uses use_dora" in (tiny.told("adapter left out") or {})["why"]
    shutil.rmtree(adapters / "late-dora")


def test_what_is_still_being_written_is_not_taken(tmp_path: Path) -> None:
    assert look(tmp_path / "nowhere") == {}
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    assert look(tmp_path) == {}
    (folder / "adapter_model.safetensors").write_bytes(b"1")
    first = look(tmp_path)
    (folder / "adapter_model.safetensors").write_bytes(b"12")
    second = look(tmp_path)
    assert (settled(first, second), settled(second, look(tmp_path))) == ({}, second)
