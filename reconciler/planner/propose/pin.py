"""An adapter as a workspace is to name it: by its digest, so that nothing else can come in its place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import Workspace

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """The name a model's users call it by, its image with the digest, and what may pull it."""

    name: str
    image: str
    pull_secrets: tuple[str, ...] = ()

    @property
    def by_hand(self) -> str:
        """The item of `inference.adapters` in one line, for who adds it by hand."""
        secrets = f", imagePullSecrets: {json.dumps(list(self.pull_secrets))}" if self.pull_secrets else ""
        return f'- source: {{name: {self.name}, image: "{self.image}"{secrets}}}'


def digest_of(said: str) -> str:
    """The digest in what a container says it pushed: the digest itself, or a reference with it."""
    return said.rpartition("@")[2].strip()


def pin_of(name: WorkspaceName, tuning: Workspace, digest: str) -> Pin | None:
    """The adapter of a tuning that went to an image; None where there is no image or no sha256 digest."""
    output = tuning.tuning.output if tuning.tuning else None
    if output is None or output.image is None or not _DIGEST.fullmatch(digest):
        return None
    secrets = (output.image_push_secret,) if output.image_push_secret else ()
    return Pin(name.name, f"{repository_of(output.image)}@{digest}", secrets)


def repository_of(image: str) -> str:
    """An image reference without its tag and digest."""
    name = image.partition("@")[0]
    path, colon, tag = name.rpartition(":")
    return path if colon and "/" not in tag else name


def serves(workspace: Workspace, digest: str) -> bool:
    """Whether one of its adapters is the image of this digest."""
    adapters = (workspace.inference.adapters if workspace.inference else None) or ()
    return any(each.source and (each.source.image or "").endswith(f"@{digest}") for each in adapters)
