"""Where Towline's containers fetch from, and the logins they are shown for it."""

from __future__ import annotations

from reconciler.catalog.preset import Preset
from reconciler.planner.resolve.blueprint import Mount, SecretFile, Volume
from reconciler.planner.resolve.fetching import Fetched
from reconciler.planner.resolve.serving import local_weights, preset_options
from reconciler.planner.resolve.subject import Subject

from .documents import Source

BRANCH = "main"
"""The revision of a model whose commit the catalog does not know."""

_LOGINS = "/mnt/logins"
_MISTRAL_FILES = (
    "consolidated*",
    "params.json",
    "tekken.json",
    "tokenizer*",
    "config.json",
    "generation_config.json",
    "*processor_config.json",
    "chat_template*",
    "SYSTEM_PROMPT.txt",
)
"""What vLLM reads of a repository in Mistral's own format, which holds the same weights twice. Source: vLLM
0.32, model_loader/default_loader.py and transformers_utils/config.py."""


def weights_source(subject: Subject) -> tuple[Source, Fetched]:
    """A folder of the node where the person says so, an artifact or image of theirs, else the Hub at the
    commit the catalog knows; and the login it takes."""
    options = preset_options(subject)
    if local := local_weights(subject):
        return Source("folder", path=local), Fetched()
    if options.image:
        return image_source(subject, "weights", options.image, options.image_pull_secrets)
    preset = subject.model
    mistral = preset.vllm.load_format == "mistral"
    source = Source(
        "hub",
        repository=preset.name,
        revision=preset.revision or BRANCH,
        allow=_MISTRAL_FILES if mistral else (),
    )
    return source, Fetched()


def image_source(
    subject: Subject, use: str, image: str, secrets: tuple[str, ...] | None
) -> tuple[Source, Fetched]:
    """An artifact or image, with the logins it may take."""
    docker_config, login = logins(use, secrets or ())
    source = Source("oci", image=image, docker_config=docker_config, insecure=is_insecure(subject, image))
    return source, login


def logins(use: str, secrets: tuple[str, ...]) -> tuple[str, Fetched]:
    """Where a container finds these Secrets as Docker configurations: one as a file, several as a folder of
    files in this order; and what shows them. Empty without a Secret."""
    if not secrets:
        return "", Fetched()
    names = ("config.json",) if len(secrets) == 1 else tuple(f"{index}.json" for index in range(len(secrets)))
    files = tuple(SecretFile(secret, name) for secret, name in zip(secrets, names, strict=True))
    folder = f"{_LOGINS}/{use}"
    volume = Volume(f"logins-{use}", secrets=files)
    shown = Fetched(volumes=(volume,), mounts=(Mount(volume.name, folder, read_only=True),))
    return (f"{folder}/{names[0]}" if len(names) == 1 else folder), shown


def is_insecure(subject: Subject, image: str) -> bool:
    """Whether the image's registry is one that the Fleet speaks to without TLS."""
    return image.partition("/")[0] in subject.fleet.spec.insecure_registries


def unpinned(preset: Preset, source: Source) -> tuple[str, ...]:
    """That two pods may differ, where they may."""
    if source.kind != "hub" or preset.revision:
        return ()
    return (f"the catalog knows no commit of {preset.name}: a pod loads what {BRANCH} is when it starts",)
