"""A person's mistake ends in one sentence: in the log and in the termination message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.runtime.tuning.workplace import Workplace, write_lines

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"LoraConfig": {"rank": 8}}, "LoraConfig has no setting rank"),
        ({"DatasetConfig": {"messages_column": "chat"}}, "none of the 64 rows in rows.jsonl can be used"),
        ({"LoraConfig": {"target_modules": ["nowhere"]}}, "nowhere"),
        ({"QuantizationConfig": {"load_in_4bit": True}}, "the method is lora: say qlora"),
        ({"ModelConfig": {"chat_template": "/nowhere.jinja"}}, "/nowhere.jinja cannot be read"),
    ],
    ids=["unknown setting", "no usable row", "no such module", "bits with lora", "no template"],
)
def test_a_mistake_is_told_in_a_sentence(workplace: Workplace, sections: dict[str, Any], told: str) -> None:
    workplace.sections = sections
    assert workplace.run() == 1
    message = workplace.message()
    assert message["state"] == "failed"
    assert told in message["message"]
    assert workplace.telemetry()[-1]["message"] == message["message"]
    assert "Traceback" not in (workplace.root / "log.jsonl").read_text()


def test_messages_without_a_chat_template_are_told(workplace: Workplace) -> None:
    import shutil

    bare = workplace.root / "bare"
    shutil.copytree(workplace.model, bare)
    (bare / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((bare / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (bare / "tokenizer_config.json").write_text(json.dumps(settings))
    workplace.model = bare
    assert workplace.run() == 1
    assert "the base model has no chat template" in workplace.message()["message"]


def test_a_document_with_a_mistake_is_told_by_its_field(workplace: Workplace) -> None:
    workplace.settings = {"method": "full"}
    assert workplace.run() == 1
    assert "tuning.json: method: input should be 'lora' or 'qlora'" in workplace.telemetry()[-1]["message"]


def test_data_that_are_not_there_are_told(workplace: Workplace) -> None:
    workplace.settings = {"data": {"kind": "folder", "path": str(workplace.root / "nowhere")}}
    assert workplace.run() == 1
    assert "nowhere" in workplace.message()["message"]


def test_rows_that_are_cut_are_told(workplace: Workplace) -> None:
    long = {"role": "assistant", "content": "word " * 400}
    rows = [{"messages": [{"role": "user", "content": "?"}, long]}] * 8
    write_lines(workplace.root / "data" / "rows.jsonl", rows)
    workplace.arguments = {"max_length": 64, "max_steps": 2}
    assert workplace.run() == 0
    assert workplace.told("cut")["to_tokens"] == 64
