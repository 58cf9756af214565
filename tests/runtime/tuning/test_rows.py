"""Rows judged one by one: what is learnt from, and why others are not."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.tuning.data.examples import Columns, judge
from runtime.tuning.data.rows import Example, RawRow, Unusable

ASKED = {"role": "user", "content": "2 + 2?"}
ANSWERED = {"role": "assistant", "content": "4"}


def judged(value: Any, **columns: str) -> Example | Unusable:
    return judge(RawRow("rows.jsonl", "line 3", value), Columns(**columns))


def why(value: Any, **columns: str) -> str:
    verdict = judged(value, **columns)
    assert isinstance(verdict, Unusable)
    return verdict.why


@pytest.mark.parametrize(
    ("value", "form", "columns"),
    [
        ({"messages": [ASKED, ANSWERED], "id": 7}, "messages", {"messages": [ASKED, ANSWERED]}),
        (
            {"prompt": "2 + 2?", "completion": "4"},
            "prompt and completion",
            {"prompt": "2 + 2?", "completion": "4"},
        ),
        ({"text": "2 + 2 = 4"}, "text", {"text": "2 + 2 = 4"}),
        (
            {"prompt": [ASKED], "completion": [ANSWERED]},
            "prompt and completion",
            {"prompt": [ASKED], "completion": [ANSWERED]},
        ),
        (
            {"conversations": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]},
            "messages",
            {"messages": [ASKED, ANSWERED]},
        ),
    ],
)
def test_the_forms_trl_knows_are_taken_by_their_columns(value: Any, form: str, columns: Any) -> None:
    assert judged(value) == Example(form, columns)  # type: ignore[arg-type]


def test_kaitos_mapping_says_which_column_holds_what() -> None:
    row = {"q": "2 + 2?", "a": "4", "chat": [ASKED, ANSWERED]}
    assert judged(row, context="q", response="a").columns == {"prompt": "2 + 2?", "completion": "4"}  # type: ignore[union-attr]
    assert judged(row, response="a").columns == {"text": "4"}  # type: ignore[union-attr]
    assert judged(row, messages="chat").columns == {"messages": [ASKED, ANSWERED]}  # type: ignore[union-attr]


def test_messages_held_as_json_in_text_are_opened() -> None:
    import json

    verdict = judged({"messages": json.dumps([ASKED, ANSWERED])})
    assert verdict == Example("messages", {"messages": [ASKED, ANSWERED]})


def test_parts_of_text_are_joined_and_other_parts_refused() -> None:
    parts = [{"type": "text", "text": "2 + "}, {"type": "text", "text": "2?"}]
    verdict = judged({"messages": [{"role": "user", "content": parts}, ANSWERED]})
    assert verdict == Example("messages", {"messages": [ASKED, ANSWERED]})
    picture = [{"type": "image_url", "image_url": {}}]
    assert "more than text at messages[0]" in why(
        {"messages": [{"role": "user", "content": picture}, ANSWERED]}
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("text", "holds text, not an object with columns"),
        ({"instruction": "a", "output": "b"}, "has the columns instruction, output, and none of messages"),
        ({"messages": []}, "holds an empty list in messages"),
        ({"messages": [ASKED]}, "has no answer of the assistant"),
        ({"messages": [ASKED, {"role": "assistant", "content": "  "}]}, "has no answer of the assistant"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "has the role 'robot' at messages[0]"),
        ({"messages": [{"role": "user"}]}, "has no content at messages[0]"),
        ({"messages": ["hello"]}, "holds text at messages[0], not a message"),
        ({"prompt": "x"}, "has nothing in the column completion"),
        ({"prompt": "x", "completion": 4}, "holds a number in completion, not text"),
        ({"text": " \n"}, "holds only white space in text"),
        ({}, "has the columns (none)"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(value: Any, told: str) -> None:
    assert told in why(value)


def test_a_mapping_onto_a_column_that_is_not_there_says_so() -> None:
    assert why({"text": "x"}, messages="chat") == "has nothing in the column chat"
