"""How each kind of thing is doing: one kind, one file, one pure function from a document to its Health.

Failure is looked for before success, and a status older than its spec counts as on its way.
"""

from .agent_pool import agent_pool, reason_of
from .deployment import deployment
from .job import job
from .node import is_ready, node
from .node_claim import node_claim
from .node_pool import node_pool
from .persistent_volume_claim import persistent_volume_claim
from .pod import pod
from .stateful_set import stateful_set
from .verdict import DEGRADED, HEALTHY, PROGRESSING

__all__ = [
    "DEGRADED",
    "HEALTHY",
    "PROGRESSING",
    "agent_pool",
    "deployment",
    "is_ready",
    "job",
    "node",
    "node_claim",
    "node_pool",
    "persistent_volume_claim",
    "pod",
    "reason_of",
    "stateful_set",
]
