"""The pod in which Towline's own container serves a preset."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.finding import Finding
from reconciler.planner.resolve.adapters import FOLDER as ADAPTERS
from reconciler.planner.resolve.blueprint import Capacity, Container, Env, Pod, Runtime, Volume
from reconciler.planner.resolve.commands import CONFIG, WEIGHTS
from reconciler.planner.resolve.fetching import Fetched
from reconciler.planner.resolve.probes import with_own_probes
from reconciler.planner.resolve.serving import (
    HTTP,
    KV_EVENTS,
    SHARED_MEMORY,
    access_token,
    claims,
    environment,
    preset_options,
    settings_mount,
    weights_volume,
)
from reconciler.planner.resolve.subject import Subject

from .adapters import DOCUMENT, Adapters, own_adapters
from .documents import FOLDER, SERVING_FILE, ServingDocument, Source, document_name
from .engines import benchmark_of, engine_of, left_out
from .sources import unpinned, weights_source
from .work import Work

GROUP = 64000
"""The group of our images' user (runtime/*/Dockerfile): what volumes belong to, so that it may write."""

DRAIN_SECONDS = 60
GRACE_SECONDS = 90
"""Seconds from SIGTERM to SIGKILL: the answers in flight, and the engine's own end, seen to take 8 to 13."""


def own_serving(subject: Subject, capacity: Capacity) -> Work | Finding:
    """The pod and its document, or the first adapter that cannot be had."""
    adapters = own_adapters(subject)
    if isinstance(adapters, Finding):
        return adapters
    source, login = weights_source(subject)
    document = _document(subject, capacity, source, adapters)
    volume = Volume(DOCUMENT.volume, config_map=document_name(subject.name.name, document))
    kept = (
        SHARED_MEMORY
        + Fetched(volumes=(volume,), mounts=(DOCUMENT,))
        + weights_volume(subject, capacity)
        + settings_mount(subject)
        + login
        + adapters.fetched
    )
    pod = Pod(
        containers=(_container(subject, capacity, kept),),
        init_containers=kept.containers,
        volumes=kept.volumes,
        claims=claims(subject, capacity),
        pull_secrets=preset_options(subject).image_pull_secrets or (),
        group=GROUP,
        grace=GRACE_SECONDS,
    )
    return Work(pod, document, (*unpinned(subject.model, source), *left_out(subject)))


def _document(subject: Subject, capacity: Capacity, source: Source, adapters: Adapters) -> ServingDocument:
    inference = subject.manifest.inference
    is_told = subject.runtime is Runtime.VLLM and inference and inference.config
    return ServingDocument(
        served_name=subject.model.short_name,
        source=source,
        folder=WEIGHTS,
        engine=engine_of(subject, capacity),
        adapters_folder=ADAPTERS,
        benchmark=benchmark_of(subject),
        user_config=f"{CONFIG}/inference_config.yaml" if is_told else "",
        port=HTTP.number,
        drain_seconds=DRAIN_SECONDS,
        adapters=adapters.sources,
    )


def _container(subject: Subject, capacity: Capacity, kept: Fetched) -> Container:
    file = f"{FOLDER}/{SERVING_FILE}"
    container = Container(
        name=subject.name.name,
        image=subject.own_image("serving"),
        command=("python", "-m", "runtime.serving", file),
        env=(
            *access_token(preset_options(subject)),
            *environment(subject, capacity),
            *_address(capacity),
            *kept.env,
        ),
        mounts=kept.mounts,
        ports=(HTTP, KV_EVENTS) if subject.runtime is Runtime.VLLM else (HTTP,),
        gpus=capacity.gpus_asked,
        gpu_resource=capacity.gpu_resource,
        message_policy="FallbackToLogsOnError",
    )
    return with_own_probes(container, subject.model, file if capacity.is_distributed else "")


def _address(capacity: Capacity) -> Iterator[Env]:
    """Where the other pods of one model reach this one."""
    if capacity.is_distributed:
        yield Env("POD_IP", field="status.podIP")
