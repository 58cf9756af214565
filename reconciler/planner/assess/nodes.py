"""Whether a workspace's nodes are there: what brings them, those that are Ready, and what the rest lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.domain.moment import clock
from reconciler.domain.report import Health
from reconciler.planner.health import DEGRADED, HEALTHY, is_ready, node, node_claim, node_pool
from reconciler.planner.health.verdict import degraded, healthy, progressing, section

from .asked import Asked
from .coming import coming
from .sight import Sight

_NO_PLUGIN = "NodePluginsNotReady"
_SILENT = "NodeNotReady"


def claims_health(asked: Asked, sight: Sight) -> Health:
    """What brings the nodes: an agent pool, Karpenter's objects, or nobody when they are the user's own."""
    if asked.pool:
        return _pool(asked, sight)
    if asked.claims:
        return _karpenter(sight)
    return healthy("OwnNodes", "the nodes are the user's own")


def nodes_health(asked: Asked, sight: Sight, claims: Health) -> tuple[Health, tuple[str, ...]]:
    """How the nodes are, and the names of those that are Ready."""
    judged = {each.ref.name: node(each.document, asked.labels, gpus=asked.gpus) for each in sight.nodes}
    ready = tuple(sorted(name for name, health in judged.items() if is_ready(health)))
    if len(ready) > asked.nodes and not asked.pool and not asked.claims:
        ready = _taken(ready, asked, sight)
    if len(ready) >= asked.nodes:
        pressed = [name for name in ready if judged[name].state != HEALTHY]
        return _enough(asked, pressed), ready
    return _missing(asked, judged, claims, len(ready)), ready


def _pool(asked: Asked, sight: Sight) -> Health:
    if not sight.pools_seen:
        return progressing("Unseen", "Azure to answer: the agent pools cannot be seen")
    if sight.pool is not None and sight.pool.owner != asked.name:
        whose = sight.pool.owner or "somebody else"
        return degraded("NameTaken", f"an agent pool named {asked.pool} is there and belongs to {whose}")
    return coming(asked.pool, sight.pool, asked.choice, asked.attempt, begun=asked.begun)


def _karpenter(sight: Sight) -> Health:
    """What is broken speaks for all, else the first claim on its way: one node's tells more than the pool's,
    which is listed before it."""
    if not sight.hidden.isdisjoint(("NodePool", "NodeClaim")):
        return progressing("Unseen", "its node claims to be seen")
    if None in sight.claims:
        return progressing("Pending", "Karpenter's node claim to be created")
    judged = [
        (node_pool if each.ref.kind == "NodePool" else node_claim)(each.document)
        for each in sorted(filter(None, sight.claims), key=lambda each: each.ref.kind)
    ]
    unready = [health for health in judged if health.state != HEALTHY]
    broken = (health for health in unready if health.state == DEGRADED)
    enough = healthy("NodeClaimsReady", "Enough NodeClaims are ready")
    return next(broken, unready[0] if unready else enough)


def _taken(ready: tuple[str, ...], asked: Asked, sight: Sight) -> tuple[str, ...]:
    """Of own nodes, which others may use as well, those its pods are on, and as many more as it asks for."""
    placed = {str(section(each.document, "spec").get("nodeName", "")) for each in sight.pods}
    first = sorted(ready, key=lambda name: (name not in placed, name))
    return tuple(sorted(first[: max(asked.nodes, len(placed.intersection(ready)))]))


def _enough(asked: Asked, pressed: list[str]) -> Health:
    message = f"{asked.nodes} of {asked.nodes} nodes Ready"
    warning = f"; warning: worker node(s) under resource pressure: {', '.join(pressed)}" if pressed else ""
    return healthy("NodesReady", message + warning)


def _missing(asked: Asked, judged: Mapping[str, Health], claims: Health, ready: int) -> Health:
    """Why there are too few. What Azure says comes first, then a machine that was lost, then the nodes."""
    unready = [health for _, health in sorted(judged.items()) if not is_ready(health)]
    if claims.state == DEGRADED:
        plugin = any(each.reason == _NO_PLUGIN for each in unready)
        return replace(claims, reason=_NO_PLUGIN) if plugin else claims
    if len(judged) < asked.nodes and asked.attempt is not None and asked.attempt.joined:
        return _lost(asked)
    if claims.state != HEALTHY:
        return claims
    if unready:
        return _silent(asked, unready[0])
    if asked.pool:
        return progressing(
            "NodeNotReady", f"its nodes to join: {len(judged)} of {asked.nodes}{_stood(asked)}"
        )
    return progressing("NodeNotReady", f"its nodes to be Ready: {ready} of {asked.nodes}")


def _lost(asked: Asked) -> Health:
    """Its nodes were all there once, so that one has gone: of a spot machine that is no accident."""
    if asked.choice is not None and asked.choice.is_spot:
        whose = "its spot machine" if asked.nodes == 1 else "one of its spot machines"
        return degraded("SpotEvicted", f"{whose} was taken away; it is asked for again")
    whose = "its machine" if asked.nodes == 1 else "one of its machines"
    return degraded("NodeLost", f"{whose} is gone; it is asked for again")


def _silent(asked: Asked, health: Health) -> Health:
    """AKS restarts, then reimages a node that is not Ready for some 10 minutes:
    https://learn.microsoft.com/azure/aks/node-auto-repair."""
    if health.reason == _SILENT and health.state == DEGRADED and asked.pool:
        return replace(health, message=f"{health.message}; AKS restarts such a node by itself, as a rule")
    return health


def _stood(asked: Asked) -> str:
    stood = asked.attempt.stood if asked.attempt else ""
    return f", since {clock(stood, stood)}" if stood else ""
