"""TrainingArguments: every setting of TRL's SFTConfig, those of transformers' TrainingArguments among them.

Source: trl 1.16 (SFTConfig) and transformers 5.19 (TrainingArguments); a test holds the names equal to
those of the installed libraries. What they mean is written there.
"""

from __future__ import annotations

from typing import Any

from runtime.tuning.config.section import Section


class TrainingArguments(Section):
    """None everywhere: the person did not say; see runtime.tuning.training.choices for what then holds."""

    output_dir: str | None = None
    per_device_train_batch_size: int | None = None
    num_train_epochs: float | None = None
    max_steps: int | None = None
    learning_rate: float | None = None
    lr_scheduler_type: str | None = None
    lr_scheduler_kwargs: dict[str, Any] | str | None = None
    warmup_steps: float | None = None
    optim: str | None = None
    optim_args: str | None = None
    weight_decay: float | None = None
    adam_beta1: float | None = None
    adam_beta2: float | None = None
    adam_epsilon: float | None = None
    optim_target_modules: str | list[str] | None = None
    gradient_accumulation_steps: int | None = None
    average_tokens_across_devices: bool | None = None
    max_grad_norm: float | None = None
    label_smoothing_factor: float | None = None
    bf16: bool | None = None
    fp16: bool | None = None
    bf16_full_eval: bool | None = None
    fp16_full_eval: bool | None = None
    tf32: bool | None = None
    gradient_checkpointing: bool | None = None
    gradient_checkpointing_kwargs: dict[str, Any] | str | None = None
    torch_compile: bool | None = None
    torch_compile_backend: str | None = None
    torch_compile_mode: str | None = None
    use_liger_kernel: bool | None = None
    liger_kernel_config: dict[str, bool] | None = None
    use_cache: bool | None = None
    neftune_noise_alpha: float | None = None
    torch_empty_cache_steps: int | None = None
    auto_find_batch_size: bool | None = None
    logging_strategy: str | None = None
    logging_steps: float | None = None
    logging_first_step: bool | None = None
    log_on_each_node: bool | None = None
    logging_nan_inf_filter: bool | None = None
    include_num_input_tokens_seen: str | bool | None = None
    log_level: str | None = None
    log_level_replica: str | None = None
    disable_tqdm: bool | None = None
    report_to: str | list[str] | None = None
    run_name: str | None = None
    project: str | None = None
    trackio_space_id: str | None = None
    trackio_bucket_id: str | None = None
    trackio_static_space_id: str | bool | None = None
    eval_strategy: str | None = None
    eval_steps: float | None = None
    eval_delay: float | None = None
    per_device_eval_batch_size: int | None = None
    prediction_loss_only: bool | None = None
    eval_on_start: bool | None = None
    eval_do_concat_batches: bool | None = None
    eval_use_gather_object: bool | None = None
    eval_accumulation_steps: int | None = None
    include_for_metrics: list[str] | None = None
    batch_eval_metrics: bool | None = None
    save_only_model: bool | None = None
    save_strategy: str | None = None
    save_steps: float | None = None
    save_on_each_node: bool | None = None
    save_total_limit: int | None = None
    enable_jit_checkpoint: bool | None = None
    push_to_hub: bool | None = None
    hub_token: str | None = None
    hub_private_repo: bool | None = None
    hub_model_id: str | None = None
    hub_strategy: str | None = None
    hub_always_push: bool | None = None
    hub_revision: str | None = None
    load_best_model_at_end: bool | None = None
    metric_for_best_model: str | None = None
    greater_is_better: bool | None = None
    ignore_data_skip: bool | None = None
    restore_callback_states_from_checkpoint: bool | None = None
    full_determinism: bool | None = None
    seed: int | None = None
    data_seed: int | None = None
    use_cpu: bool | None = None
    accelerator_config: dict[str, Any] | str | None = None
    parallelism_config: str | None = None
    dataloader_drop_last: bool | None = None
    dataloader_num_workers: int | None = None
    dataloader_pin_memory: bool | None = None
    dataloader_persistent_workers: bool | None = None
    dataloader_prefetch_factor: int | None = None
    dataloader_multiprocessing_context: str | None = None
    dataloader_in_order: bool | None = None
    remove_unused_columns: bool | None = None
    label_names: list[str] | None = None
    train_sampling_strategy: str | None = None
    length_column_name: str | None = None
    ddp_find_unused_parameters: bool | None = None
    ddp_bucket_cap_mb: int | None = None
    ddp_broadcast_buffers: bool | None = None
    ddp_static_graph: bool | None = None
    ddp_backend: str | None = None
    ddp_timeout: int | None = None
    fsdp: str | None = None
    fsdp_config: dict[str, Any] | str | None = None
    deepspeed: dict[str, Any] | str | None = None
    debug: str | list[str] | None = None
    skip_memory_metrics: bool | None = None
    do_train: bool | None = None
    do_eval: bool | None = None
    do_predict: bool | None = None
    resume_from_checkpoint: str | None = None
    local_rank: int | None = None
    model_init_kwargs: dict[str, Any] | str | None = None
    trust_remote_code: bool | None = None
    router_aux_loss_coef: float | None = None
    chat_template_path: str | None = None
    dataset_text_field: str | None = None
    dataset_kwargs: dict[str, Any] | str | None = None
    dataset_num_proc: int | None = None
    eos_token: str | None = None
    max_length: int | None = None
    truncation_mode: str | None = None
    shuffle_dataset: bool | None = None
    packing: bool | None = None
    packing_strategy: str | None = None
    padding_free: bool | None = None
    pad_to_multiple_of: int | str | None = None
    eval_packing: bool | None = None
    completion_only_loss: bool | None = None
    assistant_only_loss: bool | None = None
    loss_type: str | None = None
    activation_offloading: bool | None = None
    pad_token: str | None = None
