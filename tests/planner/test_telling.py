"""What a container says of itself, told on the status branch: in its file, its badge, the page, the log."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from reconciler.domain.report import Phase, Report, StatusCommit, WorkspaceReport
from reconciler.domain.telemetry import BENCHMARK, Benchmark, Download, Point, Rows, Telemetry, Training
from reconciler.planner.tell.status import blob_id, compose_status
from reconciler.planner.tell.status_measured import MOST_BENCHMARKS, MOST_CURVES
from tests.builders import A100
from tests.planner.scenes import fleet_report, workspace_report
from tests.planner.speaking import (
    CURVE,
    DIGEST,
    benchmark,
    loading_report,
    measured_report,
    training,
    tuning_report,
)
from tests.planner.test_status import HOSTILE, PLAIN_TAGS

LOADING = "the model to load: 1.4 of 7.1 GB at 95 MB/s"
MOST_OF_A_PAGE = 512 * 1024


def composed(report: Report, written: dict[str, str] | None = None) -> StatusCommit:
    status = compose_status(report, written or {}, {})
    assert status is not None
    return status


def text(status: StatusCommit, path: str) -> str:
    return (status.files[path] or b"").decode()


def page(*workspaces: WorkspaceReport) -> str:
    return text(composed(fleet_report(*workspaces)), "README.md")


def told(report: WorkspaceReport) -> Any:
    return yaml.safe_load(text(composed(fleet_report(report)), f"status/default/{report.name.name}.yaml"))


def badge(report: WorkspaceReport) -> str:
    return str(
        json.loads(text(composed(fleet_report(report)), f"badges/default/{report.name.name}.json"))["message"]
    )


def sentence(report: WorkspaceReport) -> str:
    return composed(fleet_report(report)).message.splitlines()[0]


def ended(state: str = "done", **changes: Any) -> Training:
    return training(**{"state": state, "step": 400, "eta_seconds": 0.0, "digest": DIGEST, **changes})


def test_a_silent_workspace_has_none_of_these_sections() -> None:
    assert not {"download", "benchmark", "tuning"} & set(told(workspace_report()))
    assert "## " not in page(workspace_report())


def test_the_status_file_says_how_far_a_tuning_has_come() -> None:
    rows = Rows(360, 40, 2, ("rows.jsonl:7: no answer", "rows.jsonl:9: it is no JSON"))

    file = text(composed(fleet_report(tuning_report(heard=training(rows=rows)))), "status/default/tune.yaml")

    assert (
        "tuning:\n"
        "  state: training\n"
        "  step: 120\n"
        "  steps: 400\n"
        "  epoch: 0.912\n"
        "  loss: 1.234\n"
        "  evalLoss: 1.7\n"
        "  learningRate: 2.0e-05\n"
        "  tokensPerSecond: 812\n"
        "  remaining: about 12 min\n"
        "  rows:\n"
        "    trained: 360\n"
        "    heldBack: 40\n"
        "    unusable: 2\n"
        "    shown:\n"
        '    - "rows.jsonl:7: no answer"\n'
        '    - "rows.jsonl:9: it is no JSON"\n'
        "  lossCurve: curves/default/tune.svg\n"
    ) in file


def test_a_finished_tuning_names_its_adapter_and_waits_for_nothing() -> None:
    section = told(tuning_report(phase=Phase.SUCCEEDED, awaiting="", heard=ended()))["tuning"]

    assert section["adapter"] == DIGEST
    assert "remaining" not in section


def test_what_is_not_known_yet_is_not_told() -> None:
    assert told(tuning_report(heard=Training("starting")))["tuning"] == {"state": "starting"}
    assert told(tuning_report(heard=Training("training", 0, 9)))["tuning"]["step"] == 0


def test_the_status_file_says_what_the_benchmark_found() -> None:
    assert told(measured_report())["benchmark"] == {
        "tokensPerSecond": 197,
        "tokensPerMinute": 94213,
        "timeToFirstToken": "0.18 s",
        "timePerOutputToken": "23 ms",
        "largestContext": 131072,
        "clients": 16,
    }
    kaitos = Benchmark(tokens_per_minute=94_213.4, ttft_seconds=0.1834)
    assert set(told(measured_report(heard=kaitos))["benchmark"]) == {"tokensPerMinute", "timeToFirstToken"}
    assert told(measured_report(heard=Benchmark(error="no answer\nin 60 s")))["benchmark"] == {
        "error": "no answer in 60 s"
    }


def test_the_status_file_says_how_much_of_the_model_is_there() -> None:
    assert told(loading_report())["download"] == {
        "what": "microsoft/phi-4",
        "done": "1.4 of 7.1 GB",
        "percent": 20,
        "speed": "95 MB/s",
    }
    assert told(loading_report(7_100_000_000))["download"] == {
        "what": "microsoft/phi-4",
        "done": "7.1 GB",
        "percent": 100,
    }
    assert told(loading_report(total=0))["download"]["done"] == "1.4 GB"


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (measured_report(), "Ready · 197 tok/s"),
        (measured_report(heard=Benchmark(tokens_per_minute=94_213.4)), "Ready · 94,213 tok/min"),
        (measured_report(heard=Benchmark(error="no answer")), "Ready"),
        (measured_report(phase=Phase.NOT_READY), "NotReady"),
        (tuning_report(), "Running · 30 %"),
        (tuning_report(heard=training(step=399)), "Running · 99 %"),
        (tuning_report(heard=training(state="loading", step=0, steps=0)), "Running"),
        (tuning_report(heard=training(state="delivering", step=400)), "Running · delivering"),
        (tuning_report(phase=Phase.SUCCEEDED, heard=ended()), "Succeeded · eval 1.70"),
        (tuning_report(phase=Phase.SUCCEEDED, heard=ended(eval_loss=None)), "Succeeded · loss 1.23"),
        (tuning_report(phase=Phase.FAILED, heard=ended("failed")), "Failed"),
        (loading_report(), "Pending · 20 %"),
        (loading_report(7_100_000_000), "Pending"),
        (loading_report(total=0), "Pending"),
        (loading_report(phase=Phase.READY), "Ready"),
        (loading_report(nodes_ready=()), "Pending"),
    ],
)
def test_a_badge_says_beside_the_phase_what_is_worth_telling(report: WorkspaceReport, message: str) -> None:
    assert badge(report) == message


def test_the_picture_of_a_badge_says_what_its_endpoint_says() -> None:
    status = composed(fleet_report(tuning_report()))

    assert "<title>tune: Running · 30 %</title>" in text(status, "badges/default/tune.svg")
    assert "[![tune: Running · 30 %](badges/default/tune.svg)](status/default/tune.yaml)" in text(
        status, "README.md"
    )


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (tuning_report(), "tune: step 120 of 400, loss 1.23, eval loss 1.70"),
        (tuning_report(heard=training(eval_loss=None)), "tune: step 120 of 400, loss 1.23"),
        (tuning_report(heard=training(state="checked", step=0, steps=0)), "tune: its data is checked"),
        (tuning_report(heard=training(state="delivering", step=400)), "tune: delivering the adapter"),
        (tuning_report(heard=training(state="interrupted")), "tune: interrupted at step 120 of 400"),
        (tuning_report(phase=Phase.SUCCEEDED, heard=ended()), "tune has Succeeded: eval loss 1.70"),
        (tuning_report(phase=Phase.SUCCEEDED, heard=ended(eval_loss=None)), "tune has Succeeded"),
        (
            tuning_report(phase=Phase.FAILED, heard=ended("failed", message="no row can be used")),
            "tune has Failed: no row can be used",
        ),
        (measured_report(), f"phi is Ready on 1× {A100}, 197 tok/s"),
        (measured_report(awaiting=BENCHMARK, heard=Benchmark()), f"phi is Ready on 1× {A100}"),
        (
            loading_report(message=f"Waiting for {LOADING}", awaiting=LOADING),
            "phi is Pending, waiting for the model to load: 1.4 of 7.1 GB at 95 MB/s",
        ),
    ],
)
def test_a_notch_alone_is_a_commit_that_reads_well(report: WorkspaceReport, said: str) -> None:
    assert sentence(report) == said


def test_a_tuning_has_its_curve_on_the_branch_and_on_the_page() -> None:
    status = composed(fleet_report(tuning_report()))

    assert text(status, "curves/default/tune.svg").startswith("<svg ")
    assert (
        "## Tunings\n\n"
        "**tune**, Running: 360 rows trained on, 40 held back to evaluate; 812 tokens/s\n\n"
        "[![Loss of tune](curves/default/tune.svg)](status/default/tune.yaml)\n"
    ) in text(status, "README.md")


def test_a_tuning_without_a_loss_has_no_curve_anywhere() -> None:
    status = composed(fleet_report(tuning_report(heard=training(curve=()))))

    assert "curves/default/tune.svg" not in status.files
    assert "curve" not in text(status, "README.md") + text(status, "status/default/tune.yaml")


def test_beside_the_curve_of_a_tuning_that_is_over_stands_its_adapter() -> None:
    over = tuning_report(phase=Phase.SUCCEEDED, awaiting="", heard=ended(rows=Rows(360, 0, 2)))
    bare = tuning_report(heard=Training("training", 3, 9, curve=CURVE))

    assert f"**tune**, Succeeded: 360 rows trained on, 2 of no use; 812 tokens/s; adapter `{DIGEST}`" in page(
        over
    )
    assert "**tune**, Running\n" in page(bare)


def test_what_still_runs_stands_before_what_is_over_each_by_name() -> None:
    over = [tuning_report(name, phase=Phase.SUCCEEDED, awaiting="", heard=ended()) for name in ("b", "a")]

    shown = re.findall(r"!\[Loss of (\w+)\]", page(*over, tuning_report("z"), tuning_report("y")))

    assert shown == ["y", "z", "a", "b"]


def test_benchmarks_are_a_table_without_columns_nobody_filled() -> None:
    kaitos = measured_report("kaitos", Benchmark(tokens_per_minute=52_000.0, ttft_seconds=0.0912))
    wrong = measured_report("wrong", Benchmark(error="no answer"))

    section = page(wrong, measured_report(), kaitos).split("## Benchmarks\n\n")[1].split("\n\n")[0]

    assert section.splitlines() == [
        "| Workspace | Tokens/s | Tokens/min | First token | Each further | Context | Clients | Machines |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
        f"| [kaitos](status/default/kaitos.yaml) | – | 52,000 | 91 ms | – | – | – | 1× {A100} |",
        f"| [phi](status/default/phi.yaml) | 197 | 94,213 | 0.18 s | 23 ms | 131,072 | 16 | 1× {A100} |",
    ]
    assert "| Workspace | Tokens/min | First token | Machines |" in page(kaitos)
    assert "Benchmarks" not in page(wrong)


def test_the_curve_of_a_removed_workspace_goes_with_it_and_other_peoples_pictures_stay() -> None:
    first = composed(fleet_report(tuning_report()))
    there = {path: blob_id(data) for path, data in first.files.items() if data is not None}

    status = composed(fleet_report(), {**there, "curves/mine.svg": "a" * 40, "curves/a/b/c.svg": "b" * 40})

    assert {path for path, data in status.files.items() if data is None} == {
        "badges/default/tune.json",
        "badges/default/tune.svg",
        "curves/default/tune.svg",
        "status/default/tune.yaml",
    }
    assert status.message.splitlines()[0] == "tune is gone"


def test_a_curve_that_is_not_drawn_any_more_is_removed() -> None:
    first = composed(fleet_report(tuning_report()))
    there = {path: blob_id(data) for path, data in first.files.items() if data is not None}

    again = composed(fleet_report(tuning_report(heard=Training("starting"))), there)

    assert again.files["curves/default/tune.svg"] is None
    assert sentence(tuning_report(heard=Training("starting"))) == "tune: starting"


def test_the_same_words_are_the_same_bytes_and_no_commit() -> None:
    report = fleet_report(tuning_report(), measured_report(), workspace_report("quiet"))
    first = composed(report)
    there = {path: blob_id(data) for path, data in first.files.items() if data is not None}
    memo: dict[Any, Any] = {}

    assert compose_status(report, there, memo) is None
    assert compose_status(report, there, memo) is None
    assert composed(report).files == first.files


def test_a_step_further_moves_the_file_the_badge_the_curve_and_the_page_alone() -> None:
    first = composed(fleet_report(tuning_report(), measured_report()))
    there = {path: blob_id(data) for path, data in first.files.items() if data is not None}
    further = training(step=140, curve=(*CURVE, Point(140, 1.2)))

    status = composed(fleet_report(tuning_report(heard=further), measured_report()), there)

    assert list(status.files) == [
        "README.md",
        "badges/default/tune.json",
        "badges/default/tune.svg",
        "curves/default/tune.svg",
        "status/default/tune.yaml",
    ]


def test_a_large_fleet_of_talkers_still_fits_a_page() -> None:
    tunings = [tuning_report(f"tune-{number:03}") for number in range(MOST_CURVES + 130)]
    served = [measured_report(f"chat-{number:03}", benchmark()) for number in range(MOST_BENCHMARKS + 50)]

    told = page(*tunings, *served)

    assert told.count("![Loss of") == MOST_CURVES
    assert "And 130 more, each with a file under [curves](curves)." in told
    assert "And 50 more, each in its file under [status](status)." in told
    assert len(told.encode()) < MOST_OF_A_PAGE


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_of_a_container_stay_words(words: str) -> None:
    heard = training(state=words, digest=words, message=words, rows=Rows(1, 1, 1, (words,) * 9))
    tuned = tuning_report(words, namespace="default", heard=heard, phase=Phase.FAILED)
    loads = workspace_report(
        "loads",
        phase=Phase.PENDING,
        telemetry=Telemetry(words, Download(words, 1, 9), Benchmark(error=words)),
    )

    status = composed(fleet_report(tuned, measured_report(instance_type=words), loads))

    html = MarkdownIt("commonmark", {"html": True}).enable(["table"]).render(text(status, "README.md"))
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= PLAIN_TAGS
    assert all(
        re.fullmatch(r"(badges|status|curves)(/[\w%.-]+)*", each)
        for each in re.findall(r'(?:href|src)="([^"]*)"', html)
    )
    for path, data in status.files.items():
        assert path.isascii()
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", (data or b"").decode())
    assert all("\n" not in line for line in status.message.splitlines())
    file = next(
        path
        for path in status.files
        if path.startswith("status/") and "loads" not in path and "phi" not in path
    )
    assert len(yaml.safe_load(text(status, file))["tuning"]["rows"]["shown"]) == 5
