"""What leaves the machine: the adapter's settings and its card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.tuning.faults import Crashed
from runtime.tuning.progress.rows import Row
from runtime.tuning.result.adapter import finish_adapter, public
from runtime.tuning.result.card import model_card
from runtime.tuning.result.delivery import image_annotations
from runtime.tuning.result.trained import Trained

TRAINED = Trained(
    asked="0" * 64,
    workspace="team-a/support",
    base="acme/llama",
    revision="0123abcd",
    method="qlora",
    data_digest="sha256:" + "f" * 64,
    form="messages",
    rows_trained=101,
    rows_held_back=18,
    rows_unusable=3,
    said={"LoraConfig": {"r": 16, "target_modules": ["a|b"]}},
    steps=40,
    epochs=3.0,
    first_loss=3.6,
    loss=2.5,
    first_eval_loss=3.573,
    eval_loss=2.831,
)


def test_the_card_says_what_a_person_wants_to_know_before_serving_it() -> None:
    card = model_card(TRAINED)
    for said in (
        'base_model: "acme/llama"',
        "revision `0123abcd`",
        "| loss on rows held back | 3.5730 | 2.8310 |",
        "rows trained on: 101, as messages",
        "rows that could not be used: 3",
        "`sha256:ffff",
        "| LoraConfig | r | `16` |",
        "![Loss by step](loss-curve.svg)",
    ):
        assert said in card
    assert "a\\|b" in card


def test_no_path_of_the_machine_and_no_chance_order_leaves_with_the_settings() -> None:
    settings = {"base_model_name_or_path": "/workspace/weights", "target_modules": ["q", "k"], "r": 8}
    assert public(settings, TRAINED) == {
        "base_model_name_or_path": "acme/llama",
        "revision": "0123abcd",
        "target_modules": ["k", "q"],
        "r": 8,
    }
    assert public({"target_modules": "all-linear"}, TRAINED)["target_modules"] == "all-linear"


def test_only_what_belongs_to_an_adapter_stays_in_its_folder(tmp_path: Path) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors", "training_args.bin", "README.md"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "adapter_model.safetensors").chmod(0o600)
    finish_adapter(tmp_path, TRAINED, (Row(1, 1, 1.0, loss=2.0),))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "loss-curve.svg",
    ]  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}
    assert json.loads((tmp_path / "adapter_config.json").read_text())["revision"] == "0123abcd"


def test_a_folder_without_an_adapter_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(Crashed):
        finish_adapter(tmp_path, TRAINED, ())


def test_the_image_says_its_base_and_its_data() -> None:
    said = image_annotations(TRAINED)
    assert said["sh.kaito.model.name"] == "acme/llama"
    assert "0123abcd" in said.values()
    assert "f" * 64 in said.values()
