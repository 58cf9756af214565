"""One workspace's status as a YAML file a person can read from top to bottom."""

from __future__ import annotations

from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.report import Condition, WorkspaceReport

from .branch_paths import curve_path
from .loss_curve import has_curve
from .readable import readable
from .status_heard import benchmark_section, download_section, tuning_section
from .status_nodes import HOURS_PER_MONTH, UNKNOWN, cost_section, provisioning_section
from .yaml_text import yaml_text

__all__ = ["HOURS_PER_MONTH", "UNKNOWN", "status_file"]


def status_file(report: WorkspaceReport) -> bytes:
    """`status/<namespace>/<workspace>.yaml`: keys in the order of their use, empty ones left out."""
    document = {key: value for key, value in _document(report).items() if value not in ("", [], {})}
    return yaml_text(document).encode()


def _document(report: WorkspaceReport) -> dict[str, Any]:
    source = {"commit": report.commit, "file": readable(report.file)}
    heard = report.telemetry
    curve = curve_path(report.name) if has_curve(heard.training) else ""
    return {
        "workspace": readable(str(report.name)),
        "phase": report.phase.value,
        "message": readable(report.message),
        "awaiting": readable(report.awaiting),
        "source": {key: value for key, value in source.items() if value},
        "model": readable(report.model),
        "instanceType": readable(report.instance_type),
        "nodes": {"wanted": report.nodes_wanted, "ready": [readable(each) for each in report.nodes_ready]},
        "provisioning": provisioning_section(report.choice),
        "download": download_section(heard.download),
        "tuning": tuning_section(heard.training, curve),
        "proposal": readable(report.proposal),
        "endpoint": readable(report.endpoint),
        "benchmark": benchmark_section(heard.benchmark),
        "cost": cost_section(report.cost, report.spending),
        "conditions": [_condition(each) for each in report.conditions],
        "findings": [_finding(each) for each in report.findings],
    }


def _condition(condition: Condition) -> dict[str, str]:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": readable(condition.reason),
        "message": readable(condition.message),
        "since": condition.since,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    found = {
        "severity": finding.severity.value,
        "file": readable(finding.file),
        "line": finding.line,
        "column": finding.column,
        "field": readable(finding.field),
        "message": readable(finding.message),
        "mend": readable(finding.mend),
    }
    return {key: value for key, value in found.items() if value not in ("", 0)}
