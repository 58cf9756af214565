"""What KAITO does not say: sizes that are gone, unknown or unfit, and what to use instead."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.catalog import Unknown
from reconciler.catalog.gpu import InstanceType, RetiredSize
from reconciler.catalog.offer import cheapest, list_in_words
from reconciler.catalog.preset import Preset
from reconciler.catalog.purpose import size_for
from reconciler.catalog.sizing import TooSmall
from reconciler.catalog.verdict import unsuited
from reconciler.domain.workspace import Workspace

from .accepted import purpose_of
from .context import Context
from .flaw import Flaw, said, warning
from .resource import AZURE_GPU_PREFIXES, INSTANCE_TYPE


def beyond(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Judged where the fleet makes the nodes."""
    if not context.provisions or not workspace.instance_type:
        return
    known = context.named_size(workspace.instance_type)
    if isinstance(known, RetiredSize):
        yield warning(INSTANCE_TYPE, known.in_words(), _instead(workspace, context))
    elif isinstance(known, InstanceType):
        yield from _unfit(known, workspace, context)
    elif _is_for_us_to_say(known, workspace):
        yield warning(
            INSTANCE_TYPE,
            f"{said(known.name)} is no Azure GPU size that we know, so nothing can be said of its GPUs",
            f"did you mean {known.nearest[0]}?" if known.nearest else _instead(workspace, context),
        )


def _is_for_us_to_say(known: Unknown, workspace: Workspace) -> bool:
    """KAITO itself refuses an unknown size without a GPU prefix, but only to serve with."""
    return workspace.tuning is not None or known.name.lower().startswith(AZURE_GPU_PREFIXES)


def _unfit(instance: InstanceType, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    preset = context.preset(workspace)
    if preset is None:
        return
    if reasons := unsuited(preset, instance):
        yield warning(INSTANCE_TYPE, "; ".join(reasons), _instead(workspace, context))
    elif workspace.tuning is not None and preset.tuning is not None:
        yield from _too_small_to_tune(preset, instance, workspace, context)


def _too_small_to_tune(
    preset: Preset, instance: InstanceType, workspace: Workspace, context: Context
) -> Iterator[Flaw]:
    sizing = size_for(purpose_of(workspace, context), preset, instance)
    if isinstance(sizing, TooSmall):
        yield warning(INSTANCE_TYPE, sizing.reason, _instead(workspace, context))


def _instead(workspace: Workspace, context: Context) -> str:
    preset = context.preset(workspace)
    if preset is None:
        return "choose a current size: `towline size MODEL` lists them with their prices"
    offers = cheapest(context.catalog, preset, purpose=purpose_of(workspace, context))
    return f"cheapest current sizes that fit: {list_in_words(offers)}"
