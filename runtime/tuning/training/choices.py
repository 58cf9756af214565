"""What the person left open, chosen for the machine: pure, each choice with a because.

Whatever the person said holds. Rows of a step are laid end to end instead of padded: the loss is the same to
the last digit that matters, and the padding is not computed. How many rows a step has is the person's; how
many of them go through the model at once is what fits.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.training.machine import Machine

ROWS_A_STEP = 8  # transformers' default per_device_train_batch_size
LEARNING_RATE = 2e-4  # TRL's 2e-5 is for whole models; adapters want about ten times that (TRL's PEFT guide)
_CPU_TOKENS = 2048  # beyond this many at once a CPU gains nothing
_SDPA_TOKENS = 4096  # rows end to end cost their length squared where the kernel does not skip between them


@dataclass(frozen=True)
class Choices:
    """`dtype` of the weights, whether to compute in mixed bfloat16 or float16, `attention` as transformers
    names it, `end_to_end` instead of padding; `rows` a process takes a step; `tokens_at_once` bounds what
    goes through the model at once (0: no bound); `checkpointing` None: only if it does not fit without."""

    dtype: str
    bf16: bool
    fp16: bool
    attention: str
    end_to_end: bool
    checkpointing: bool | None
    rows: int
    tokens_at_once: int
    because: tuple[str, ...]


def choose(config: TrainingConfig, method: str, machine: Machine) -> Choices:
    """The choices for this configuration on this machine. TRL holds a qlora adapter in bfloat16, with which
    float16's scaling of gradients cannot work."""
    said = config.arguments
    dtype, why_dtype = _dtype(config, machine)
    half = "" if said.bf16 is not None or said.fp16 is not None else dtype
    attention, why_attention = _attention(config, machine)
    end_to_end = not said.packing
    bound, why_bound = _tokens_at_once(machine, attention)
    rows = (said.per_device_train_batch_size or ROWS_A_STEP) * (said.gradient_accumulation_steps or 1)
    return Choices(
        dtype=dtype,
        bf16=half == "bfloat16" or bool(said.bf16),
        fp16=(half == "float16" and method == "lora") or bool(said.fp16),
        attention=attention,
        end_to_end=end_to_end,
        checkpointing=_checkpointing(config, machine),
        rows=rows,
        tokens_at_once=bound,
        because=(why_dtype, why_attention, why_bound),
    )


def _dtype(config: TrainingConfig, machine: Machine) -> tuple[str, str]:
    """What the person says, unless the machine can only imitate it: KAITO's templates say bfloat16."""
    asked = config.model.dtype
    imitated = asked == "bfloat16" and not machine.has_bfloat16
    if asked and asked != "auto" and not imitated:
        return asked, f"{asked}: ModelConfig says so"
    if machine.device == "cpu":
        return "float32", "float32: this CPU computes it fastest"
    if machine.has_bfloat16:
        return "bfloat16", f"bfloat16: {machine.name} computes it"
    return "float16", f"float16: {machine.name} has no bfloat16"


def _attention(config: TrainingConfig, machine: Machine) -> tuple[str, str]:
    if config.model.attn_implementation:
        return config.model.attn_implementation, "attention: ModelConfig says so"
    if machine.flash_attention and config.model.dtype != "float32":
        return "flash_attention_2", "flash_attention_2: flash-attn is installed and skips between rows"
    return "sdpa", "sdpa: torch's own kernels; flash-attn is not at hand"


def _tokens_at_once(machine: Machine, attention: str) -> tuple[int, str]:
    if machine.device == "cpu":
        return _CPU_TOKENS, f"at most {_CPU_TOKENS} tokens at once: a CPU gains nothing from more"
    if attention.startswith("flash"):
        return 0, "as many rows at once as fit"
    return _SDPA_TOKENS, f"at most {_SDPA_TOKENS} tokens at once: {attention} computes between rows too"


def _checkpointing(config: TrainingConfig, machine: Machine) -> bool | None:
    if config.arguments.gradient_checkpointing is not None:
        return config.arguments.gradient_checkpointing
    return False if machine.device == "cpu" else None
