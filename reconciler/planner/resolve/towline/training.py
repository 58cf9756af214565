"""The pod in which Towline's own container fine-tunes a preset. It fetches, trains and delivers by itself."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.finding import Finding
from reconciler.domain.workspace import WORK_CLAIM, DataDestination, DataSource, Tuning
from reconciler.planner.resolve.blueprint import Capacity, Container, Mount, Pod, Volume
from reconciler.planner.resolve.commands import CONFIG, WEIGHTS
from reconciler.planner.resolve.fetching import Fetched, volume_source
from reconciler.planner.resolve.serving import (
    HTTP,
    SHARED_MEMORY,
    access_token,
    preset_options,
    weights_volume,
)
from reconciler.planner.resolve.subject import Subject

from .adapters import DOCUMENT
from .documents import FOLDER, TUNING_FILE, Output, Source, TuningDocument, document_name
from .serving import GROUP
from .sources import image_source, is_insecure, logins, unpinned, weights_source
from .work import Work

GRACE_SECONDS = 180
"""Seconds from SIGTERM to SIGKILL: a step is finished and a checkpoint written."""

_DATA = Mount("data-volume", "/mnt/data", read_only=True)
_WORK = Mount("work-volume", "/mnt/results")
_OUTPUT = Mount("results-volume", "/mnt/output")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """Where the adapter goes, where the work towards it lies meanwhile, and what shows both."""

    output: Output
    work: str
    kept: Fetched


def own_training(subject: Subject, capacity: Capacity) -> Work | Finding:
    """The pod and its document, or why its data has no source or its result no place."""
    tuning = subject.manifest.tuning
    assert tuning is not None
    data = _data(subject, tuning.input or DataSource())
    if isinstance(data, Finding):
        return data
    delivery = _delivery(subject, tuning.output or DataDestination())
    if isinstance(delivery, Finding):
        return delivery
    weights, login = weights_source(subject)
    document = _document(subject, capacity, (weights, data[0]), delivery)
    volume = Volume(DOCUMENT.volume, config_map=document_name(subject.name.name, document))
    shown = Fetched(volumes=(volume,), mounts=(DOCUMENT,)) + _config(tuning)
    kept = SHARED_MEMORY + shown + weights_volume(subject, capacity) + login + data[1] + delivery.kept
    pod = Pod(
        containers=(_trainer(subject, capacity, kept),),
        volumes=kept.volumes,
        pull_secrets=preset_options(subject).image_pull_secrets or (),
        restart_policy="Never",
        group=GROUP,
        grace=GRACE_SECONDS,
    )
    return Work(pod, document, unpinned(subject.model, weights))


def _document(
    subject: Subject, capacity: Capacity, sources: tuple[Source, Source], delivery: _Delivery
) -> TuningDocument:
    tuning = subject.manifest.tuning
    assert tuning is not None
    weights, data = sources
    return TuningDocument(
        workspace=subject.name.name,
        base=subject.model.name,
        revision=weights.revision,
        source=weights,
        folder=WEIGHTS,
        method="qlora" if (tuning.method or "").lower() == "qlora" else "lora",
        data=data,
        output=delivery.output,
        user_config=f"{CONFIG}/training_config.yaml" if tuning.config else "",
        work=delivery.work,
        device="cpu" if subject.on_processors else "cuda",
        processes=max(capacity.gpus_asked, 1),
        port=HTTP.number,
    )


def _trainer(subject: Subject, capacity: Capacity, kept: Fetched) -> Container:
    return Container(
        name=subject.name.name,
        image=subject.own_image("tuning"),
        command=("python", "-m", "runtime.tuning", f"{FOLDER}/{TUNING_FILE}"),
        env=(*access_token(preset_options(subject)),),
        mounts=kept.mounts,
        ports=(HTTP,),
        gpus=capacity.gpus_asked,
        gpu_resource=capacity.gpu_resource,
        message_policy="FallbackToLogsOnError",
    )


def _data(subject: Subject, source: DataSource) -> tuple[Source, Fetched] | Finding:
    if source.urls:
        return Source("urls", urls=source.urls, private_hosts=subject.fleet.spec.private_hosts), Fetched()
    if source.image:
        return image_source(subject, "data", source.image, source.image_pull_secrets)
    if source.volume_source:
        volume = Volume(_DATA.volume, source=volume_source(source.volume_source))
        return Source("folder", path=_DATA.path), Fetched(volumes=(volume,), mounts=(_DATA,))
    message = "the training data comes from nowhere"
    return subject.error("tuning.input", message, "Give urls, an image or a volumeSource")


def _delivery(subject: Subject, output: DataDestination) -> _Delivery | Finding:
    """What is being made lies on the volume it goes to, out of sight, or where the person says: there it
    outlives the machine. Otherwise it outlives the container, and not the pod."""
    claim = subject.manifest.annotations.get(WORK_CLAIM, "").strip()
    source = {"persistentVolumeClaim": {"claimName": claim}} if claim else None
    own = Fetched(volumes=(Volume(_WORK.volume, source=source),), mounts=(_WORK,))
    work = f"{_WORK.path}/{subject.name.name}" if claim else _WORK.path
    if output.volume_source:
        volume = Volume(_OUTPUT.volume, source=volume_source(output.volume_source))
        shown = Fetched(volumes=(volume,), mounts=(_OUTPUT,))
        where = Output("folder", path=_OUTPUT.path)
        hidden = f"{_OUTPUT.path}/.towline/{subject.name.name}"
        return _Delivery(where, work, shown + own) if claim else _Delivery(where, hidden, shown)
    if output.image:
        secret = (output.image_push_secret,) if output.image_push_secret else ()
        docker_config, login = logins("output", secret)
        insecure = is_insecure(subject, output.image)
        return _Delivery(Output("image", output.image, docker_config, insecure), work, own + login)
    return subject.error("tuning.output", "the adapter goes nowhere", "Give an image or a volumeSource")


def _config(tuning: Tuning) -> Fetched:
    if not tuning.config:
        return Fetched()
    volume = Volume("config-volume", config_map=tuning.config)
    return Fetched(volumes=(volume,), mounts=(Mount(volume.name, CONFIG, read_only=True),))
