"""The person's configuration and our choices → the settings objects of peft, transformers and trl."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from runtime.tuning.config.rules import WITHOUT_EFFECT
from runtime.tuning.config.section import Section
from runtime.tuning.config.training_config import QuantizationConfig, TrainingConfig
from runtime.tuning.faults import BadConfig
from runtime.tuning.training.batch import Batch
from runtime.tuning.training.choices import LEARNING_RATE, Choices
from runtime.tuning.training.machine import Machine

KEPT_CHECKPOINTS = 2  # while one is written, another is whole


def lora_settings(config: TrainingConfig) -> Any:
    """PEFT's LoraConfig. Modules, where the person names none: DEFAULT_TARGET_MODULES, as in KAITO, else all
    linear layers, since the modules PEFT would choose leave most of the model untouched."""
    from peft import LoraConfig

    named = [name for name in os.environ.get("DEFAULT_TARGET_MODULES", "").split(",") if name]
    chosen = {"task_type": "CAUSAL_LM", "target_modules": named or "all-linear"}
    asked = _effective(config.lora, "LoraConfig")
    if "target_parameters" in asked and "target_modules" not in asked:
        chosen.pop("target_modules")
    try:
        return LoraConfig(**chosen | asked)
    except (ValueError, TypeError) as bad:
        raise BadConfig(f"LoraConfig cannot be used: {_one_line(bad)}") from bad


def quantization_settings(config: QuantizationConfig, method: str) -> Any:
    """Transformers' BitsAndBytesConfig; None for method lora. qlora and no word more is nf4, twice."""
    asked = _effective(config, "QuantizationConfig")
    bits = bool(config.load_in_4bit) + bool(config.load_in_8bit)
    if method == "lora":
        if bits:
            raise BadConfig(
                "QuantizationConfig loads the model in fewer bits, and the method is lora: say qlora"
            )
        return None
    if bits == 2 or (bits == 0 and False in (config.load_in_4bit, config.load_in_8bit)):
        raise BadConfig("the method is qlora: QuantizationConfig needs one of load_in_4bit and load_in_8bit")
    from transformers import BitsAndBytesConfig

    if bits == 0:
        nf4 = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
        asked = nf4 | {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16"} | asked
    try:
        return BitsAndBytesConfig(**asked)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, AttributeError) as bad:
        raise BadConfig(f"QuantizationConfig cannot be used: {_one_line(bad)}") from bad


def sft_settings(
    config: TrainingConfig, choices: Choices, batch: Batch, machine: Machine, folder: Path, *, evaluates: bool
) -> Any:
    """TRL's SFTConfig. Raises BadConfig where the libraries refuse what the person said."""
    from trl import SFTConfig  # type: ignore[attr-defined]

    asked = _effective(config.arguments, "TrainingArguments")
    settings = _defaults(machine, evaluates) | asked | _ours(choices, batch, machine, folder, config)
    if not evaluates or asked.get("eval_strategy") == "no":
        settings |= {"eval_strategy": "no", "eval_on_start": False}
    settings["save_total_limit"] = max(KEPT_CHECKPOINTS, asked.get("save_total_limit", KEPT_CHECKPOINTS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SFTConfig(**settings)
    except (ValueError, TypeError, ImportError) as bad:
        raise BadConfig(f"TrainingArguments cannot be used: {_one_line(bad)}") from bad


def _defaults(machine: Machine, evaluates: bool) -> dict[str, Any]:
    """What holds where the person says nothing; logging_steps below 1 is a share of all steps."""
    chosen: dict[str, Any] = {
        "learning_rate": LEARNING_RATE,
        "logging_steps": 0.01,
        "logging_first_step": True,
        "eval_strategy": "epoch" if evaluates else "no",
        "eval_on_start": evaluates,
        "save_strategy": "steps",
        "save_steps": 0.1,
        "dataloader_pin_memory": machine.device == "cuda",
    }
    if machine.device == "cuda" and machine.has_bfloat16:
        chosen["tf32"] = True  # came with the same generation
    if machine.processes > 1:
        chosen["ddp_find_unused_parameters"] = False
    return chosen


def _ours(
    choices: Choices, batch: Batch, machine: Machine, folder: Path, config: TrainingConfig
) -> dict[str, Any]:
    """What no person may say, and what was chosen."""
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": batch.rows,
        "gradient_accumulation_steps": batch.times,
        "gradient_checkpointing": batch.checkpointing,
        "bf16": choices.bf16,
        "fp16": choices.fp16,
        "use_cpu": machine.device == "cpu",
        "disable_tqdm": True,
        "report_to": "none",
        "push_to_hub": False,
        "padding_free": False,
        "shuffle_dataset": False,
    }
    if config.arguments.per_device_eval_batch_size is None:
        settings["per_device_eval_batch_size"] = batch.rows
    if config.collator.pad_to_multiple_of and config.arguments.pad_to_multiple_of is None:
        settings["pad_to_multiple_of"] = config.collator.pad_to_multiple_of
    if machine.processes > 1:
        settings["ddp_backend"] = "nccl" if machine.device == "cuda" else "gloo"
    return settings


def _effective(section: Section, name: str) -> dict[str, Any]:
    """What the person said, less what has no effect."""
    return {field: value for field, value in section.said().items() if (name, field) not in WITHOUT_EFFECT}


def _one_line(bad: Exception) -> str:
    return " ".join(str(bad).split())[:300]
