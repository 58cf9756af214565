"""Containers that say something of themselves, a value each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.telemetry import Benchmark, Download, Point, Rows, Telemetry, Training
from tests.planner.scenes import workspace_report

DIGEST = f"sha256:{'5e' * 32}"
CURVE = (
    Point(0, None, 2.9),
    Point(40, 2.1),
    Point(80, 1.6),
    Point(100, None, 1.7),
    Point(120, 1.2343),
)


def training(**changes: Any) -> Training:
    """A tuning at step 120 of 400."""
    midway = Training(
        "training", 120, 400, 0.9123, 1.2343, 1.7, 2e-05, 812.34, 733.0, curve=CURVE, rows=Rows(360, 40, 0)
    )
    return replace(midway, **changes)


def benchmark(**changes: Any) -> Benchmark:
    """What our own containers measure."""
    return replace(Benchmark(196.7, 94_213.4, 0.1834, 0.0231, 131_072, 16), **changes)


def tuning_report(name: str = "tune", *, heard: Training | None = None, **changes: Any) -> WorkspaceReport:
    """A workspace that is being tuned."""
    told = {
        "phase": Phase.RUNNING,
        "tuning": True,
        "message": "Tuning phi-4",
        "awaiting": "the tuning to finish",
    }
    telemetry = Telemetry("uid-1", training=heard or training())
    return workspace_report(name, telemetry=telemetry, **{**told, **changes})


def measured_report(name: str = "phi", heard: Benchmark | None = None, **changes: Any) -> WorkspaceReport:
    """A workspace that serves and has measured itself."""
    return workspace_report(name, telemetry=Telemetry("uid-2", benchmark=heard or benchmark()), **changes)


def loading_report(done: int = 1_420_000_000, total: int = 7_100_000_000, **changes: Any) -> WorkspaceReport:
    """A workspace whose weights are on their way."""
    download = Download("microsoft/phi-4", done, total, 95_000_000.0)
    told = {
        "phase": Phase.PENDING,
        "message": "Waiting for the model to load",
        "awaiting": "the model to load",
    }
    return workspace_report(telemetry=Telemetry("uid-3", download), **{**told, **changes})
