"""A workspace's report from the evidence: how near it is to what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding
from reconciler.domain.fleet import NodeProvisioner
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Attempt
from reconciler.domain.plan import Outcome
from reconciler.domain.provisioning import NodeChoice, Spending
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import Cost, DesiredWorkspace
from reconciler.domain.telemetry import BENCHMARK, LAST_WORDS
from reconciler.planner.health.verdict import DEGRADED, HEALTHY, entries, section

from .asked import Asked
from .conditions import Past, conditions
from .failing import failure
from .heard import tuned, tuning, why_it_failed
from .sight import Sight
from .standing import Standing, stand

KARPENTER = frozenset({"karpenter", "gpu-provisioner"})
NO_COST = Cost(None, "", "")
_SERVED = frozenset({"Ready", "NotReady"})
_EXPECTED = {Phase.READY: BENCHMARK, Phase.SUCCEEDED: LAST_WORDS}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a workspace's report is made from: equal evidence gives an equal report.

    `hold` says why its steps wait; `begun` is true when this very pass has begun to create its agent pool,
    `rolling` when it has begun to replace its pods. `choice` is how its nodes are had after the pass,
    `attempt` what was tried for them, `spending` what they have cost, `running` what those that are there
    cost an hour.
    """

    name: WorkspaceName
    desired: DesiredWorkspace | None
    declared: Declared | None
    findings: tuple[Finding, ...]
    hold: str
    begun: bool
    rolling: bool
    failed: tuple[Outcome, ...]
    commit: str
    file: str
    provisioner: NodeProvisioner
    sight: Sight
    choice: NodeChoice | None = None
    attempt: Attempt | None = None
    spending: Spending | None = None
    running: Cost = NO_COST


def judge(
    evidence: Evidence, desired: DesiredWorkspace, before: WorkspaceReport | None, now: str
) -> WorkspaceReport:
    """The report of a workspace that is to be as desired."""
    claims = evidence.provisioner in KARPENTER
    standing = stand(_asked(evidence, desired, claims=claims), evidence.sight)
    earlier = past(evidence.sight, before)
    phase = _phase(standing, earlier, tuning=desired.tuning)
    awaiting = standing.awaiting or _held_up(evidence, phase)
    expected = _EXPECTED.get(phase, "") if evidence.sight.expecting else ""
    return WorkspaceReport(
        name=desired.name,
        phase=_outvoted(phase, _untold(evidence, standing)),
        message=_message(phase, standing, awaiting, evidence, desired),
        awaiting=awaiting or expected,
        commit=evidence.commit,
        file=desired.file,
        model=desired.model,
        instance_type=desired.instance_type,
        nodes_wanted=desired.nodes,
        nodes_ready=standing.nodes_ready,
        endpoint=endpoint(desired.name, tuning=desired.tuning),
        cost=desired.cost,
        conditions=conditions(standing, tuning=desired.tuning, claims=claims, past=earlier, now=now),
        findings=evidence.findings,
        gpus_per_node=desired.gpus_per_node,
        tuning=desired.tuning,
        choice=evidence.choice,
        spending=evidence.spending,
        telemetry=evidence.sight.telemetry,
    )


def _held_up(evidence: Evidence, phase: Phase) -> str:
    """What a step that waits is waiting for; of what serves, that can only be a move, and a pool that is left
    as it is while its nodes are there waits for nothing."""
    if evidence.choice is not None and evidence.hold == evidence.choice.because:
        return ""
    return "its new nodes" if evidence.hold and phase is Phase.READY else evidence.hold


def _asked(evidence: Evidence, desired: DesiredWorkspace, *, claims: bool) -> Asked:
    return Asked(
        desired.name,
        desired.nodes,
        desired.gpus_per_node > 0,
        desired.tuning,
        desired.pool.name if desired.pool else "",
        claims,
        evidence.declared.manifest.node_labels if evidence.declared else {},
        evidence.begun,
        evidence.rolling,
        evidence.choice,
        evidence.attempt,
    )


def past(sight: Sight, before: WorkspaceReport | None) -> Past:
    """What the Workspace custom resource says, or where there is none, the report before this one."""
    if sight.custom is not None:
        status = section(sight.custom.document, "status")
        since = {
            str(each.get("type")): (str(each.get("status")), str(each.get("lastTransitionTime", "")))
            for each in entries(status, "conditions")
        }
        if status:
            return Past(str(status.get("state", "")), since)
    if before is None:
        return Past()
    return Past(before.phase, {each.type: (each.status, each.since) for each in before.conditions})


def _phase(standing: Standing, past: Past, *, tuning: bool) -> Phase:
    """KAITO's `status.state`: once Ready or NotReady, never Pending again. A model whose pods are all Ready
    serves, whichever nodes it is still to move to."""
    if tuning:
        return _tuning_phase(standing)
    if standing.workload.state == HEALTHY:
        return Phase.READY
    served = past.state in _SERVED or (past.since or {}).get("InferenceReady", ("", ""))[0] == "True"
    return Phase.NOT_READY if served else Phase.PENDING


def _tuning_phase(standing: Standing) -> Phase:
    if standing.has_failed:
        return Phase.FAILED
    match standing.workload.reason:
        case "Complete":
            return Phase.SUCCEEDED
        case "Running":
            return Phase.RUNNING
    return Phase.PENDING


def _outvoted(phase: Phase, failed: tuple[Outcome, ...]) -> Phase:
    """A refused step of something that serves holds it at what it was; it is not what Git asks for."""
    refused = any(not each.transient for each in failed)
    return Phase.HELD if refused and phase in (Phase.READY, Phase.SUCCEEDED) else phase


def _message(
    phase: Phase, standing: Standing, awaiting: str, evidence: Evidence, desired: DesiredWorkspace
) -> str:
    """One sentence: what failed, else what is broken, else what is awaited, else what it does."""
    where = f"{desired.model} on {_machines(desired)}"
    if failed := _untold(evidence, standing):
        return failure(failed[0], evidence.attempt)
    heard = evidence.sight.telemetry
    if phase is Phase.FAILED:
        return f"The tuning of {desired.model} has failed: {why_it_failed(standing.workload, evidence.sight)}"
    if phase is Phase.SUCCEEDED:
        return tuned(desired.model, heard.training)
    if standing.trouble:
        serving = "Still serving where it was; its new nodes do not come: "
        return serving + standing.trouble if phase is Phase.READY else _capital(standing.trouble)
    if phase is Phase.RUNNING:
        return tuning(where, heard)
    if phase is Phase.READY and awaiting:
        return f"Still serving where it was; to move, it waits for {awaiting}"
    return f"Waiting for {awaiting}" if awaiting else f"Serving {where}"


def _untold(evidence: Evidence, standing: Standing) -> tuple[Outcome, ...]:
    """The failed steps, without those that the trouble of its nodes tells of."""
    told = evidence.choice is not None and evidence.choice.setback is not None
    if told and standing.nodes.state == DEGRADED:
        return tuple(each for each in evidence.failed if each.error is None)
    return evidence.failed


def _capital(sentence: str) -> str:
    """A sentence begins with a capital, except where it begins with a name that is written otherwise."""
    if not sentence.partition(" ")[0].rstrip(",:").isalpha():
        return sentence
    return sentence[:1].upper() + sentence[1:]


def _machines(desired: DesiredWorkspace) -> str:
    if desired.instance_type:
        return f"{desired.nodes}× {desired.instance_type}"
    return f"{desired.nodes} {'node' if desired.nodes == 1 else 'nodes'} of your own"


def endpoint(name: WorkspaceName, *, tuning: bool) -> str:
    """The Service in front of the model; port 80, cluster-internal."""
    return "" if tuning else f"http://{name.name}.{name.namespace}.svc.cluster.local"
