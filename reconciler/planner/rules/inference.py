"""What is served: a preset or the user's own pod template, and the runtime it is served with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.catalog import preset as catalog
from reconciler.catalog.catalog import Retired, Unknown
from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import MODEL_STREAMING, V1ALPHA1, Inference, Preset, Workspace

from .adapters import adapters
from .context import TRANSFORMERS, VLLM, Context
from .flaw import Flaw, one_of, said, warning
from .images import image
from .inference_config import inference_config
from .memory import memory
from .own_nodes import own_nodes
from .resource import inference_resource
from .template import template

PRESET = ("inference", "preset")
STREAMING_DRIVER = "blob.csi.azure.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
"""Source: huggingface_hub, validate_repo_id; KAITO takes any two parts."""


def inference(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Nothing where there is nothing to serve, or it can be served."""
    served = workspace.inference
    if served is None:
        return
    yield from _one_of_two(served)
    if served.template is not None:
        yield from template(served.template)
    if served.preset is not None:
        yield from preset_name(("inference", "preset", "name"), served.preset, context)
        yield from _preset(workspace, served.preset, context)
    yield from inference_resource(workspace, context)
    yield from adapters(served, None if context.is_towline else context.runtime(workspace))
    yield from inference_config(workspace, context)


def preset_name(path: FieldPath, preset: Preset, context: Context) -> Iterator[Flaw]:
    """Nothing where the name is a preset's, an alias, or could be a Hugging Face repository's."""
    known = context.named_preset(preset.name)
    if isinstance(known, Retired):
        yield Flaw(path, f"{said(preset.name)} is retired: {known.reason}", f"use {known.instead}")
    elif isinstance(known, Unknown) and not known.is_hub_name:
        near = f"did you mean {one_of(known.nearest)}? " if known.nearest else ""
        yield Flaw(
            path,
            f"{said(preset.name)} is no preset",
            f"{near}Any Hugging Face repository can be named as organisation/model".strip(),
        )
    elif isinstance(known, Unknown) and not _REPOSITORY.fullmatch(preset.name):
        yield Flaw(
            path,
            f"{said(preset.name)} cannot be the name of a Hugging Face repository",
            "write organisation/model, each of at most 96 letters, digits, dots, dashes and underscores",
        )


def preset_options(path: FieldPath, preset: Preset, workspace: Workspace) -> Iterator[Flaw]:
    """The image and secret a preset may name."""
    options = preset.preset_options
    own_image = options.image if options else None
    if own_image is not None:
        yield from image((*path, "presetOptions", "image"), own_image)
    is_private = preset.access_mode == "private" and workspace.api_version == V1ALPHA1
    if is_private and not own_image:
        yield Flaw(
            (*path, "accessMode"),
            "a private preset needs an image of its own",
            "name it in presetOptions.image, or remove accessMode",
        )


def _one_of_two(served: Inference) -> Iterator[Flaw]:
    if served.preset is None and served.template is None:
        yield Flaw(("inference",), "there is nothing to serve", "add a preset (or a template of your own)")
    if served.preset is not None and served.template is not None:
        yield Flaw(
            ("inference", "template"),
            "a preset and a template cannot both be served",
            "remove one of the two",
        )


def _preset(workspace: Workspace, preset: Preset, context: Context) -> Iterator[Flaw]:
    yield from preset_options(PRESET, preset, workspace)
    known = context.preset(workspace)
    runtime = context.runtime(workspace)
    if known is not None and runtime == TRANSFORMERS and not _is_transformers(known, workspace, context):
        yield Flaw(
            (*PRESET, "name"),
            f"{known.short_name} is not served by the Transformers runtime",
            "remove the annotation kaito.sh/runtime (and the gate vLLM: false) to serve it with vLLM",
        )
    yield from own_nodes(workspace, context)
    yield from memory(workspace, context)
    if runtime == VLLM:
        yield from _streaming(workspace, context)
    if known is not None and known.gated and not _secret(preset):
        yield warning(
            (*PRESET, "presetOptions", "modelAccessSecret"),
            f"{known.name} is gated on Hugging Face: without a token its weights cannot be fetched",
            "accept its licence there, and name a Secret with the key HF_TOKEN in modelAccessSecret",
        )


def _is_transformers(known: catalog.Preset, workspace: Workspace, context: Context) -> bool:
    """Without a GPU there is no other runtime; whether it runs is then found by trying."""
    return TRANSFORMERS in known.runtimes or context.on_processors(workspace)


def _secret(preset: Preset) -> str | None:
    return preset.preset_options.model_access_secret if preset.preset_options else None


def _streaming(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    if not context.fleet.spec.feature_gates.model_streaming or context.csi_drivers is None:
        return
    is_off = workspace.annotations.get(MODEL_STREAMING) == "disabled"
    if not is_off and STREAMING_DRIVER not in context.csi_drivers:
        yield Flaw(
            PRESET,
            f"the gate ModelStreaming is on, and the cluster has no {STREAMING_DRIVER} driver",
            f"install it, or annotate {MODEL_STREAMING}: disabled",
        )
