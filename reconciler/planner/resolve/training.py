"""The pod that fine-tunes a preset: weights and data fetched, one training, its adapter kept or pushed."""

from __future__ import annotations

from reconciler.domain.finding import Finding
from reconciler.domain.fleet import Fleet
from reconciler.domain.workspace import DataDestination, DataSource, Tuning

from .blueprint import Capacity, Container, Env, Mount, Pod, SecretFile, Volume
from .commands import CONFIG, WEIGHTS, tuning_command
from .fetching import Fetched, Pull, pull, volume_source
from .scripts import DOWNLOAD, PUSH, TUNE, literal, shell
from .serving import HTTP, SHARED_MEMORY
from .settings import output_folder
from .subject import Subject

_DATA = Mount("data-volume", "/mnt/data")
_PUSH_LOGIN = Mount("push-login", "/root/.docker", read_only=True)
_PHI_3_MODULES = "k_proj,q_proj,v_proj,o_proj,gate_proj,down_proj,up_proj"


def training_pod(subject: Subject, capacity: Capacity) -> Pod | Finding:
    """The pod, or why its data has no source or its result no place."""
    tuning = subject.manifest.tuning
    assert tuning is not None
    data = _data(subject, tuning.input or DataSource())
    if isinstance(data, Finding):
        return data
    results = _results(subject, tuning.output or DataDestination())
    if isinstance(results, Finding):
        return results
    kept = SHARED_MEMORY + _weights(subject) + data + _config(tuning, subject.fleet) + results
    return Pod(
        containers=(
            _trainer(subject, capacity, kept, results.mounts[0]),
            *_pusher(subject, tuning, results.mounts[0]),
        ),
        init_containers=kept.containers,
        volumes=(*kept.volumes, *_push_login(tuning)),
        pull_secrets=_pull_secrets(tuning),
        restart_policy="Never",
    )


def default_params(tuning: Tuning | None, fleet: Fleet) -> str:
    """The name of the ConfigMap that is shipped for this method, where the person names none of their own.
    Towline's container needs none: it chooses for the GPU it finds."""
    if tuning is None or tuning.config or fleet.spec.runtime == "towline":
        return ""
    return "qlora-params-template" if (tuning.method or "").lower() == "qlora" else "lora-params-template"


def _trainer(subject: Subject, capacity: Capacity, kept: Fetched, results: Mount) -> Container:
    command, parameters = shell(TUNE, results.path)
    return Container(
        name=subject.name.name,
        image=subject.image("tuning"),
        command=command,
        args=(*parameters, *tuning_command(capacity.gpus_asked)),
        env=_environment(subject),
        mounts=kept.mounts,
        ports=(HTTP,),
        gpus=capacity.gpus_asked,
        gpu_resource=capacity.gpu_resource,
    )


def _environment(subject: Subject) -> tuple[Env, ...]:
    memory = Env("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    if subject.model.short_name.startswith("phi-3"):
        return (Env("DEFAULT_TARGET_MODULES", _PHI_3_MODULES), memory)
    return (memory,)


def _weights(subject: Subject) -> Fetched:
    """The weights as KAITO keeps them in a registry, pulled as an OCI artifact."""
    tuning = subject.model.tuning
    artifact = subject.mirrored((tuning and tuning.weights_image) or "")
    mount = Mount("model-weights-volume", WEIGHTS)
    command = ("oras", "pull", literal(artifact), "-o", WEIGHTS)
    container = Container(
        "model-weights-downloader", subject.image("weights_puller"), command, mounts=(mount,)
    )
    return Fetched((container,), (Volume(mount.volume),), (mount,))


def _data(subject: Subject, source: DataSource) -> Fetched | Finding:
    empty = Fetched(volumes=(Volume(_DATA.volume),), mounts=(_DATA,))
    if source.urls:
        command, parameters = shell(DOWNLOAD, _DATA.path, *source.urls)
        image = subject.image("data_downloader")
        return Fetched((Container("data-downloader", image, command, parameters, mounts=(_DATA,)),)) + empty
    if source.image:
        wanted = Pull("puller", source.image, _DATA.path, _DATA, source.image_pull_secrets or ())
        return pull(subject, wanted) + empty
    if source.volume_source:
        volume = Volume(_DATA.volume, source=volume_source(source.volume_source))
        return Fetched(volumes=(volume,), mounts=(_DATA,))
    message = "the training data comes from nowhere"
    return subject.error("tuning.input", message, "Give urls, an image or a volumeSource")


def _config(tuning: Tuning, fleet: Fleet) -> Fetched:
    volume = Volume("config-volume", config_map=tuning.config or default_params(tuning, fleet))
    return Fetched(volumes=(volume,), mounts=(Mount(volume.name, CONFIG, read_only=True),))


def _results(subject: Subject, output: DataDestination) -> Fetched | Finding:
    mount = Mount("results-volume", output_folder(subject.declared))
    if output.volume_source:
        volume = Volume(mount.volume, source=volume_source(output.volume_source))
        return Fetched(volumes=(volume,), mounts=(mount,))
    if output.image:
        return Fetched(volumes=(Volume(mount.volume),), mounts=(mount,))
    return subject.error("tuning.output", "the adapter goes nowhere", "Give an image or a volumeSource")


def _pusher(subject: Subject, tuning: Tuning, results: Mount) -> tuple[Container, ...]:
    image = tuning.output.image if tuning.output and not tuning.output.volume_source else None
    if not image:
        return ()
    command, parameters = shell(PUSH, results.path, image, subject.model.short_name)
    login = (_PUSH_LOGIN,) if _push_login(tuning) else ()
    container = Container(
        "pusher", subject.image("output_pusher"), command, parameters, mounts=(results, *login)
    )
    return (container,)


def _push_login(tuning: Tuning) -> tuple[Volume, ...]:
    secret = tuning.output.image_push_secret if tuning.output and tuning.output.image else None
    if not secret:
        return ()
    return (Volume(_PUSH_LOGIN.volume, secrets=(SecretFile(secret, "config.json"),)),)


def _pull_secrets(tuning: Tuning) -> tuple[str, ...]:
    options = tuning.preset.preset_options if tuning.preset else None
    return (options.image_pull_secrets or ()) if options else ()
