"""Reports of workspaces that are not to be as declared: held back by errors, or declared no more."""

from __future__ import annotations

from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.planner.health.agent_pool import ENDED_BADLY
from reconciler.planner.health.verdict import number, section

from .asked import Asked
from .conditions import conditions
from .failing import failure, not_gone
from .sight import Sight
from .standing import stand
from .verdicts import KARPENTER, Evidence, endpoint, past, unseen_of, with_hindrance


def held(evidence: Evidence, declared: Declared, before: WorkspaceReport | None, now: str) -> WorkspaceReport:
    """The report of a workspace whose errors hold it back: Held while something of it runs, else Invalid."""
    tuning = declared.manifest.tuning is not None
    running = not evidence.sight.is_empty or bool(evidence.sight.hidden)
    asked = _asked_of_what_runs(evidence, declared)
    standing = stand(asked, evidence.sight)
    claims = evidence.provisioner in KARPENTER
    earlier = past(evidence.sight, before)
    unseen = unseen_of(evidence.sight)
    seen = conditions(standing, tuning=tuning, claims=claims, past=earlier, now=now, unseen=unseen)
    return WorkspaceReport(
        name=evidence.name,
        phase=Phase.HELD if running else Phase.INVALID,
        message=with_hindrance(_held_message(evidence.findings, running=running), evidence.sight),
        awaiting=f"a mended {declared.file}",
        commit=evidence.commit,
        file=declared.file,
        model=_model(declared),
        instance_type=declared.manifest.instance_type,
        nodes_wanted=asked.nodes,
        nodes_ready=standing.nodes_ready if running else (),
        endpoint=endpoint(evidence.name, tuning=tuning) if running else "",
        cost=evidence.running,
        conditions=seen if running else (),
        findings=evidence.findings,
        tuning=tuning,
        spending=evidence.spending,
        telemetry=evidence.sight.telemetry,
    )


def departing(evidence: Evidence) -> WorkspaceReport | None:
    """The report of a workspace no longer declared; None when nothing of it can be left."""
    sight = evidence.sight
    is_gone = sight.is_empty and not sight.rest and not sight.hidden
    if is_gone and sight.pools_seen and not evidence.hold:
        return None
    left = _left(sight)
    return WorkspaceReport(
        name=evidence.name,
        phase=Phase.HELD if evidence.hold else Phase.DELETING,
        message=_departing_message(evidence, left),
        awaiting=_departing_awaits(evidence, left),
        commit=evidence.commit,
        file=evidence.file,
        model="",
        instance_type=sight.pool.instance_type if sight.pool else "",
        nodes_wanted=sight.pool.count if sight.pool else 0,
        nodes_ready=tuple(sorted(each.ref.name for each in sight.nodes)),
        endpoint="",
        cost=evidence.running,
        spending=evidence.spending,
    )


def _departing_awaits(evidence: Evidence, left: str) -> str:
    if evidence.hold and evidence.hold == evidence.sight.still:
        return "the AKS cluster to be Running and Succeeded"
    return "a person's approval" if evidence.hold else f"{left} to be gone"


def _departing_message(evidence: Evidence, left: str) -> str:
    """Why it is not gone yet: what failed, else what waits, else what is left; nodes cost until they go."""
    pool = evidence.sight.pool
    if evidence.failed:
        return failure(evidence.failed[0], None)
    if evidence.hold:
        return f"Removal waits: {evidence.hold}"
    if pool is not None and pool.error is not None and pool.state in ENDED_BADLY:
        return not_gone(pool.name, pool.error)
    if pool is not None:
        return f"Agent pool {pool.name} is deleted once its pods have left it; it costs until it is gone"
    if hindrance := evidence.sight.hindrance:
        return f"{hindrance.sentence[:1].upper()}{hindrance.sentence[1:]}"
    return f"{left[:1].upper()}{left[1:]} is left"


def _asked_of_what_runs(evidence: Evidence, declared: Declared) -> Asked:
    """Of a held workspace, what runs is the measure: its workload's replicas and its own pool."""
    sight = evidence.sight
    spec = section(sight.workload.document, "spec") if sight.workload else {}
    claims = evidence.provisioner in KARPENTER
    nodes = number(spec, "replicas", declared.manifest.resource.count or 1)
    pool = sight.pool.name if sight.pool else ""
    return Asked(evidence.name, nodes, True, declared.manifest.tuning is not None, pool, claims, {})


def _held_message(findings: tuple[Finding, ...], *, running: bool) -> str:
    errors = [each for each in findings if each.severity is Severity.ERROR]
    first = errors[0].message.rstrip(". ") if errors else "it is held back"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{'Kept as it was' if running else 'Not applied'}: {first}{more}"


def _left(sight: Sight) -> str:
    """What of a departing workspace is seen to be left, what costs money first."""
    if sight.pool:
        return f"agent pool {sight.pool.name}"
    every = (*sight.claims, sight.workload, *sight.pods, sight.custom, *sight.rest)
    rest = next((each for each in every if each), None)
    if rest is None and sight.hidden:
        return f"what may be there of kind {', '.join(sorted(sight.hidden))}"
    return str(rest.ref) if rest else "what Azure does not show at the moment"


def _model(declared: Declared) -> str:
    preset = declared.manifest.preset
    return preset.name if preset else "template"
