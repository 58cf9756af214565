"""The pod that serves a preset: vLLM or Transformers, with its weights, adapters and configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.domain.workspace import USE_LOCAL_WEIGHTS, PresetOptions

from .blueprint import Capacity, Claim, Container, Env, Mount, Pod, Port, Runtime, Volume
from .commands import CONFIG, VLLM, WEIGHTS, transformers_command, vllm_arguments
from .fetching import Fetched
from .names import leader_address
from .probes import with_probes
from .scripts import CUDA_TOOLKIT, DISTRIBUTED, shell
from .subject import Subject

WEIGHTS_STORAGE_CLASS = "towline.dev/weights-storage-class"
"""Annotation: the StorageClass that puts the weights on the machine's own NVMe disk, where it has one."""

HTTP = Port("http", 5000)
KV_EVENTS = Port("kv-events", 5557)
SHARED_MEMORY = Fetched(volumes=(Volume("dshm", in_memory=True),), mounts=(Mount("dshm", "/dev/shm"),))  # noqa: S108
_WEIGHTS_VOLUME = "model-weights-volume"
_CUDA_HOME = "/opt/kaito/cuda/129"
_CUDA_KEYRING = (
    "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/cuda-keyring_1.1-1_all.deb"
)


def serving_pod(subject: Subject, capacity: Capacity, adapters: Fetched) -> Pod:
    """The pod, with nothing left to choose."""
    options = preset_options(subject)
    image = options.image or subject.image("serving")
    weights, settings = weights_volume(subject, capacity), settings_mount(subject)
    kept = SHARED_MEMORY + weights + settings + adapters + _cuda(subject, image)
    container = Container(
        name=subject.name.name,
        image=image,
        command=(),
        env=(*access_token(options), *environment(subject, capacity), *kept.env),
        mounts=kept.mounts,
        ports=(HTTP, KV_EVENTS) if subject.runtime is Runtime.VLLM else (HTTP,),
        gpus=capacity.gpus_asked,
        gpu_resource=capacity.gpu_resource,
    )
    return Pod(
        containers=(_started(container, subject, capacity),),
        init_containers=kept.containers,
        volumes=kept.volumes,
        claims=claims(subject, capacity),
        pull_secrets=options.image_pull_secrets or (),
    )


def access_token(options: PresetOptions) -> Iterator[Env]:
    """The Hugging Face token out of the Secret that is named, where one is."""
    if options.model_access_secret:
        yield Env("HF_TOKEN", secret=options.model_access_secret)


def service_ports(subject: Subject, capacity: Capacity, service_type: str) -> tuple[Port, ...]:
    """The ports of the workspace's Service. Ray and the cache events ask nobody who they are: they stay
    inside the cluster, and Ray's exist only where there is a Ray cluster; our own has no dashboard, and its
    pods find their leader without the Service."""
    ports = [Port("http", 80, 5000)]
    if service_type == "ClusterIP" and subject.runtime is Runtime.VLLM:
        ports.append(Port("kv-events", 5557, 5557))
        if capacity.is_distributed and not subject.is_towline:
            ports += [Port("ray", 6379, 6379), Port("dashboard", 8265, 8265)]
    return tuple(ports)


def local_weights(subject: Subject) -> str:
    """The node's folder with the weights, where the person says they lie there; else empty.

    Source: KAITO v0.12: /opt/kaito/models/ and the lower-case repository name with dashes for slashes.
    """
    asked = subject.manifest.annotations.get(USE_LOCAL_WEIGHTS, "").lower() == "true"
    if not asked or not (subject.runtime is Runtime.VLLM or subject.is_towline):
        return ""
    return "/opt/kaito/models/" + subject.model.name.lower().replace("/", "-")


def preset_options(subject: Subject) -> PresetOptions:
    """What the person says beside the preset's name; nothing where they say nothing."""
    preset = subject.manifest.preset
    return preset.preset_options if preset and preset.preset_options else PresetOptions()


def _started(container: Container, subject: Subject, capacity: Capacity) -> Container:
    if subject.runtime is Runtime.TRANSFORMERS:
        started = replace(container, command=transformers_command(subject.model))
        return with_probes(started, subject.model)
    arguments = vllm_arguments(subject, capacity, local_weights(subject))
    if not capacity.is_distributed:
        return with_probes(replace(container, command=VLLM, args=arguments), subject.model)
    leader = leader_address(subject.name)
    command, parameters = shell(DISTRIBUTED, str(capacity.nodes), leader)
    started = replace(container, command=command, args=(*parameters, *VLLM, *arguments))
    return with_probes(started, subject.model, leader)


def environment(subject: Subject, capacity: Capacity) -> Iterator[Env]:
    """What vLLM reads from its environment, and the pod's number where one model spans several."""
    if subject.runtime is not Runtime.VLLM:
        return
    yield Env("VLLM_USE_DEEP_GEMM", "1" if subject.model.requires_deepgemm else "0")
    yield Env("VLLM_USE_FLASHINFER_SAMPLER", "0")
    if capacity.is_distributed:
        yield Env("POD_INDEX", field="metadata.labels['apps.kubernetes.io/pod-index']")


def weights_volume(subject: Subject, capacity: Capacity) -> Fetched:
    """What the weights lie on: the node's folder, its own fast disk, or the pod's room."""
    local = local_weights(subject)
    if local:
        volume = Volume("model-weights-hostpath", host_path=local, host_path_type="Directory")
        return Fetched(volumes=(volume,), mounts=(Mount(volume.name, local, read_only=True),))
    claimed = bool(claims(subject, capacity))
    volumes = () if claimed else (Volume(_WEIGHTS_VOLUME),)
    return Fetched(volumes=volumes, mounts=(Mount(_WEIGHTS_VOLUME, WEIGHTS),))


def claims(subject: Subject, capacity: Capacity) -> tuple[Claim, ...]:
    """The disk for the weights, where a person wants it and the machine has one."""
    storage_class = subject.manifest.annotations.get(WEIGHTS_STORAGE_CLASS)
    if not storage_class or not capacity.nvme or local_weights(subject):
        return ()
    return (Claim(_WEIGHTS_VOLUME, storage_class, subject.model.disk_gib),)


def settings_mount(subject: Subject) -> Fetched:
    """The person's own settings for the engine, where there are any."""
    inference = subject.manifest.inference
    if inference is None or not inference.config:
        return Fetched()
    volume = Volume("config-volume", config_map=inference.config)
    return Fetched(volumes=(volume,), mounts=(Mount(volume.name, CONFIG, read_only=True),))


def _cuda(subject: Subject, image: str) -> Fetched:
    """The CUDA compiler in a folder of the node, for models whose kernels are built when they start."""
    if not subject.model.requires_cuda_toolkit or subject.runtime is not Runtime.VLLM:
        return Fetched()
    mount = Mount("cuda-toolkit-hostpath", _CUDA_HOME)
    command, parameters = shell(CUDA_TOOLKIT, _CUDA_HOME, _CUDA_KEYRING)
    container = Container("cuda-toolkit-provisioner", image, command, parameters, mounts=(mount,))
    return Fetched(
        containers=(container,),
        volumes=(Volume(mount.volume, host_path=_CUDA_HOME),),
        mounts=(replace(mount, read_only=True),),
        env=(Env("CUDA_HOME", _CUDA_HOME),),
    )
