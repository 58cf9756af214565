"""KAITO's status conditions, with KAITO's reasons and messages.

Types, reasons and texts: kaito-project/kaito v0.12.0, api/v1beta1 and pkg/workspace/controllers. The message
of a pending WorkspaceSucceeded is ours, and a failed agent pool lends NodesReady its Azure code as reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.domain.report import Condition, Health
from reconciler.planner.health import DEGRADED, HEALTHY
from reconciler.planner.health.job import STARTED

from .standing import UNSEEN, Standing

_LONGEST = 256  # characters of another object's message that KAITO copies into a condition
_PODS_WAIT_FOR_NODES = "Unschedulable"


@dataclass(frozen=True, slots=True)
class Past:
    """What was last said of a workspace: its state, and each condition's status and since when."""

    state: str = ""
    since: Mapping[str, tuple[str, str]] | None = None


def conditions(
    standing: Standing, *, tuning: bool, claims: bool, past: Past, now: str, unseen: str = ""
) -> tuple[Condition, ...]:
    """In KAITO's order. `now` is RFC 3339; a condition whose status is unchanged keeps its `since`. Where
    something is `unseen`, for the reason that this says, what cannot be known is as it was."""
    said = [_nodes(standing, claims=claims), _resource(standing)]
    if claims:
        said.insert(0, _node_claims(standing.claims))
    if tuning:
        said += [_job(standing), _tuned(standing)]
    else:
        said += [_inference(standing), *_measured(standing), _served(standing)]
    known = (_as_known(each, standing) if unseen else each for each in said)
    return tuple(_dated(each, past, now, unseen) for each in known)


Said = tuple[str, bool | None, str, str]
"""Type, status, reason and message; a status of None is not known."""


def _as_known(said: Said, standing: Standing) -> Said:
    """What stands on something that cannot be seen is not known, nor is that all of it is well."""
    kind, is_true = said[:2]
    workload = standing.workload.reason == UNSEEN and kind in ("InferenceReady", "JobStarted")
    claims = standing.claims.reason == UNSEEN and kind == "NodeClaimReady"
    whole = kind == "WorkspaceSucceeded" and (is_true or standing.workload.reason == UNSEEN)
    return (kind, None, UNSEEN, "") if workload or claims or whole else said


def _dated(said: Said, past: Past, now: str, unseen: str) -> Condition:
    kind, is_true, reason, message = said
    before, since = (past.since or {}).get(kind, ("", ""))
    status = (before or "Unknown") if is_true is None else str(is_true)
    message = unseen[:_LONGEST] if is_true is None else message
    return Condition(kind, status, reason, message, since if before == status and since else now)


def _node_claims(claims: Health) -> Said:
    if claims.state == HEALTHY:
        return "NodeClaimReady", True, "NodeClaimsReady", "Enough NodeClaims are ready"
    if claims.state == DEGRADED:
        return "NodeClaimReady", False, claims.reason, claims.message[:_LONGEST]
    return "NodeClaimReady", False, "NodeClaimNotReady", "Ready NodeClaims are not enough"


def _nodes(standing: Standing, *, claims: bool) -> Said:
    nodes = standing.nodes
    if nodes.state == HEALTHY:
        message = "Enough Nodes are ready" + (" with GPU resources" if claims else "")
        _, semicolon, warning = nodes.message.partition(";")
        return "NodesReady", True, "NodesReady", message + semicolon + warning
    if nodes.reason == "NodePluginsNotReady":
        return "NodesReady", False, nodes.reason, "waiting all node plugins to be ready"
    if nodes.state == DEGRADED:
        return "NodesReady", False, nodes.reason, nodes.message[:_LONGEST]
    return "NodesReady", False, "NodeNotReady", "Not enough Nodes are ready"


def _resource(standing: Standing) -> Said:
    if standing.nodes.state == HEALTHY:
        return "ResourceReady", True, "workspaceResourceStatusSuccess", "workspace resource is ready"
    if standing.nodes.state == DEGRADED:
        return "ResourceReady", False, standing.nodes.reason, standing.nodes.message[:_LONGEST]
    return "ResourceReady", False, "workspaceResourceStatusNotReady", "workspace resource is not ready"


def _inference(standing: Standing) -> Said:
    workload = standing.workload
    if workload.state == HEALTHY:
        message = "Inference has been deployed successfully"
        return "InferenceReady", True, "WorkspaceInferenceStatusSuccess", message
    waits = standing.nodes.state != HEALTHY and workload.reason == _PODS_WAIT_FOR_NODES
    if workload.state == DEGRADED and not waits:
        return "InferenceReady", False, workload.reason, workload.message[:_LONGEST]
    return "InferenceReady", False, "WorkspaceInferenceStatusPending", "Inference workload is not ready"


def _measured(standing: Standing) -> tuple[Said, ...]:
    """Nothing while no benchmark has told anything, as under KAITO. A model that serves has succeeded
    whatever its benchmark says."""
    if standing.benchmark is None:
        return ()
    if standing.benchmark.error:
        return (("BenchmarkCompleted", False, "BenchmarkFailed", standing.benchmark.error[:_LONGEST]),)
    return (("BenchmarkCompleted", True, "BenchmarkCompleted", "benchmark result has been recorded"),)


def _job(standing: Standing) -> Said:
    workload = standing.workload
    if workload.reason in STARTED:
        return "JobStarted", True, "WorkspaceTuningJobStatusStarted", "Tuning job has started"
    if standing.has_failed:
        return "JobStarted", False, "WorkspaceTuningJobStatusFailed", "tuning job failed"
    return "JobStarted", False, "WorkspaceTuningJobStatusPending", "Tuning job has not started"


def _served(standing: Standing) -> Said:
    if standing.is_up:
        return "WorkspaceSucceeded", True, "workspaceSucceeded", "workspace succeeds"
    return "WorkspaceSucceeded", False, "workspacePending", "workspace has not succeeded"


def _tuned(standing: Standing) -> Said:
    if standing.workload.state == HEALTHY:
        return "WorkspaceSucceeded", True, "workspaceSucceeded", "workspace succeeds"
    if standing.has_failed:
        return "WorkspaceSucceeded", False, "workspaceFailed", "tuning job failed"
    return "WorkspaceSucceeded", False, "workspacePending", "workspace has not succeeded"
