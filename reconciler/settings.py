"""Everything an operator may choose, one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SANDBOX = ""
IN_CLUSTER = "in-cluster"
"""The context of whoever runs in the cluster itself, by its ServiceAccount; no kubeconfig is read."""

SANDBOX_SPEED = 10.0
"""World seconds in a real second of an embedded world, when nobody chose."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `towline run` was told.

    `context` names a kubeconfig context; empty means the sandbox, which is the default: a cluster is always
    an explicit choice, and so is `in-cluster`, the one Towline runs in. `state` is the folder for clones, the
    sandbox's kubeconfig and its snapshot. `listen` is the HOST:PORT of /metrics, /healthz and /readyz; empty
    means nobody listens. `runtime` is a Python with the libraries of Towline's containers, with which the
    sandbox really runs them. With `leader_elect` only who holds the fleet's Lease acts; with more than one of
    `shards`, each by its own part of the workspaces.
    """

    repo: str
    branch: str = ""
    context: str = SANDBOX
    kubeconfig: Path | None = None
    azure_login: str = "workload-identity"
    state: Path = Path(".towline")
    poll_seconds: float = 0.0
    workers: int = 8
    offline: bool = False
    listen: str = ""
    runtime: Path | None = None
    leader_elect: bool = False
    shards: int = 1

    @property
    def is_sandbox(self) -> bool:
        """Whether the embedded world is meant."""
        return self.context == SANDBOX
