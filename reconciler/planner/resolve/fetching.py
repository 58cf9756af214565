"""What init containers fetch before a pod's work begins, and what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .blueprint import Container, Env, Mount, SecretFile, Volume
from .scripts import PULL, shell
from .subject import Subject

LOGINS = "/root/.docker/config.d"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Init containers and volumes, and what the main container sees of them."""

    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    mounts: tuple[Mount, ...] = ()
    env: tuple[Env, ...] = ()

    def __add__(self, other: Fetched) -> Fetched:
        return Fetched(
            self.containers + other.containers,
            self.volumes + other.volumes,
            self.mounts + other.mounts,
            self.env + other.env,
        )


@dataclass(frozen=True, slots=True)
class Pull:
    """An image whose folder /data goes to `folder`, inside of what `mount` shows."""

    name: str
    image: str
    folder: str
    mount: Mount
    secrets: tuple[str, ...]


def pull(subject: Subject, wanted: Pull) -> Fetched:
    """An init container that unpacks the image, with the pull secrets it may need."""
    files = tuple(SecretFile(secret, f"{secret}.json") for secret in wanted.secrets)
    logins = (Volume(_logins_name(wanted.name), secrets=files),) if files else ()
    command, parameters = shell(PULL, wanted.image, wanted.folder)
    mounts = (wanted.mount, *(Mount(each.name, LOGINS, read_only=True) for each in logins))
    container = Container(wanted.name, subject.image("adapter_puller"), command, parameters, mounts=mounts)
    return Fetched((container,), logins)


def volume_source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A person's volume source; a field `name` is no part of one and would rename our volume."""
    return {key: value for key, value in source.items() if key != "name"}


def _logins_name(container: str) -> str:
    return f"logins-{container.removeprefix('puller-')}"[:63].rstrip("-")
