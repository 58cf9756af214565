"""A Review as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.plan import Overlap
from reconciler.domain.review import (
    Machines,
    ObjectChange,
    Review,
    RulesChange,
    WorkspaceReview,
    dearer_by,
)
from reconciler.planner.review.hash import review_hash

from .review_words import summary


def review_json(review: Review) -> dict[str, Any]:
    """Everything that is told, with figures as numbers; dollars are null where no price is known."""
    more, less = review.gpu_nodes
    dearer, cheaper = review.dollars
    return {
        "summary": summary(review),
        "hash": review_hash(review),
        "fleet": review.fleet,
        **asdict(review.asked),
        "gpu_nodes_more": more,
        "gpu_nodes_less": less,
        "dollars_per_hour_more": dearer,
        "dollars_per_hour_less": cheaper,
        "unpriced": review.unpriced,
        "at_most": review.is_at_most,
        "workspaces": [_workspace(each) for each in review.workspaces],
        "untouched": review.untouched,
        "objects": [_object(each) for each in review.objects],
        "rules": _rules(review.rules) if review.rules else None,
        "findings": {
            "new": [_finding(each) for each in review.findings.new],
            "left": [_finding(each) for each in review.findings.left],
            "mended": [_finding(each) for each in review.findings.mended],
        },
        "limits": list(review.limits),
        "total": asdict(review.total),
        "sight": asdict(review.sight),
        "prices": asdict(review.prices),
    }


def _workspace(one: WorkspaceReview) -> dict[str, Any]:
    return {
        "workspace": str(one.name),
        "fate": one.fate.value,
        "file": one.file,
        "because": list(one.because),
        "before": _machines(one.before),
        "after": _machines(one.after),
        "dollars_per_hour_more": dearer_by(one),
        "pause": one.pause,
        "overlap": _overlap(one.overlap) if one.overlap else None,
        "fit": asdict(one.fit) if one.fit else None,
        "supply": asdict(one.supply) if one.supply else None,
        "objects": [_object(each) for each in one.objects],
    }


def _machines(machines: Machines) -> dict[str, Any]:
    return asdict(machines)


def _overlap(both: Overlap) -> dict[str, Any]:
    known = both.dollars_per_hour
    return {
        "hours": round(both.hours, 2),
        "dollars": None if known is None else known * both.hours,
        "hours_at_most": round(both.most_hours, 2),
        "dollars_at_most": None if known is None else known * both.most_hours,
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "target": change.target,
        "fate": change.fate.value,
        "fields": [asdict(each) for each in change.fields],
        "more": change.more,
    }


def _rules(rules: RulesChange) -> dict[str, Any]:
    return {
        "is_removed": rules.is_removed,
        "fields": [asdict(each) for each in rules.fields],
        "findings": [_finding(each) for each in rules.findings],
        "effects": [{"workspace": str(each.workspace), "said": each.said} for each in rules.effects],
        "dollars_per_hour": rules.dollars_per_hour,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    workspace = str(finding.workspace) if finding.workspace else None
    return {**asdict(finding), "severity": finding.severity.value, "workspace": workspace}
