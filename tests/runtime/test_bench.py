"""The bench of the runtime: a quick one from end to end, and vLLM's options as vLLM reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bench_runtime.contenders import NAME, vllm_pair
from tests.bench_runtime.plan import make_plan

ROOT = Path(__file__).parents[2]
FIGURES = {
    *(f"small{clients}_{what}" for clients in ("", "_1", "_4") for what in ("tokens_per_s", "ttft_s")),
    *(f"small{clients}_{what}" for clients in ("", "_1", "_4") for what in ("inter_token_s", "answer_cpu_s")),
    "small_requests_per_s",
    "small_start_to_ready_s",
    "tune_final_loss",
    "tune_start_to_first_step_s",
    "tune_token_cpu_s",
    "tune_tokens_per_s",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_last_line_of_a_quick_bench_is_json_with_every_figure_beside_its_peer() -> None:
    for package in ("torch", "fastapi", "openai", "trl"):
        pytest.importorskip(package)
    bench = subprocess.run(
        (sys.executable, "-m", "tests.bench_runtime", "--quick", "--only", "small", "--only", "tune"),
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=890,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    told = json.loads(bench.stdout.splitlines()[-1])
    assert told.pop("machine")["model"].startswith("tiny")
    assert told.pop("skipped") == {}
    assert set(told) == FIGURES
    for name, figure in told.items():
        assert set(figure) == {"value", "unit", "peer", "ratio", "spread"}
        assert figure["value"] > 0 < figure["peer"], name
        assert name in bench.stdout
    assert told["tune_final_loss"]["ratio"] == pytest.approx(1, abs=1e-3)


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_both_contenders_give_vllm_the_same_options(tmp_path: Path) -> None:
    from runtime.serving.document import ServingConfig
    from runtime.serving.vllm.adapters import Found
    from runtime.serving.vllm.arguments import compose_arguments
    from runtime.serving.vllm.ground import Ground
    from runtime.serving.vllm.launch import _parser
    from runtime.serving.vllm.options import known_options
    from runtime.serving.vllm.user_config import UserConfig

    plan = make_plan(quick=True)
    ours, bare = vllm_pair(plan, tmp_path)
    config = ServingConfig.model_validate_json(Path(ours.start.argv[-1]).read_text())
    ground = Ground(device="cuda" if plan.device == "cuda" else "cpu")
    known = known_options(_parser())
    composed = compose_arguments(config, plan.model, Found(), UserConfig(), ground, known)
    read = [vars(_parser().parse_args(list(words))) for words in (composed.words, bare.start.argv[3:])]
    differing = {name for name in read[0] if read[0][name] != read[1][name]}
    assert differing == {"port", "middleware"}
    assert read[1]["served_model_name"] == [NAME]
