"""Which settings have another name today, which have no effect here, which are refused, and why.

Old names: transformers 4.x, trl 0.x and peft 0.11, which KAITO pinned; what became of them: transformers 5.
"""

from __future__ import annotations

RENAMED: dict[tuple[str, str], str] = {
    ("ModelConfig", "torch_dtype"): "dtype",
    ("TrainingArguments", "evaluation_strategy"): "eval_strategy",
    ("TrainingArguments", "max_seq_length"): "max_length",
    ("TrainingArguments", "no_cuda"): "use_cpu",
    ("TrainingArguments", "warmup_ratio"): "warmup_steps",  # today a share of all steps may stand there
    ("TrainingArguments", "per_gpu_train_batch_size"): "per_device_train_batch_size",
    ("TrainingArguments", "per_gpu_eval_batch_size"): "per_device_eval_batch_size",
    ("TrainingArguments", "activation_checkpointing"): "gradient_checkpointing",
}

_LAID = "the Workspace says where the base model lies"
_GONE = "the libraries of today have no such setting"
_OURS = "the runtime decides it"

WITHOUT_EFFECT: dict[tuple[str, str], str] = {
    ("ModelConfig", "pretrained_model_name_or_path"): _LAID,
    ("ModelConfig", "cache_dir"): _LAID,
    ("ModelConfig", "force_download"): _LAID,
    ("ModelConfig", "proxies"): _LAID,
    ("ModelConfig", "local_files_only"): _LAID,
    ("ModelConfig", "revision"): _LAID,
    ("ModelConfig", "state_dict"): _LAID,
    ("ModelConfig", "output_loading_info"): _OURS,
    ("LoraConfig", "base_model_name_or_path"): _LAID,
    ("LoraConfig", "revision"): _LAID,
    ("LoraConfig", "inference_mode"): "an adapter is trained",
    ("LoraConfig", "peft_type"): "the Workspace's method says it",
    ("LoraConfig", "peft_version"): _OURS,
    ("LoraConfig", "auto_mapping"): _OURS,
    ("TrainingArguments", "output_dir"): "the adapter goes where the Workspace's output says",
    ("TrainingArguments", "resume_from_checkpoint"): "the newest whole checkpoint is always resumed from",
    ("TrainingArguments", "enable_jit_checkpoint"): "an eviction always saves a checkpoint",
    ("TrainingArguments", "auto_find_batch_size"): "the batch that fits is always looked for",
    ("TrainingArguments", "do_train"): _OURS,
    ("TrainingArguments", "do_eval"): "rows held back by train_test_split are always evaluated",
    ("TrainingArguments", "do_predict"): _OURS,
    ("TrainingArguments", "use_cpu"): "the Workspace says which device",
    ("TrainingArguments", "local_rank"): _OURS,
    ("TrainingArguments", "ddp_backend"): _OURS,
    ("TrainingArguments", "disable_tqdm"): _OURS,
    ("TrainingArguments", "save_only_model"): "a checkpoint must be whole to resume from",
    ("TrainingArguments", "remove_unused_columns"): _OURS,
    ("TrainingArguments", "shuffle_dataset"): "DatasetConfig.shuffle_dataset says it",
    ("TrainingArguments", "model_init_kwargs"): "ModelConfig says how the model is loaded",
    ("TrainingArguments", "trust_remote_code"): "ModelConfig.trust_remote_code says it",
    ("TrainingArguments", "padding_free"): "rows are laid end to end wherever that is faster",
    ("TrainingArguments", "dataset_kwargs"): _OURS,
    ("TrainingArguments", "dataset_text_field"): "DatasetConfig.response_column says it",
    ("TrainingArguments", "overwrite_output_dir"): _GONE,
    ("TrainingArguments", "logging_dir"): _GONE,
    ("TrainingArguments", "save_safetensors"): _GONE,
    ("TrainingArguments", "half_precision_backend"): _GONE,
    ("TrainingArguments", "group_by_length"): _GONE,
    ("TrainingArguments", "include_tokens_per_second"): _GONE,
    ("TrainingArguments", "dataset_batch_size"): _GONE,
    ("DataCollator", "mlm"): "every model here is causal",
    ("DataCollator", "mlm_probability"): "every model here is causal",
    ("QuantizationConfig", "quant_method"): "bitsandbytes is the only one",
}

_PUBLISH = "the adapter goes where the Workspace's output says, and nowhere else: leave it out"
_SPLIT = "a fine-tuning here puts the whole base model on each GPU: leave it out"

REFUSED: dict[tuple[str, str], str] = {
    ("TrainingArguments", "push_to_hub"): _PUBLISH,
    ("TrainingArguments", "hub_always_push"): _PUBLISH,
    ("TrainingArguments", "hub_token"): "a secret has no place in a ConfigMap; nothing is pushed to a hub",
    ("TrainingArguments", "fsdp"): _SPLIT,
    ("TrainingArguments", "fsdp_config"): _SPLIT,
    ("TrainingArguments", "deepspeed"): _SPLIT,
    ("TrainingArguments", "parallelism_config"): _SPLIT,
}
REPORTERS = ("none", "all")
