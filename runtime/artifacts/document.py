"""Where something comes from, as the documents of serving and tuning say it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from runtime.written import Written


class HubSource(Written):
    """A Hugging Face repository at a revision, which is a commit so that two pods never differ. The token is
    read from the environment variable HF_TOKEN. `allow` are glob patterns of the files wanted; none: those a
    model needs."""

    kind: Literal["hub"] = "hub"
    repository: str
    revision: str
    allow: tuple[str, ...] = ()
    endpoint: str = "https://huggingface.co"


class OciSource(Written):
    """An artifact or image in a registry, by tag or digest. Credentials are read from a Docker configuration
    file, where one is named. `insecure` speaks plain http, for a registry on this machine."""

    kind: Literal["oci"] = "oci"
    image: str
    docker_config: str = ""
    insecure: bool = False


class FolderSource(Written):
    """A folder that is there already: a volume or a path of the node."""

    kind: Literal["folder"] = "folder"
    path: str


class UrlsSource(Written):
    """Files by https, each with the sha256 it must have where that is known. `private_hosts` are the only
    hosts with private or loopback addresses that may be asked."""

    kind: Literal["urls"] = "urls"
    urls: tuple[str, ...]
    sha256: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    most_bytes: int = 200 * 2**30


Source = Annotated[HubSource | OciSource | FolderSource | UrlsSource, Field(discriminator="kind")]
