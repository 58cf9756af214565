"""LoraConfig: every setting of PEFT's LoraConfig.

Source: peft 0.21; a test holds the names equal to those of the installed library.
"""

from __future__ import annotations

from typing import Any, Literal

from runtime.tuning.config.section import Section


class LoraConfig(Section):
    """None everywhere: the person did not say, and PEFT's own default holds."""

    task_type: str | None = None
    peft_type: str | None = None
    auto_mapping: dict[str, Any] | None = None
    peft_version: str | None = None
    base_model_name_or_path: str | None = None
    revision: str | None = None
    inference_mode: bool | None = None
    r: int | None = None
    target_modules: str | list[str] | None = None
    exclude_modules: str | list[str] | None = None
    lora_alpha: int | None = None
    lora_dropout: float | None = None
    fan_in_fan_out: bool | None = None
    bias: Literal["none", "all", "lora_only"] | None = None
    use_rslora: bool | None = None
    modules_to_save: list[str] | None = None
    init_lora_weights: bool | str | None = None
    layers_to_transform: int | list[int] | None = None
    layers_pattern: str | list[str] | None = None
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, int] | None = None
    megatron_config: dict[str, Any] | None = None
    megatron_core: str | None = None
    trainable_token_indices: list[int] | dict[str, list[int]] | None = None
    loftq_config: dict[str, Any] | None = None
    eva_config: dict[str, Any] | None = None
    corda_config: dict[str, Any] | None = None
    lora_ga_config: dict[str, Any] | None = None
    use_dora: bool | None = None
    velora_config: dict[str, Any] | None = None
    alora_invocation_tokens: list[int] | None = None
    use_qalora: bool | None = None
    qalora_group_size: int | None = None
    monteclora_config: dict[str, Any] | None = None
    layer_replication: list[tuple[int, int]] | None = None
    runtime_config: dict[str, Any] | None = None
    lora_bias: bool | None = None
    target_parameters: list[str] | None = None
    use_bdlora: dict[str, Any] | None = None
    arrow_config: dict[str, Any] | None = None
    kasa_config: dict[str, Any] | None = None
    ensure_weight_tying: bool | None = None
