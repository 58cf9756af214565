"""One process that serves the tiny model with adapters, for all tests that only ask it something."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("transformers")

import openai

from tests.runtime.serving.process import Serving, document, serving


@pytest.fixture(scope="session")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two adapters that change every answer, one that is broken and one of a kind that is not
    served; and beside them, in `later`, one more."""
    folder = tmp_path_factory.mktemp("adapters")
    make_adapter(tiny_model, folder / "red", seed=1, rslora=False)
    make_adapter(tiny_model, folder / "blue", seed=2, rslora=True)
    shutil.copytree(folder / "red", folder / "broken")
    weights = folder / "broken" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    shutil.copytree(folder / "red", folder / "dora")
    config = json.loads((folder / "dora" / "adapter_config.json").read_text())
    (folder / "dora" / "adapter_config.json").write_text(json.dumps({**config, "use_dora": True}))
    make_adapter(tiny_model, folder / "later" / "green", seed=3, rslora=False)
    return folder


def make_adapter(model: Path, folder: Path, *, seed: int, rslora: bool) -> None:
    """A random LoRA adapter, saved by peft, strong enough to change what is answered."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(
        r=4,
        lora_alpha=32,
        use_rslora=rslora,
        target_modules=["q_proj", "k_proj", "v_proj", "down_proj"],
        alpha_pattern={"layers.0.self_attn.q_proj": 16},
        init_lora_weights=False,
    )
    get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny(tiny_model: Path, adapters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The tiny model, ready, with adapters that may change."""
    written = document(tiny_model, adapters={"folder": str(adapters), "mayChange": True})
    with serving(tmp_path_factory.mktemp("tiny"), written) as process:
        process.wait_until_ready()
        yield process


@pytest.fixture(scope="session")
def client(tiny: Serving) -> openai.OpenAI:
    """OpenAI's own client, pointed at it."""
    return openai.OpenAI(base_url=f"{tiny.url}/v1", api_key="none", max_retries=0, timeout=60)
