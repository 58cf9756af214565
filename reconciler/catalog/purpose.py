"""What a preset is to be run for: served by vLLM or Transformers, or tuned with LoRA or QLoRA."""

from .gpu import InstanceType
from .one_machine import TUNING_TOKENS, size_transformers, size_tuning
from .preset import Preset
from .sizing import Sizing, TooSmall, size

PURPOSES = ("vllm", "transformers", "lora", "qlora")


def size_for(
    purpose: str, preset: Preset, instance: InstanceType, context: int | None = None
) -> Sizing | TooSmall:
    """The machines a preset needs for one of PURPOSES; for tuning the context is a training sequence."""
    if purpose == "vllm":
        return size(preset, instance, context)
    if purpose == "transformers":
        return size_transformers(preset, instance, context)
    return size_tuning(preset, purpose, instance, TUNING_TOKENS if context is None else context)


def cannot(preset: Preset, purpose: str) -> str:
    """Why the preset is not run for this purpose on any machine; empty where it is."""
    if purpose in preset.runtimes or (preset.tuning and purpose in preset.tuning.methods):
        return ""
    does = (*preset.runtimes, *(preset.tuning.methods if preset.tuning else ()))
    return f"{preset.name} is not made for {purpose}; it is for {', '.join(does)}"
