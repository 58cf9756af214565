"""TrainingConfig: KAITO's training_config.yaml, section by section.

Fields and defaults: KAITO v0.12, presets/workspace/tuning/text-generation.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runtime.tuning.config.lora_config import LoraConfig
from runtime.tuning.config.section import Section
from runtime.tuning.config.training_arguments import TrainingArguments

Dtype = Literal["auto", "bfloat16", "float16", "float32"]


class ModelConfig(Section):
    """How the base model is loaded. Where it lies is the Workspace's to say; see `rules.WITHOUT_EFFECT`.

    `dtype` was `torch_dtype`. `attn_implementation` is ours: the kernels of attention, as transformers
    names them.
    """

    pretrained_model_name_or_path: str | None = None
    state_dict: dict[str, Any] | None = None
    cache_dir: str | None = None
    force_download: bool | None = None
    proxies: dict[str, str] | None = None
    output_loading_info: bool | None = None
    local_files_only: bool | None = None
    revision: str | None = None
    trust_remote_code: bool | None = None
    dtype: Dtype | None = None
    device_map: str | dict[str, Any] | None = None
    chat_template: str | None = None
    attn_implementation: str | None = None


class QuantizationConfig(Section):
    """How the base model is held in fewer bits, by bitsandbytes."""

    quant_method: Literal["bitsandbytes"] | None = None
    load_in_8bit: bool | None = None
    load_in_4bit: bool | None = None
    llm_int8_threshold: float | None = None
    llm_int8_skip_modules: list[str] | None = None
    llm_int8_enable_fp32_cpu_offload: bool | None = None
    llm_int8_has_fp16_weight: bool | None = None
    bnb_4bit_compute_dtype: Literal["bfloat16", "float16", "float32"] | None = None
    bnb_4bit_quant_type: Literal["fp4", "nf4"] | None = None
    bnb_4bit_use_double_quant: bool | None = None
    bnb_4bit_quant_storage: str | None = None


class DatasetConfig(Section):
    """Which rows, by which columns, and how many are held back to evaluate: `train_test_split` is the share
    that is trained on, 1 for all of them."""

    dataset_path: str | None = None
    dataset_extension: str | None = None
    shuffle_dataset: bool = True
    shuffle_seed: int = Field(default=42, ge=0, lt=2**32)
    context_column: str | None = None
    response_column: str | None = None
    messages_column: str | None = None
    train_test_split: float = Field(default=0.8, gt=0, le=1)


class DataCollator(Section):
    """KAITO's collator. Every model here is causal: `mlm` has no effect, as in KAITO."""

    mlm: bool | None = None
    mlm_probability: float | None = None
    pad_to_multiple_of: int | None = None


class TrainingConfig(Section):
    """The whole file, which may leave out every section."""

    model: ModelConfig = Field(default=ModelConfig(), alias="ModelConfig")
    quantization: QuantizationConfig = Field(default=QuantizationConfig(), alias="QuantizationConfig")
    lora: LoraConfig = Field(default=LoraConfig(), alias="LoraConfig")
    arguments: TrainingArguments = Field(default=TrainingArguments(), alias="TrainingArguments")
    dataset: DatasetConfig = Field(default=DatasetConfig(), alias="DatasetConfig")
    collator: DataCollator = Field(default=DataCollator(), alias="DataCollator")
