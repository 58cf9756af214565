"""Fine-tuning: what is tuned, how, from which data, and where the adapter goes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import V1BETA1, DataDestination, DataSource, Tuning, Workspace

from .context import Context, count
from .flaw import Flaw, said, warning
from .images import image
from .inference import preset_name, preset_options
from .training_config import training_config
from .urls import own_url, url

METHODS = ("lora", "qlora")
INPUT: FieldPath = ("tuning", "input")
OUTPUT: FieldPath = ("tuning", "output")


def tuning(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Nothing where nothing is tuned, or it can be."""
    asked = workspace.tuning
    if asked is None:
        return
    if count(workspace) > 1:
        yield Flaw(("resource", "count"), "fine-tuning runs on one node", "remove count")
    yield from _preset(asked, workspace, context)
    if (asked.method or "").lower() not in METHODS:
        message = f"{said(asked.method)} is no method" if asked.method else "method is missing"
        yield Flaw(("tuning", "method"), message, "use lora or qlora")
    yield from training_config(workspace, context)
    yield from _input(asked.input, workspace, context)
    yield from tuning_output(asked.output)


def tuning_images(asked: Tuning) -> Iterator[Flaw]:
    """The references of input and output, which a change of a workspace is judged by as well."""
    if asked.input is not None and asked.input.image is not None:
        yield from image((*INPUT, "image"), asked.input.image)
    yield from tuning_output(asked.output)


def tuning_output(output: DataDestination | None) -> Iterator[Flaw]:
    """Exactly one destination; an image with the Secret that may push it."""
    if output is None:
        yield Flaw(
            OUTPUT, "output is missing: the adapter has nowhere to go", "add an image or a volumeSource"
        )
        return
    if (output.volume_source is None) == (output.image is None):
        yield Flaw(OUTPUT, "exactly one destination is needed", "write either image or volumeSource")
    if output.image is not None:
        yield from image((*OUTPUT, "image"), output.image)
        if not output.image_push_secret:
            yield Flaw(
                (*OUTPUT, "imagePushSecret"),
                "an image needs imagePushSecret, and there is none",
                "name a docker-registry Secret that may push to the image's registry",
            )


def _preset(asked: Tuning, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    if asked.preset is None:
        yield Flaw(("tuning", "preset"), "preset is missing", "name the model to tune")
        return
    path: FieldPath = ("tuning", "preset")
    flaws = tuple(preset_name((*path, "name"), asked.preset, context))
    yield from flaws
    yield from preset_options(path, asked.preset, workspace)
    known = context.preset(workspace)
    if not flaws and (known is None or known.tuning is None):
        can = sorted(preset.short_name for preset in context.catalog.presets if preset.tuning)
        yield Flaw(
            (*path, "name"), f"{said(asked.preset.name)} cannot be fine-tuned", f"these can: {', '.join(can)}"
        )


def _input(data: DataSource | None, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    if data is None:
        yield Flaw(INPUT, "input is missing: there is no data", "add urls, an image or a volumeSource")
        return
    if sum((bool(data.urls), data.volume_source is not None, data.image is not None)) != 1:
        yield Flaw(INPUT, "exactly one source is needed", "write one of urls, image and volumeSource")
    if data.image is not None:
        yield from image((*INPUT, "image"), data.image)
    for index, text in enumerate(data.urls or ()):
        yield from _url((*INPUT, "urls", index), text, workspace, context)


def _url(path: FieldPath, text: str, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """v1alpha1 admits any URL, so there we only tell."""
    if context.is_towline:
        yield from own_url(path, text, context.fleet.spec.private_hosts)
        return
    for flaw in url(path, text):
        is_beta = workspace.api_version == V1BETA1
        yield flaw if is_beta else warning(flaw.path, flaw.message, flaw.mend)
