"""Whether another machine size will do in place of the one a workspace names: yes, or why not."""

from dataclasses import dataclass
from functools import lru_cache

from .catalog import Catalog
from .gpu import InstanceType, RetiredSize
from .offer import is_sensible
from .preset import Preset
from .purpose import size_for
from .sizing import TooSmall
from .verdict import unsuited


@dataclass(frozen=True, slots=True)
class Load:
    """What is to run: a preset for a purpose (empty: its memory is not judged) and a context in tokens; or,
    without a preset, somebody's own pod, which was written for the machine `made_for`. `by_default`: nobody
    named the size for this load, so that it must make sense as well."""

    preset: Preset | None
    purpose: str = ""
    context: int | None = None
    made_for: InstanceType | None = None
    by_default: bool = False


def unfit(catalog: Catalog, name: str, load: Load) -> str:
    """Why a machine of that size cannot run this load; empty where it can."""
    known = catalog.sizes.find(name)
    if isinstance(known, RetiredSize):
        return known.in_words().replace(known.name, "it", 1)
    if known is None:
        return "it is no Azure GPU size that we know"
    if not known.gpu_count:
        return "its GPUs are not known well enough"
    return _too_weak(known, load.preset, load) if load.preset else _other_hardware(known, load.made_for)


@lru_cache(maxsize=4096)
def _too_weak(instance: InstanceType, preset: Preset, load: Load) -> str:
    """Many workspaces ask the same of the same machines."""
    if reasons := unsuited(preset, instance):
        return "; ".join(reasons)
    sizing = size_for(load.purpose, preset, instance, load.context) if load.purpose else None
    if isinstance(sizing, TooSmall):
        return sizing.reason
    if sizing and load.by_default and not is_sensible(instance, sizing):
        return f"{preset.short_name} would take {sizing.nodes} of it"
    return ""


def _other_hardware(instance: InstanceType, made_for: InstanceType | None) -> str:
    """A pod that somebody wrote asks for so many GPUs of a vendor, and holds programs for a processor."""
    if made_for is None:
        return ""
    if instance.gpu.vendor != made_for.gpu.vendor or instance.machine.cpu != made_for.machine.cpu:
        return f"it is of another make than {made_for.name}, which the pod was written for"
    if (instance.gpu_count or 0) < (made_for.gpu_count or 0):
        return f"it has {instance.gpu_count} GPUs and {made_for.name} has {made_for.gpu_count}"
    return ""
