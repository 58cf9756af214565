"""The bench itself: a hundredth of it, from end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.figure import Figure, last_line

FIGURES = {
    "push_to_apply_s",
    "push_to_status_s",
    "noop_1000_cpu_s",
    "noop_10000_cpu_s",
    "noop_10000_requests",
    "noop_10000_rss_mb",
    "plan_1000_cpu_s",
    "git_poll_bytes",
}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, the peer, is not installed")
def test_the_last_line_of_a_small_bench_is_json_with_every_figure_beside_its_peer() -> None:
    bench = subprocess.run(
        (sys.executable, "-m", "tests.bench"),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TOWLINE_BENCH_SMALL": "100"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    told = json.loads(bench.stdout.splitlines()[-1])
    assert set(told) == FIGURES
    for name, figure in told.items():
        assert set(figure) == {"value", "unit", "peer", "ratio"}
        assert figure["peer"] > 0, name
        assert name in bench.stdout
    assert told["noop_10000_requests"]["value"] == 0
    assert told["git_poll_bytes"]["ratio"] < 1


def test_a_figure_without_a_peer_has_no_ratio() -> None:
    told = json.loads(last_line([Figure("a", 2.0, "s", None, "nobody"), Figure("b", 2.0, "s", 4.0, "b")]))
    assert told["a"] == {"value": 2.0, "unit": "s", "peer": None, "ratio": None}
    assert told["b"]["ratio"] == 0.5
