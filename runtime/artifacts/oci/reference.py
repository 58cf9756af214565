"""The name of an image, as people write it (distribution/reference): registry, repository, tag, digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.artifacts.faults import Malformed

DOCKER_HUB = "docker.io"
"""The registry that is meant where none is named."""

_REFERENCE = re.compile(
    r"(?P<path>[A-Za-z0-9._:\[\]/-]+?)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


@dataclass(frozen=True)
class Reference:
    """An image. A digest is what it is; a tag is what it is called at the moment."""

    registry: str
    repository: str
    tag: str
    digest: str = ""

    @property
    def version(self) -> str:
        """What to ask the registry for: the digest where there is one."""
        return self.digest or self.tag

    @property
    def host(self) -> str:
        """Where the registry answers."""
        return "registry-1.docker.io" if self.registry == DOCKER_HUB else self.registry

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}"
        return f"{name}@{self.digest}" if self.digest else f"{name}:{self.tag}"


def parse_reference(text: str) -> Reference:
    """Read `registry:port/path/name:tag@sha256:…`; the first part is a registry when it has a dot or a port
    or is `localhost`."""
    found = _REFERENCE.fullmatch(text.strip())
    if not found:
        raise Malformed(f"'{text}' is not the name of an image: write registry/path/name:tag.")
    first, slash, rest = found["path"].partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, found["path"] if slash else f"library/{first}"
    if registry in ("index.docker.io", "registry-1.docker.io"):
        registry = DOCKER_HUB
    if not _REPOSITORY.fullmatch(repository):
        raise Malformed(
            f"'{text}' is not the name of an image: '{repository}' must be lower case, parts split by /."
        )
    return Reference(registry, repository, found["tag"] or "latest", found["digest"] or "")
