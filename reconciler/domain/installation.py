"""How Towline is to be installed on a cluster, and what became of each of its objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .identity import Ref

INSTALLER = "towline-install"
"""The field manager of an installation, and the label value that marks what it made."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What `towline install` was told. `repo` is an address without credentials; `git_secret` and
    `azure_client_id` are empty where there is none."""

    repo: str
    image: str
    branch: str = ""
    namespace: str = "towline-system"
    git_secret: str = ""
    azure_client_id: str = ""
    replicas: int = 2
    shards: int = 1


class Change(StrEnum):
    """What became of an object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    PRUNED = "pruned"
    LEFT = "left alone"


@dataclass(frozen=True, slots=True)
class Installed:
    """One object and what became of it; `why` where that needs a word."""

    ref: Ref
    change: Change
    why: str = ""
