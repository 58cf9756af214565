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
from reconciler.domain.telemetry import BENCHMARK, LAST_WORDS, Telemetry
from reconciler.planner.health.verdict import DEGRADED, entries, section

from .asked import Asked
from .conditions import Past, conditions
from .contested import with_contests
from .failing import failure
from .heard import tuned, tuning, why_it_failed
from .phases import outvoted, phase_of
from .sight import Sight
from .standing import UNSEEN, Standing, stand

KARPENTER = frozenset({"karpenter", "gpu-provisioner"})
NO_COST = Cost(None, "", "")
_TELLING = frozenset({Phase.READY, Phase.SUCCEEDED, Phase.RUNNING, Phase.FAILED})
"""Phases of which the message says more than what is awaited."""
_EXPECTED = {Phase.READY: BENCHMARK, Phase.SUCCEEDED: LAST_WORDS}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a workspace's report is made from: equal evidence gives an equal report.

    `hold` says why its steps wait; `begun` is true when this very pass has begun to create its agent pool,
    `rolling` when it has begun to replace its pods. `choice` is how its nodes are had after the pass,
    `attempt` what was tried for them, `left` the objects of which fields are left to others, `spending` what
    they have cost, `running` what those that are there cost an hour.
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
    left: tuple[Outcome, ...] = ()
    spending: Spending | None = None
    running: Cost = NO_COST


def judge(
    evidence: Evidence, desired: DesiredWorkspace, before: WorkspaceReport | None, now: str
) -> WorkspaceReport:
    """The report of a workspace that is to be as desired."""
    claims = evidence.provisioner in KARPENTER
    standing = stand(_asked(evidence, desired, claims=claims), evidence.sight)
    earlier = past(evidence.sight, before)
    phase = phase_of(standing, earlier, evidence.sight, tuning=desired.tuning)
    awaiting = standing.awaiting or _held_up(evidence, phase)
    hindrance, unseen = evidence.sight.hindrance, unseen_of(evidence.sight)
    expected = _EXPECTED.get(phase, "") if evidence.sight.expecting else ""
    message = _message(phase, standing, awaiting, evidence, desired)
    return WorkspaceReport(
        name=desired.name,
        phase=outvoted(phase, _untold(evidence, standing)),
        message=with_contests(_hindered(message, phase, standing, evidence), evidence.left),
        awaiting=awaiting or (hindrance.awaited if hindrance else "") or expected,
        commit=evidence.commit,
        file=desired.file,
        model=desired.model,
        instance_type=desired.instance_type,
        nodes_wanted=desired.nodes,
        nodes_ready=standing.nodes_ready,
        endpoint=endpoint(desired.name, tuning=desired.tuning),
        cost=desired.cost,
        conditions=conditions(
            standing, tuning=desired.tuning, claims=claims, past=earlier, now=now, unseen=unseen
        ),
        findings=evidence.findings,
        gpus_per_node=desired.gpus_per_node,
        tuning=desired.tuning,
        choice=evidence.choice,
        spending=evidence.spending,
        telemetry=_heard(standing, evidence.sight, before),
    )


def unseen_of(sight: Sight) -> str:
    """Why something of it cannot be seen; empty where all of it can."""
    return next((each.sentence for each in sight.hindrances if each.blind), "") if sight.hidden else ""


def _heard(standing: Standing, sight: Sight, before: WorkspaceReport | None) -> Telemetry:
    """What its container said is remembered on its workload; where that cannot be seen, it was said."""
    is_hidden = standing.workload.reason == UNSEEN and before is not None
    return before.telemetry if is_hidden and before is not None else sight.telemetry


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


def _hindered(message: str, phase: Phase, standing: Standing, evidence: Evidence) -> str:
    """The message with what hinders it. What only waits is told by what hinders it alone."""
    hindrance = evidence.sight.hindrance
    if hindrance is None or hindrance.passing:
        return message
    is_telling = evidence.failed or standing.trouble or phase in _TELLING
    return with_hindrance(message, evidence.sight) if is_telling else _capital(hindrance.sentence)


def with_hindrance(message: str, sight: Sight) -> str:
    """The message, and what hinders it beside."""
    hindrance = sight.hindrance
    return message if hindrance is None or hindrance.passing else f"{message}; {hindrance.sentence}"


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
