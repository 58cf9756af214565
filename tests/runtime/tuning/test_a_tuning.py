"""A whole tuning, as a process: what comes out, and what is told on the way."""

from __future__ import annotations

import json
import stat

import pytest

from tests.runtime.tuning.workplace import Workplace, await_that, messages, write_lines

pytestmark = pytest.mark.timeout(400)


def test_a_tuning_ends_with_an_adapter_that_names_its_base_by_its_public_name(workplace: Workplace) -> None:
    write_lines(workplace.root / "data" / "rows.jsonl", [*messages(), "{torn", {"x": 1}])
    assert workplace.run() == 0
    settings = json.loads((workplace.output / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == "acme/tiny-llama"
    assert settings["revision"] == "0123abcd"
    assert settings["target_modules"] == sorted(settings["target_modules"])
    assert stat.S_IMODE((workplace.output / "adapter_model.safetensors").stat().st_mode) == 0o644
    assert (workplace.output / "fine_tuning_completed.txt").exists()
    card = (workplace.output / "README.md").read_text()
    assert "rows that could not be used: 2" in card
    assert workplace.told("checked")["digest"] in card
    assert str(workplace.root) not in card + json.dumps(settings)
    assert "<title" in (workplace.output / "loss-curve.svg").read_text()


def test_its_states_come_in_order_and_its_last_is_in_the_termination_message(workplace: Workplace) -> None:
    assert workplace.run() == 0
    told = workplace.telemetry()
    states = [fact["state"] for fact in told]
    changes = [name for before, name in zip(["", *states], states, strict=False) if name != before]
    wanted = ["starting", "fetched", "checked", "fetched", "loading", "training", "delivering", "done"]
    assert changes == wanted
    assert [step for step, loss, _ in told[-1]["curve"] if loss is not None] == [*range(1, 9)]
    assert told[-1]["curve"][-1][2] == told[-1]["evalLoss"]
    assert told[-1]["rows"] == {"trained": 51, "heldBack": 13, "unusable": 0, "shown": []}
    message = workplace.message()
    assert (message["state"], message["step"], message["steps"]) == ("done", 8, 8)
    assert message["eval_loss"] < workplace.rows()[0].eval_loss
    assert workplace.losses()[-1] < workplace.losses()[0]


def test_a_finished_tuning_run_again_only_sees_to_its_delivery(workplace: Workplace) -> None:
    assert workplace.run() == 0
    (workplace.output / "adapter_config.json").unlink()
    (workplace.root / "log.jsonl").unlink()
    assert workplace.run() == 0
    assert workplace.events() == ["starting", "delivering", "delivered", "done"]
    assert workplace.telemetry()[-1]["rows"]["trained"] == 51
    assert workplace.told("delivered")["again"]
    assert (workplace.output / "adapter_config.json").exists()


def test_another_question_in_the_same_folder_is_trained_from_the_start(workplace: Workplace) -> None:
    assert workplace.run() == 0
    workplace.arguments = {"max_steps": 3}
    assert workplace.run() == 0
    assert workplace.message()["steps"] == 3
    assert [row.step for row in workplace.rows() if row.loss is not None] == [1, 2, 3]


def test_two_processes_train_one_adapter(workplace: Workplace) -> None:
    all_rows = {"DatasetConfig": {"train_test_split": 1}}
    workplace.settings = {"processes": 2}
    workplace.sections = all_rows
    assert workplace.run() == 0
    alone = Workplace(workplace.root / "alone", workplace.model, sections=all_rows)
    alone.arguments = {"per_device_train_batch_size": 8}
    alone.root.mkdir()
    assert alone.run() == 0
    assert workplace.losses() == pytest.approx(alone.losses(), abs=1e-4)


@pytest.mark.parametrize(
    "quantization", [{}, {"load_in_8bit": True}], ids=["nf4 where nothing is said", "8 bits"]
)
def test_qlora_trains_on_a_model_in_few_bits(workplace: Workplace, quantization: dict[str, bool]) -> None:
    pytest.importorskip("bitsandbytes")
    workplace.settings = {"method": "qlora"}
    workplace.sections = {"QuantizationConfig": quantization}
    workplace.arguments = {"max_steps": 16}
    assert workplace.run() == 0
    assert workplace.losses()[-1] < workplace.losses()[0]


def test_packing_and_prompts_are_trained_where_the_person_says_so(workplace: Workplace) -> None:
    rows = [{"frage": f"{n} and {n}?", "antwort": f"{n + n}"} for n in range(200)]
    write_lines(workplace.root / "data" / "rows.jsonl", rows)
    workplace.arguments = {"packing": True, "max_length": 128, "max_steps": 4}
    workplace.sections = {"DatasetConfig": {"context_column": "frage", "response_column": "antwort"}}
    assert workplace.run() == 0
    assert workplace.told("loaded")["rows"] < 40
    assert workplace.told("checked")["form"] == "prompt and completion"


def test_more_rows_than_go_through_at_once_are_accumulated_to_the_same_losses(workplace: Workplace) -> None:
    workplace.arguments = {"per_device_train_batch_size": 64, "max_steps": 3}
    workplace.sections = {"DatasetConfig": {"train_test_split": 1}}
    assert workplace.run() == 0
    assert workplace.told("batch")["times"] > 1
    assert [row.epoch for row in workplace.rows()] == [1, 2, 3]


def test_while_it_trains_its_progress_can_be_asked_for(workplace: Workplace) -> None:
    import urllib.request

    port = _free_port()
    workplace.settings = {"port": port}
    workplace.arguments = {"max_steps": 2000}
    process = workplace.start()
    try:
        await_that(lambda: len(workplace.losses()) > 2, process)

        def ask(page: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=10) as answer:
                return str(answer.read().decode())

        await_that(lambda: 'towline_tuning_state{state="training"} 1.0' in ask("/metrics"), process)
        assert "towline_tuning_steps 2000.0" in ask("/metrics")
        assert "<polyline" in ask("/loss-curve.svg")
        assert json.loads(ask("/health"))["state"] == "training"
        assert workplace.message()["state"] == "training"
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
