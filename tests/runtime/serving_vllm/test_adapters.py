from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from runtime.serving.vllm.adapters import Adapter, find_adapters, rank_to_serve


def broken(folder: Path, name: str, config: object, *, weights: bytes | None = None) -> Path:
    (folder / name).mkdir()
    (folder / name / "adapter_config.json").write_text(
        config if isinstance(config, str) else json.dumps(config)
    )
    if weights is not None:
        (folder / name / "adapter_model.safetensors").write_bytes(weights)
    return folder / name


def header(**tensors: object) -> bytes:
    text = json.dumps(tensors).encode()
    return len(text).to_bytes(8, "little") + text


def test_a_folder_that_is_not_there_holds_no_adapters(tmp_path: Path) -> None:
    assert find_adapters(tmp_path / "none", 64).adapters == ()


def test_an_adapter_made_by_peft_is_found_with_its_rank(
    tmp_path: Path, tiny_adapter: Path, tiny_model: Path
) -> None:
    shutil.copytree(tiny_adapter, tmp_path / "support")
    found = find_adapters(tmp_path, 64, tiny_model)
    assert found.adapters == (Adapter("support", tmp_path / "support", 8),)
    assert found.refused == ()


def test_a_broken_adapter_is_told_and_the_others_serve(tmp_path: Path, tiny_adapter: Path) -> None:
    shutil.copytree(tiny_adapter, tmp_path / "support")
    folder = broken(tmp_path, "half", {"r": 8})
    (tmp_path / "lost+found").mkdir(mode=0o700)
    found = find_adapters(tmp_path, 64)
    assert [each.name for each in found.adapters] == ["support"]
    said = f"The adapter in {folder} cannot be served: it has no adapter_model.safetensors."
    assert found.refused == (said,)


@pytest.mark.parametrize(
    ("config", "weights", "reason"),
    [
        ("{", header(), "its adapter_config.json cannot be read"),
        ([], header(), "its adapter_config.json is no map of settings."),
        ({"r": 0}, header(), "names no rank"),
        ({"r": 128}, header(), "its rank 128 is above 64, the highest that is served here."),
        ({"r": 8, "rank_pattern": {"q_proj": 256}}, header(), "its rank 256 is above 64"),
        ({"r": 8}, b"\xff" * 20, "its adapter_model.safetensors is cut short"),
    ],
)
def test_why_an_adapter_is_left_out_is_one_sentence(
    tmp_path: Path, config: object, weights: bytes, reason: str
) -> None:
    broken(tmp_path, "bad", config, weights=weights)
    found = find_adapters(tmp_path, 64)
    assert found.adapters == ()
    assert reason in found.refused[0]


def test_an_adapter_of_another_model_is_told_from_one_of_this_model(tmp_path: Path, tiny_model: Path) -> None:
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    weights = header(**{name: {"dtype": "F32", "shape": [8, 4096], "data_offsets": [0, 0]}})
    broken(tmp_path, "other", {"r": 8}, weights=weights)
    found = find_adapters(tmp_path, 64, tiny_model)
    assert found.refused == (
        f"The adapter in {tmp_path / 'other'} cannot be served: it was trained for another model: in it "
        "model.layers.0.self_attn.q_proj is 4096 wide, in the model that is served 64.",
    )


@pytest.mark.parametrize(("rank", "served"), [(1, 1), (4, 8), (8, 8), (9, 16), (200, 256), (512, 512)])
def test_the_rank_served_is_the_smallest_vllm_knows(rank: int, served: int) -> None:
    assert rank_to_serve((Adapter("a", Path(), rank),), 512, may_change=False) == served
