"""How the runtimes are started: arguments as a list, in the same order every time."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.catalog.preset import Preset
from reconciler.domain.workspace import PERFORMANCE_MODE

from .blueprint import Capacity
from .scripts import literal
from .subject import Subject

VLLM = ("python3", "/workspace/vllm/inference_api.py")
WEIGHTS = "/workspace/weights"
CONFIG = "/mnt/config"
CHAT_TEMPLATES = "/workspace/chat_templates"

Options = Mapping[str, object]
"""Options by name: text is a value, True a flag alone; None and False leave an option out."""


def vllm_arguments(subject: Subject, capacity: Capacity, local_weights: str = "") -> tuple[str, ...]:
    """vLLM's arguments. `local_weights` is a folder of the node to read instead of downloading."""
    preset = subject.model
    return arguments(
        _source(preset, local_weights)
        | model_options(preset)
        | fleet_options(subject)
        | _spread(preset, capacity)
    )


def transformers_command(preset: Preset) -> tuple[str, ...]:
    """Accelerate's whole command line for the Transformers server."""
    how = preset.transformers
    assert how is not None
    accelerate: Options = {"num_processes": 1, "num_machines": 1, "machine_rank": 0, "gpu_ids": "all"}
    server: Options = {
        "pipeline": "text-generation",
        "pretrained_model_name_or_path": preset.name,
        "revision": preset.revision,
        "served_model_name": preset.short_name,
        "torch_dtype": how.torch_dtype,
        "chat_template": how.chat_template and f"{CHAT_TEMPLATES}/{how.chat_template}",
        "trust_remote_code": how.trust_remote_code,
        "allow_remote_files": how.allow_remote_files,
    }
    return (
        "accelerate",
        "launch",
        *arguments(accelerate),
        "/workspace/tfs/inference_api.py",
        *arguments(server),
    )


def tuning_command(gpus: int) -> tuple[str, ...]:
    """Accelerate's whole command line for a training: one process a GPU."""
    processes = f"--num_processes={max(gpus, 1)}"
    return ("accelerate", "launch", processes, "/workspace/tfs/fine_tuning.py")


def arguments(options: Options) -> tuple[str, ...]:
    """`--key=value` and `--key`, sorted by key."""
    return tuple(
        f"--{key}" if value is True else literal(f"--{key}={value}")
        for key, value in sorted(options.items())
        if value is not None and value is not False
    )


def _source(preset: Preset, local_weights: str) -> dict[str, object]:
    """What is loaded, pinned to the commit the catalog knows so that two pods never differ."""
    if local_weights:
        return {"model": local_weights}
    return {
        "model": preset.name,
        "revision": preset.revision,
        "tokenizer-revision": preset.revision,
        "download-dir": WEIGHTS,
    }


def model_options(preset: Preset) -> dict[str, object]:
    """What vLLM is told of the model."""
    told = preset.vllm
    return {
        "served-model-name": preset.short_name,
        "trust-remote-code": True,
        "dtype": told.dtype,
        "load-format": told.load_format,
        "config-format": told.config_format,
        "tokenizer-mode": told.tokenizer_mode,
        "tool-call-parser": told.tool_call_parser,
        "enable-auto-tool-choice": told.tool_call_parser is not None,
        "reasoning-parser": told.reasoning_parser,
        "chat-template": told.chat_template and f"{CHAT_TEMPLATES}/{told.chat_template}",
        "kv-cache-dtype": told.kv_cache_dtype,
        "gdn-prefill-backend": told.gdn_prefill_backend,
        "enable-expert-parallel": told.expert_parallel,
        "kernel-config.enable_flashinfer_autotune": None if told.flashinfer_autotune else "False",
    }


def fleet_options(subject: Subject) -> dict[str, object]:
    """What vLLM is told by the person and for every model."""
    inference = subject.manifest.inference
    mode = subject.manifest.annotations.get(PERFORMANCE_MODE, "balanced")
    return {
        "max-model-len": "auto",
        "kv-events-config": '{"enable_kv_cache_events":true}',
        "compilation-config.pass_config.fuse_allreduce_rms": "False",
        "enable-lora": bool(inference and inference.adapters),
        "kaito-config-file": f"{CONFIG}/inference_config.yaml" if inference and inference.config else None,
        "performance-mode": None if mode == "balanced" else mode,
    }


def _spread(preset: Preset, capacity: Capacity) -> dict[str, object]:
    """Parallelism and memory. Source: KAITO v0.12's flags."""
    several = capacity.is_distributed
    data = capacity.data_parallel
    offload_off = preset.kv_offload_disabled or several or data > 1 or "/mig-" in capacity.gpu_resource
    return {
        "gpu-memory-utilization": capacity.memory_share,
        "tensor-parallel-size": capacity.tensor_parallel,
        "pipeline-parallel-size": capacity.pipeline_parallel if capacity.pipeline_parallel > 1 else None,
        "data-parallel-size": data if data > 1 else None,
        "distributed-executor-backend": "ray" if several else None,
        "kaito-kv-cache-cpu-memory-utilization": 0 if offload_off else None,
    }
