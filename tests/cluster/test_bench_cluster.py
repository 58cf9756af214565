"""The bench on a real control plane: a few workspaces, from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.programs import EVERYTHING, missing

_NEEDED = {
    "apply_1000_s",
    "ready_1000_s",
    "apply_rate",
    "noop_10000_cpu_s",
    "noop_10000_requests",
    "noop_10000_rss_mb",
    "change_among_10000_s",
    "recover_10000_s",
}


@pytest.mark.skipif(bool(missing(*EVERYTHING, "kubectl")), reason=missing(*EVERYTHING, "kubectl"))
def test_the_last_line_of_a_small_bench_is_json_with_every_figure_beside_its_peer() -> None:
    bench = subprocess.run(
        (sys.executable, "-m", "tests.bench_cluster", "--workspaces", "4", "--rounds", "1"),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    told = json.loads(bench.stdout.splitlines()[-1])
    assert told.keys() >= _NEEDED
    for name, figure in told.items():
        assert set(figure) == {"value", "unit", "peer", "ratio"}
        assert figure["peer"] > 0, name
        assert name in bench.stdout
    assert told["noop_10000_requests"]["value"] == 0
