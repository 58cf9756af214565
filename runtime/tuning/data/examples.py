"""RawRow → Example | Unusable: one row judged, and brought into the form TRL reads. Pure.

Forms: https://huggingface.co/docs/trl/dataset_formats. `conversations` with from/value is ShareGPT's way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.tuning.config.training_config import DatasetConfig
from runtime.tuning.data.rows import Example, Form, RawRow, Unusable

ROLES = ("system", "developer", "user", "assistant", "tool")
_SHAREGPT = {"human": "user", "gpt": "assistant"}
_KEPT_OF_A_MESSAGE = ("role", "content", "name", "tool_calls", "tool_call_id")
_KEPT_OF_A_ROW = ("tools", "chat_template_kwargs")


class _Unfit(ValueError):
    """Why a row cannot be used, in a few words."""


@dataclass(frozen=True)
class Columns:
    """KAITO's mapping: which column holds what. Empty: by the names TRL knows."""

    context: str = ""
    response: str = ""
    messages: str = ""

    @classmethod
    def of(cls, config: DatasetConfig) -> Columns:
        """As the person's DatasetConfig says it."""
        return cls(config.context_column or "", config.response_column or "", config.messages_column or "")


def judge(row: RawRow, columns: Columns) -> Example | Unusable:
    """The example in this row, or why there is none."""
    if not isinstance(row.value, Mapping):
        return Unusable(row.file, row.place, f"holds {_kind(row.value)}, not an object with columns")
    try:
        form, found = _example(row.value, columns)
    except _Unfit as why:
        return Unusable(row.file, row.place, str(why))
    extra = {name: row.value[name] for name in _KEPT_OF_A_ROW if row.value.get(name) and form == "messages"}
    return Example(form, found | extra)


def _example(row: Mapping[str, Any], columns: Columns) -> tuple[Form, dict[str, Any]]:
    if columns.messages:
        return "messages", {"messages": _messages(_column(row, columns.messages), columns.messages)}
    if columns.context:
        response = columns.response or "completion"
        return "prompt and completion", _pair(row, columns.context, response)
    if columns.response and columns.response != "text":
        return "text", {"text": _text(_column(row, columns.response), columns.response)}
    if row.get("messages") is not None:
        return "messages", {"messages": _messages(row["messages"], "messages")}
    if row.get("conversations") is not None:
        return "messages", {"messages": _messages(row["conversations"], "conversations")}
    if row.get("prompt") is not None or row.get("completion") is not None:
        return "prompt and completion", _pair(row, "prompt", "completion")
    if row.get("text") is not None:
        return "text", {"text": _text(row["text"], "text")}
    raise _Unfit(
        f"has the columns {', '.join(sorted(map(str, row)))[:200] or '(none)'}, and none of messages, "
        "prompt and completion, or text; name them in DatasetConfig"
    )


def _column(row: Mapping[str, Any], name: str) -> Any:
    if row.get(name) is None:
        raise _Unfit(f"has nothing in the column {name}")
    return row[name]


def _pair(row: Mapping[str, Any], context: str, response: str) -> dict[str, Any]:
    prompt, completion = _opened(_column(row, context)), _opened(_column(row, response))
    if isinstance(prompt, list) and isinstance(completion, list):
        asked, answered = _turns(prompt, context), _turns(completion, response)
        _must_answer(answered, response)
        return {"prompt": asked, "completion": answered}
    return {"prompt": _text(prompt, context), "completion": _text(completion, response)}


def _text(value: Any, column: str) -> str:
    if not isinstance(value, str):
        raise _Unfit(f"holds {_kind(value)} in {column}, not text")
    if not value.strip():
        raise _Unfit(f"holds only white space in {column}")
    return value


def _messages(value: Any, column: str) -> list[dict[str, Any]]:
    turns = _turns(_opened(value), column)
    _must_answer(turns, column)
    return turns


def _opened(value: Any) -> Any:
    """CSV and some Parquet files hold messages as JSON in text."""
    if isinstance(value, str) and value.lstrip()[:2] in {"[{", "[\n", "[ "}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _turns(value: Any, column: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise _Unfit(f"holds {_kind(value)} in {column}, not a list of messages")
    return [_turn(turn, f"{column}[{number}]") for number, turn in enumerate(value)]


def _turn(turn: Any, where: str) -> dict[str, Any]:
    if not isinstance(turn, Mapping):
        raise _Unfit(f"holds {_kind(turn)} at {where}, not a message with role and content")
    if "from" in turn and "role" not in turn:
        turn = {"role": _SHAREGPT.get(str(turn["from"]), str(turn["from"])), "content": turn.get("value")}
    if turn.get("role") not in ROLES:
        raise _Unfit(f"has the role {str(turn.get('role'))[:40]!r} at {where}; roles are {', '.join(ROLES)}")
    kept = {name: turn[name] for name in _KEPT_OF_A_MESSAGE if turn.get(name) is not None}
    if kept.get("content") is None and not kept.get("tool_calls"):
        raise _Unfit(f"has no content at {where}")
    return kept | {"content": _content(kept.get("content"), where)}


def _content(value: Any, where: str) -> str:
    """Text, or a list of parts that are text all."""
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, list):
        raise _Unfit(f"holds {_kind(value)} as content at {where}, not text")
    if any(not isinstance(part, Mapping) or part.get("type") != "text" for part in value):
        raise _Unfit(f"holds more than text at {where}; only text is learnt from")
    return "".join(str(part.get("text", "")) for part in value)


def _must_answer(turns: list[dict[str, Any]], column: str) -> None:
    if not any(t["role"] == "assistant" and (t["content"].strip() or t.get("tool_calls")) for t in turns):
        raise _Unfit(f"has no answer of the assistant in {column}: nothing to learn")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "a truth value"}
    if isinstance(value, list) and not value:
        return "an empty list"
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)
