"""What the verdict on a workspace is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Attempt
from reconciler.domain.provisioning import NodeChoice


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of nodes and workload. `pool` is empty when no agent pool is asked for; `begun` is true
    when this very pass has begun to create it, `rolling` when it began to replace pods. `choice` and
    `attempt` are how the pool is had and what was tried for it."""

    name: WorkspaceName
    nodes: int
    gpus: bool
    tuning: bool
    pool: str
    claims: bool
    labels: Mapping[str, str]
    begun: bool = False
    rolling: bool = False
    choice: NodeChoice | None = None
    attempt: Attempt | None = None
