"""The model card: what a person wants to know before they serve an adapter. Pure.

Front matter: https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

import json

from runtime.tuning.result.trained import Trained


def model_card(trained: Trained) -> str:
    """README.md, as Markdown with front matter."""
    return "\n".join(
        [*_front(trained), *_what(trained), *_learnt(trained), *_data(trained), *_settings(trained)]
    )


def _front(trained: Trained) -> list[str]:
    return [
        "---",
        f"base_model: {json.dumps(trained.base)}",
        "library_name: peft",
        "pipeline_tag: text-generation",
        f"tags: [lora, sft, {trained.method}]",
        "---",
        "",
    ]


def _what(trained: Trained) -> list[str]:
    revision = f" at revision `{trained.revision}`" if trained.revision else ""
    way = "QLoRA" if trained.method == "qlora" else "LoRA"
    return [
        f"# {trained.workspace}",
        "",
        f"A {way} adapter for `{trained.base}`{revision}. It is of no use to another model.",
        "",
    ]


def _learnt(trained: Trained) -> list[str]:
    head = ["## How it learnt", "", "| | first | last |", "|---|---|---|"]
    rows = [
        f"| {name} | {_loss(first)} | {_loss(last)} |"
        for name, first, last in (
            ("training loss", trained.first_loss, trained.loss),
            ("loss on rows held back", trained.first_eval_loss, trained.eval_loss),
        )
        if last is not None
    ]
    length = f"{trained.steps} steps, {trained.epochs:g} passes over the data. Losses are nats a token."
    return [*head, *rows, "", length, "", "![Loss by step](loss-curve.svg)", ""]


def _data(trained: Trained) -> list[str]:
    return [
        "## Data",
        "",
        f"- rows trained on: {trained.rows_trained}, as {trained.form}",
        f"- rows held back to evaluate: {trained.rows_held_back}",
        f"- rows that could not be used: {trained.rows_unusable}",
        f"- digest of the rows used: `{trained.data_digest}`",
        "",
    ]


def _settings(trained: Trained) -> list[str]:
    if not trained.said:
        return ["## Settings", "", "The defaults.", ""]
    lines = [
        f"| {section} | {name} | `{json.dumps(value, ensure_ascii=False).replace('|', chr(92) + '|')}` |"
        for section, said in trained.said.items()
        for name, value in sorted(said.items())
    ]
    return ["## Settings", "", "| section | setting | value |", "|---|---|---|", *lines, ""]


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
