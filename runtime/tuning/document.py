"""TuningConfig: the one document a tuning container reads."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runtime.artifacts.document import FolderSource, HubSource, OciSource, UrlsSource
from runtime.written import Written


class Base(Written):
    """The model that is tuned: its public name and revision, and where its weights come from."""

    name: str
    revision: str = ""
    source: HubSource | OciSource | FolderSource = Field(discriminator="kind")
    folder: str = "/workspace/weights"


class ImageOutput(Written):
    """The adapter goes to a registry as an image KAITO's readers accept; credentials from a Docker
    configuration file."""

    kind: Literal["image"] = "image"
    image: str
    docker_config: str = ""
    insecure: bool = False


class FolderOutput(Written):
    """The adapter stays on a volume."""

    kind: Literal["folder"] = "folder"
    path: str


class TuningConfig(Written):
    """Everything a tuning container is told. `user_config` is the person's training_config.yaml, else the
    shipped one, or empty for none; `work` is where data, checkpoints and the adapter lie until they are
    delivered, a volume where a machine may be taken away; `port` is where progress is told, 0 for nowhere.
    A checkpoint is saved at least every `checkpoint_minutes` (0: only as the person's save_strategy says),
    and whenever the machine is taken away. An adapter that cannot be pushed is pushed again for
    `delivery_hours`, since a pod that ends may take it along."""

    api_version: Literal["runtime.towline.dev/v1alpha1"] = "runtime.towline.dev/v1alpha1"
    kind: Literal["TuningConfig"] = "TuningConfig"
    workspace: str
    base: Base
    method: Literal["lora", "qlora"]
    data: UrlsSource | OciSource | FolderSource = Field(discriminator="kind")
    output: ImageOutput | FolderOutput = Field(discriminator="kind")
    user_config: str = "/mnt/config/training_config.yaml"
    work: str = "/mnt/results"
    device: Literal["cpu", "cuda"] = "cuda"
    processes: int = 1
    host: str = "0.0.0.0"  # noqa: S104  the pod's own address, which is not known beforehand
    port: int = 5000
    termination_log: str = "/dev/termination-log"
    checkpoint_minutes: float = Field(default=10, ge=0)
    delivery_hours: float = Field(default=6, ge=0)
