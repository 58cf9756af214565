"""When a serving container counts as started, alive and ready, in seconds. Figures of KAITO's: v0.12."""

from __future__ import annotations

import math
from dataclasses import replace

from reconciler.catalog.preset import Preset

from .blueprint import Container, Probe

PERIOD = 10
OWN_PERIOD = 5
OWN_CHECK_PERIOD = 30
_OWN_CHECK = ("python", "-m", "runtime.serving.vllm.health")
_HEALTH_CHECK = ("python3", "/workspace/vllm/multi-node-health-check.py")


def with_probes(container: Container, preset: Preset, leader: str = "") -> Container:
    """The container with its probes; `leader` is pod 0's address where one model spans several pods."""
    threshold = math.ceil(preset.startup_seconds / PERIOD)
    if not leader:
        return replace(
            container,
            startup=Probe(failure_threshold=threshold),
            liveness=Probe(failure_threshold=3),
            readiness=Probe(initial_delay=30),
        )
    ready = (*_HEALTH_CHECK, "readiness", f"--leader-address={leader}", "--vllm-port=5000")
    alive = (*_HEALTH_CHECK, "liveness", f"--leader-address={leader}", "--ray-port=6379")
    return replace(
        container,
        startup=Probe(ready, failure_threshold=threshold),
        liveness=Probe(alive, failure_threshold=1, initial_delay=60, timeout=5, termination_grace=1),
        readiness=Probe(ready, failure_threshold=1, timeout=1),
    )


def with_own_probes(container: Container, preset: Preset, document: str = "") -> Container:
    """Towline's container with its probes; `document` is what it reads, where one model spans several pods:
    a worker serves nothing that could be asked by HTTP. A check asks Ray for up to 24 s (runtime/serving)."""
    if not document:
        probe = Probe(period=OWN_PERIOD, timeout=5)
        return replace(
            container,
            startup=replace(probe, failure_threshold=math.ceil(preset.startup_seconds / OWN_PERIOD)),
            liveness=replace(probe, period=PERIOD, failure_threshold=3),
            readiness=probe,
        )
    probe = Probe((*_OWN_CHECK, document), period=OWN_CHECK_PERIOD, timeout=OWN_CHECK_PERIOD)
    return replace(
        container,
        startup=replace(probe, failure_threshold=math.ceil(preset.startup_seconds / OWN_CHECK_PERIOD)),
        liveness=replace(probe, failure_threshold=3),
        readiness=replace(probe, failure_threshold=1),
    )
