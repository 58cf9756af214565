"""Reports of workspaces that are not to be as declared: held back by errors, or declared no more."""

from __future__ import annotations

from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.planner.health.verdict import number, section

from .conditions import conditions
from .sight import Sight
from .standing import Asked, stand
from .verdicts import KARPENTER, Evidence, endpoint, failure, past

_NO_COST = Cost(None, "", "")


def held(evidence: Evidence, declared: Declared, before: WorkspaceReport | None, now: str) -> WorkspaceReport:
    """The report of a workspace whose errors hold it back: Held while something of it runs, else Invalid."""
    tuning = declared.manifest.tuning is not None
    running = not evidence.sight.is_empty
    asked = _asked_of_what_runs(evidence, declared)
    standing = stand(asked, evidence.sight)
    claims = evidence.provisioner in KARPENTER
    earlier = past(evidence.sight, before)
    seen = conditions(standing, tuning=tuning, claims=claims, past=earlier, now=now) if running else ()
    return WorkspaceReport(
        name=evidence.name,
        phase=Phase.HELD if running else Phase.INVALID,
        message=_held_message(evidence.findings, running=running),
        awaiting=f"a mended {declared.file}",
        commit=evidence.commit,
        file=declared.file,
        model=_model(declared),
        instance_type=declared.manifest.instance_type,
        nodes_wanted=asked.nodes,
        nodes_ready=standing.nodes_ready if running else (),
        endpoint=endpoint(evidence.name, tuning=tuning) if running else "",
        cost=_NO_COST,
        conditions=seen,
        findings=evidence.findings,
        tuning=tuning,
    )


def departing(evidence: Evidence) -> WorkspaceReport | None:
    """The report of a workspace no longer declared; None when nothing of it is left."""
    sight = evidence.sight
    if sight.is_empty and sight.pools_seen and not evidence.hold:
        return None
    left = _left(sight)
    message = f"Removal waits: {evidence.hold}" if evidence.hold else f"{left[:1].upper()}{left[1:]} is left"
    if evidence.failed:
        message = failure(evidence.failed[0])
    return WorkspaceReport(
        name=evidence.name,
        phase=Phase.HELD if evidence.hold else Phase.DELETING,
        message=message,
        awaiting="a person's approval" if evidence.hold else f"{left} to be gone",
        commit=evidence.commit,
        file=evidence.file,
        model="",
        instance_type=sight.pool.instance_type if sight.pool else "",
        nodes_wanted=sight.pool.count if sight.pool else 0,
        nodes_ready=tuple(sorted(each.ref.name for each in sight.nodes)),
        endpoint="",
        cost=_NO_COST,
    )


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
        return f"agent pool {sight.pool.name} ({sight.pool.state})"
    rest = next((each for each in (*sight.claims, sight.workload, *sight.pods, sight.custom) if each), None)
    return str(rest.ref) if rest else "what Azure does not show at the moment"


def _model(declared: Declared) -> str:
    preset = declared.manifest.preset
    return preset.name if preset else "template"
