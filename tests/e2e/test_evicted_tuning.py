"""A machine that is taken away costs a tuning minutes, not its work: the next pod goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, fleet, staged
from tests.e2e.supplies import questions, served
from tests.e2e.test_real_containers import CLAIM, OURS, PATIENCE, PRESET, SETTINGS, TUNING, hub, tiny

__all__ = ["hub", "tiny"]
RUNTIME = os.environ.get("TOWLINE_RUNTIME", "")
pytestmark = [
    pytest.mark.skipif(not RUNTIME, reason="TOWLINE_RUNTIME names no Python with the containers' libraries"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
STEPS = 400
LONG = SETTINGS.replace("max_steps: 4", f"max_steps: {STEPS}").replace("logging_steps: 1", "logging_steps: 5")
KEPT = TUNING.replace("  name: tune\n", "  name: tune\n  annotations: {{towline.dev/work-claim: work}}\n", 1)


@pytest.fixture
def stage(tmp_path: Path, hub: Path) -> Iterator[Stage]:
    with staged(tmp_path, 20.0, runtime=Path(RUNTIME), hub=hub) as world:
        yield world


def test_a_tuning_whose_machine_is_taken_away_goes_on_where_it_was(stage: Stage, tiny: Path) -> None:
    rows = "".join(json.dumps(each) + "\n" for each in questions())
    (stage.folder / "rows.jsonl").write_text(rows)
    with served(stage.folder) as address:
        files = {
            "towline.yaml": fleet("  privateHosts: [127.0.0.1]\n", **OURS),
            "workspaces/claims.yaml": f"{CLAIM}---\n{CLAIM.replace('adapters', 'work')}",
            "workspaces/settings.yaml": LONG,
            "workspaces/tune.yaml": KEPT.format(preset=PRESET, url=f"{address}/rows.jsonl"),
        }
        stage.person.push(files)
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes(lambda: '"event": "step"' in log_of(stage, 0), daemon, PATIENCE)
            (first,) = pods(stage)
            stage.outlook.ask("DELETE", f"/api/v1/namespaces/default/pods/{first}")
            stage.becomes(lambda: pods(stage) not in ([], [first]), daemon, PATIENCE)
            stage.becomes(lambda: '"event": "resuming"' in log_of(stage, -1), daemon, PATIENCE)
            stage.becomes_phase("tune", "Succeeded", daemon, PATIENCE)
    told = stage.person.told("tune")
    assert told["tuning"]["step"] == STEPS
    assert told["message"].startswith(f"{PRESET} has been tuned")


def pods(stage: Stage) -> list[str]:
    """Its pods, the newest last."""
    found = sorted(stage.outlook.all("Pod"), key=lambda each: each["metadata"]["creationTimestamp"])
    return [each["metadata"]["name"] for each in found]


def log_of(stage: Stage, index: int) -> str:
    """What one of its pods has said."""
    found = pods(stage)
    return stage.outlook.log(found[index]) if found else ""
