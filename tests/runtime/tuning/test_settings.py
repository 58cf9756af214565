"""The sections beside the libraries they are for: the same names, and values the libraries take."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from runtime.tuning.config.parse import SECTIONS, parse_training_config
from runtime.tuning.config.rules import REFUSED, RENAMED, WITHOUT_EFFECT
from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.faults import BadConfig
from runtime.tuning.training.batch import Batch
from runtime.tuning.training.choices import choose
from runtime.tuning.training.machine import Machine
from runtime.tuning.training.settings import lora_settings, quantization_settings, sft_settings

SFTConfig = pytest.importorskip("trl").SFTConfig
Peft = pytest.importorskip("peft").LoraConfig
BitsAndBytesConfig = pytest.importorskip("transformers").BitsAndBytesConfig
HERE = Machine("cpu")


def config(**sections: object) -> TrainingConfig:
    return parse_training_config(json.dumps({"training_config": sections})).config


def settings(config: TrainingConfig, folder: Path, machine: Machine = HERE) -> Any:
    choices = choose(config, "lora", machine)
    return sft_settings(config, choices, Batch(2, 4, False), machine, folder, evaluates=True)


def test_the_sections_have_the_settings_of_the_installed_libraries() -> None:
    ours = {name: set(section.model_fields) for name, section in SECTIONS.items()}
    assert ours["TrainingArguments"] == {field.name for field in dataclasses.fields(SFTConfig) if field.init}
    assert ours["LoraConfig"] == {field.name for field in dataclasses.fields(Peft) if field.init}
    theirs = set(inspect.signature(BitsAndBytesConfig.__init__).parameters) - {"self", "kwargs"}
    assert ours["QuantizationConfig"] == theirs | {"quant_method"}


def test_every_rule_names_a_setting_that_is_there_or_is_gone_for_good() -> None:
    for (section, _), new in RENAMED.items():
        assert new in SECTIONS[section].model_fields
    for section, name in REFUSED:
        assert name in SECTIONS[section].model_fields
    for section, name in WITHOUT_EFFECT:
        gone = "no such setting" in WITHOUT_EFFECT[section, name]
        assert gone == (name not in SECTIONS[section].model_fields)


def test_what_the_person_said_reaches_trl(tmp_path: Path) -> None:
    said = config(
        TrainingArguments={"learning_rate": 1e-3, "num_train_epochs": 2, "warmup_ratio": 0.1, "seed": 7}
    )
    built = settings(said, tmp_path)
    assert (built.learning_rate, built.num_train_epochs, built.warmup_steps, built.seed) == (1e-3, 2, 0.1, 7)


def test_what_the_person_left_open_is_chosen(tmp_path: Path) -> None:
    built = settings(config(), tmp_path)
    assert (built.per_device_train_batch_size, built.gradient_accumulation_steps) == (2, 4)
    assert (built.bf16, built.use_cpu, built.gradient_checkpointing) == (False, True, False)
    assert built.learning_rate == 2e-4
    assert built.report_to == []


def test_two_checkpoints_are_always_kept(tmp_path: Path) -> None:
    built = settings(config(TrainingArguments={"save_total_limit": 1}), tmp_path)
    assert built.save_total_limit == 2


@pytest.mark.parametrize(
    "arguments", [{"lr_scheduler_type": "sideways"}, {"optim": "guess"}, {"eval_strategy": "sometimes"}]
)
def test_a_value_that_trl_refuses_is_told_in_a_sentence(arguments: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="TrainingArguments cannot be used: ") as told:
        settings(config(TrainingArguments=arguments), tmp_path)
    assert "\n" not in str(told.value)


def test_all_linear_layers_are_tuned_unless_modules_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEFAULT_TARGET_MODULES", raising=False)
    assert lora_settings(config()).target_modules == "all-linear"
    assert lora_settings(config(LoraConfig={"target_modules": ["q_proj"]})).target_modules == {"q_proj"}
    monkeypatch.setenv("DEFAULT_TARGET_MODULES", "k_proj,q_proj")
    assert lora_settings(config()).target_modules == {"k_proj", "q_proj"}


def test_a_value_that_peft_refuses_is_told_in_a_sentence() -> None:
    with pytest.raises(BadConfig, match="LoraConfig cannot be used: "):
        lora_settings(config(LoraConfig={"layers_pattern": "h", "layers_to_transform": None}))


def test_qlora_without_a_word_is_nf4_and_lora_is_not_quantised() -> None:
    chosen = quantization_settings(config().quantization, "qlora")
    assert (chosen.bnb_4bit_quant_type, chosen.bnb_4bit_use_double_quant) == ("nf4", True)
    assert quantization_settings(config().quantization, "lora") is None


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("lora", {"load_in_4bit": True}),
        ("qlora", {"load_in_4bit": True, "load_in_8bit": True}),
        ("qlora", {"load_in_4bit": False}),
    ],
)
def test_a_method_and_bits_that_contradict_each_other_are_told(method: str, said: dict[str, bool]) -> None:
    with pytest.raises(BadConfig, match="the method is"):
        quantization_settings(config(QuantizationConfig=said).quantization, method)
