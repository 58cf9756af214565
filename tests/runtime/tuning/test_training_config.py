"""training_config.yaml: what is read, what is told, and every mistake with its line."""

from __future__ import annotations

import pytest

from runtime.tuning.config.parse import parse_training_config
from runtime.tuning.faults import BadConfig

KAITO = """
training_config:
  ModelConfig:
    torch_dtype: bfloat16
    local_files_only: true
    device_map: auto
  QuantizationConfig:
    load_in_4bit: true
    bnb_4bit_quant_type: nf4
    bnb_4bit_compute_dtype: bfloat16
    bnb_4bit_use_double_quant: true
  LoraConfig:
    r: 8
    lora_alpha: 8
    lora_dropout: 0.0
  TrainingArguments:
    output_dir: /mnt/results
    ddp_find_unused_parameters: false
    save_strategy: "no"
    per_device_train_batch_size: 1
  DataCollator:
    mlm: true
  DatasetConfig:
    shuffle_dataset: true
    train_test_split: 1
"""


def mistake(text: str) -> str:
    with pytest.raises(BadConfig) as caught:
        parse_training_config(text)
    return str(caught.value)


def test_the_template_that_kaito_ships_is_read_under_the_names_of_today() -> None:
    parsed = parse_training_config(KAITO)
    assert parsed.config.model.dtype == "bfloat16"
    assert parsed.config.quantization.bnb_4bit_quant_type == "nf4"
    assert parsed.config.lora.said() == {"r": 8, "lora_alpha": 8, "lora_dropout": 0.0}
    assert parsed.config.dataset.train_test_split == 1
    assert parsed.config.dataset.shuffle_seed == 42


def test_what_has_no_effect_is_told_with_its_line_and_why() -> None:
    notes = parse_training_config(KAITO).notes
    assert "training_config.yaml, line 17: TrainingArguments.output_dir has no effect: " in "\n".join(notes)
    assert any("torch_dtype is called dtype today" in note for note in notes)


def test_an_empty_file_is_the_defaults() -> None:
    assert parse_training_config("").config.arguments.said() == {}


def test_a_number_that_yaml_reads_as_text_is_a_number() -> None:
    text = "training_config: {TrainingArguments: {learning_rate: 2e-4, max_steps: '10'}}"
    assert parse_training_config(text).config.arguments.said() == {"learning_rate": 2e-4, "max_steps": 10}


def test_an_unquoted_no_is_no_strategy() -> None:
    text = "training_config: {TrainingArguments: {save_strategy: no, evaluation_strategy: no}}"
    assert parse_training_config(text).config.arguments.said() == {
        "save_strategy": "no",
        "eval_strategy": "no",
    }


def test_an_unknown_setting_is_told_with_its_line_and_the_nearest_right_one() -> None:
    said = mistake("training_config:\n  LoraConfig:\n    r: 8\n    lora_alpa: 16\n")
    assert (
        said == "training_config.yaml, line 4: LoraConfig has no setting lora_alpa; did you mean lora_alpha?"
    )


def test_an_unknown_section_is_told_with_the_nearest_right_one() -> None:
    said = mistake("training_config:\n  LoraConfg: {r: 8}\n")
    assert said == "training_config.yaml, line 2: there is no section LoraConfg; did you mean LoraConfig?"


def test_every_mistake_is_told_at_once() -> None:
    said = mistake(
        "training_config:\n  LoraConfig:\n    r: many\n  DatasetConfig:\n    train_test_split: 1.5\n"
    )
    assert "line 3: LoraConfig.r is 'many'" in said
    assert "line 5: DatasetConfig.train_test_split is 1.5: input should be less than or equal to 1" in said


def test_an_old_name_with_a_wrong_value_is_told_at_its_own_line() -> None:
    said = mistake("training_config:\n  ModelConfig:\n    torch_dtype: float13\n")
    assert said.startswith("training_config.yaml, line 3: ModelConfig.dtype is 'float13'")


def test_a_key_that_stands_twice_is_told() -> None:
    said = mistake("training_config:\n  LoraConfig:\n    r: 8\n    r: 16\n")
    assert said == "training_config.yaml, line 4: r stands there twice"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("training_config: [", "line 1: "),
        ("- 1\n", "must hold one map, training_config"),
        ("other: {}\n", "must hold one map, training_config"),
        ("training_config:\n  LoraConfig: 8\n", "line 2: LoraConfig must be a map"),
        ("training_config:\n  - 8\n", "line 1: training_config must be a map"),
    ],
)
def test_a_file_of_another_shape_is_told(text: str, told: str) -> None:
    assert told in mistake(text)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("push_to_hub: true", "push_to_hub is refused"),
        ("deepspeed: {stage: 3}", "deepspeed is refused"),
        ("report_to: wandb", "report_to is 'wandb', which this image does not hold"),
    ],
)
def test_what_would_lead_elsewhere_is_refused(setting: str, told: str) -> None:
    assert told in mistake(f"training_config:\n  TrainingArguments:\n    {setting}\n")


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    said = mistake("training_config:\n  TrainingArguments:\n    hub_token: hf_verysecret\n")
    assert "hub_token is refused" in said
    assert "hf_verysecret" not in said
