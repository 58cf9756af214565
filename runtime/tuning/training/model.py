"""The base model and its tokenizer, from a folder to the device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.tuning.config.training_config import ModelConfig
from runtime.tuning.faults import BadModel
from runtime.tuning.training.choices import Choices
from runtime.tuning.training.machine import Machine


def load_tokenizer(folder: Path, config: ModelConfig, form: str) -> Any:
    """The tokenizer, with a padding token and, for rows of messages, a chat template. Raises BadModel."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=bool(config.trust_remote_code), local_files_only=True
        )
    except (OSError, ValueError, KeyError) as bad:
        raise BadModel(f"the tokenizer in the base model's folder cannot be read: {_one_line(bad)}") from bad
    if config.chat_template:
        tokenizer.chat_template = _template(config.chat_template)
    if form == "messages" and not tokenizer.chat_template:
        raise BadModel(
            "the rows hold messages, and the base model has no chat template: give "
            "ModelConfig.chat_template, or rows of prompt and completion"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    folder: Path, config: ModelConfig, choices: Choices, machine: Machine, quantization: Any
) -> Any:
    """The base model on its device, in few bits where `quantization` says so. Raises BadModel."""
    import torch
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, choices.dtype),
            attn_implementation=choices.attention,
            quantization_config=quantization,
            device_map=_device_map(config, machine),
            trust_remote_code=bool(config.trust_remote_code),
            local_files_only=True,
        )
    except torch.OutOfMemoryError as full:
        raise BadModel(
            f"the weights alone do not fit into {machine.name}: take a GPU with more memory, or method qlora"
        ) from full
    except (OSError, ValueError, KeyError, ImportError) as bad:
        raise BadModel(f"the base model cannot be loaded: {_one_line(bad)}") from bad


def _device_map(config: ModelConfig, machine: Machine) -> Any:
    """The whole model on each process's device; one process that sees several may spread it."""
    if machine.device == "cpu":
        return {"": "cpu"}
    if machine.processes == 1 and machine.devices > 1:
        return config.device_map or "auto"
    import os

    return {"": int(os.environ.get("LOCAL_RANK", "0"))}


def _template(asked: str) -> str:
    """A path, or the template itself."""
    if "{" in asked:
        return asked
    try:
        return Path(asked).read_text(encoding="utf-8")
    except OSError as bad:
        raise BadModel(f"ModelConfig.chat_template {asked} cannot be read: {bad.strerror}") from bad


def _one_line(bad: Exception) -> str:
    return " ".join(str(bad).split())[:300]
