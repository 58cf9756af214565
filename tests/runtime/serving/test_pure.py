"""The parts that decide: text from tokens, turns, draws, adapters, figures, documents."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from runtime.artifacts import Mistaken
from runtime.serving.bench_client import Answer, Sample, Unanswered
from runtime.serving.benchmark import Figures, lengths, summarise
from runtime.serving.document import Benchmark, ServingConfig
from runtime.serving.reading import parse_document
from runtime.serving.small.demo_model import demo_model
from runtime.serving.small.faults import UnusableAdapter
from runtime.serving.small.loading import fastest_dtype
from runtime.serving.small.lora import Base, read_lora
from runtime.serving.small.question import Sampling
from runtime.serving.small.scribe import Scribe
from runtime.serving.small.wish import choose
from runtime.serving.telling import MOST_BYTES, last_word
from runtime.serving.turns import Full, Turns

DOCUMENT = """
apiVersion: runtime.towline.dev/v1alpha1
kind: ServingConfig
model: {servedName: m, source: {kind: hub, repository: a/b, revision: c, allow: ["*.json"]}}
engine: {kind: small}
"""


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> object:
    return AutoTokenizer.from_pretrained(tiny_model).backend_tokenizer


def written(tokenizer: object, text: str, *stops: str) -> tuple[list[str], bool]:
    """Every piece a scribe lets go, a token at a time."""
    scribe = Scribe(tokenizer, [], stops)  # type: ignore[arg-type]
    pieces = [scribe.write([token]) for token in tokenizer.encode(text).ids]  # type: ignore[attr-defined]
    return [*pieces, scribe.close()], scribe.stopped


@pytest.mark.parametrize("text", ["plain words", "wörld 🎉🎉 漢字", "tabs\t\n\n    and spaces", ""])
def test_text_comes_whole_and_never_half_a_character(tokenizer: object, text: str) -> None:
    pieces, stopped = written(tokenizer, text)
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert not stopped


def test_a_character_left_unfinished_is_marked_at_the_end(tokenizer: object) -> None:
    scribe = Scribe(tokenizer, [], ())  # type: ignore[arg-type]
    tokens = tokenizer.encode("a🎉").ids  # type: ignore[attr-defined]
    assert scribe.write(tokens[:-1]) == "a"
    assert scribe.close() == "\ufffd"


def test_what_could_begin_a_stop_string_is_held_until_it_is_known(tokenizer: object) -> None:
    pieces, stopped = written(tokenizer, "say STOP now, then STOP here please", "STOP here")
    assert "".join(pieces) == "say STOP now, then "
    assert stopped
    pieces, stopped = written(tokenizer, "it ends in STOP", "STOP here")
    assert "".join(pieces) == "it ends in STOP"
    assert not stopped


def test_the_first_of_several_stop_strings_counts(tokenizer: object) -> None:
    assert "".join(written(tokenizer, "one two three", "three", "two")[0]) == "one "


def test_turns_are_given_in_order_and_the_line_has_an_end() -> None:
    async def story() -> list[str]:
        turns, told = Turns(running=1, waiting=1), []

        async def stand(name: str) -> None:
            async with turns.enter():
                told.append(name)
                await asyncio.sleep(0)

        first, second = asyncio.create_task(stand("first")), asyncio.create_task(stand("second"))
        await asyncio.sleep(0)
        with pytest.raises(Full):
            turns.enter()
        assert (turns.running, turns.waiting) == (1, 1)
        await asyncio.gather(first, second)
        await turns.idle()
        assert (turns.running, turns.waiting) == (0, 0)
        return told

    assert asyncio.run(story()) == ["first", "second"]


def test_who_leaves_the_line_makes_room() -> None:
    async def story() -> None:
        turns = Turns(running=1, waiting=1)

        async def stand(gate: asyncio.Event) -> None:
            async with turns.enter():
                await gate.wait()

        gate = asyncio.Event()
        tasks = [asyncio.create_task(stand(gate)) for _ in range(2)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(tasks[1], return_exceptions=True)
        assert turns.waiting == 0
        turns.enter()
        gate.set()
        await tasks[0]
        await turns.idle()

    asyncio.run(story())


def draws(logits: list[float], how: Sampling, times: int = 200) -> set[int]:
    dice = torch.Generator().manual_seed(0)
    return {int(choose(torch.tensor(logits), how, dice)) for _ in range(times)}


def test_cuts_leave_the_likely_tokens_and_no_others() -> None:
    logits = [0.0, 3.0, 2.0, 1.0]
    assert draws(logits, Sampling()) == {0, 1, 2, 3}
    assert draws(logits, Sampling(top_k=2)) == {1, 2}
    assert draws(logits, Sampling(top_p=0.8)) == {1, 2}
    assert draws(logits, Sampling(top_p=0.01)) == {1}
    assert draws(logits, Sampling(min_p=0.3)) == {1, 2}
    assert draws(logits, Sampling(top_k=3, top_p=0.8)) == {1, 2}
    assert draws(logits, Sampling(temperature=0.01)) == {1}


def test_bfloat16_is_taken_only_where_the_machine_computes_in_it() -> None:
    assert fastest_dtype("cpu", {"avx512_bf16": False, "avx2": True}) == torch.float32
    assert fastest_dtype("cpu", {"amx_bf16": True}) == torch.bfloat16
    assert fastest_dtype("cuda", {}) == torch.bfloat16


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"peft_type": "IA3"}, "is not a LoRA adapter"),
        ({"modules_to_save": ["lm_head"]}, "uses modules_to_save"),
        ({"bias": "all"}, "uses bias"),
    ],
)
def test_an_adapter_of_another_kind_is_named(
    adapters: Path, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    config = json.loads((adapters / "red" / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(UnusableAdapter, match=words):
        read_lora(tmp_path, "x", base({}))


def base(layers: dict[str, torch.Size], most_rank: int = 64) -> Base:
    return Base(layers, most_rank, torch.float32, "cpu")


def test_an_adapter_for_another_model_is_told_apart(adapters: Path) -> None:
    parts = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj")
    others = {f"model.layers.{number}.{part}": torch.Size((9, 9)) for number in (0, 1) for part in parts}
    for fit, words in [
        (base({}), "which this model does not have"),
        (base(others), "trained for another base model"),
        (base(others, most_rank=2), "has rank 4"),
    ]:
        with pytest.raises(UnusableAdapter, match=words):
            read_lora(adapters / "red", "red", fit)


def test_a_benchmark_shrinks_to_the_limit() -> None:
    assert lengths(Benchmark(prompt_tokens=2048, answer_tokens=256), 131072) == (2048, 256)
    assert lengths(Benchmark(prompt_tokens=2048, answer_tokens=256), 2048) == (1792, 256)
    assert lengths(Benchmark(prompt_tokens=2048, answer_tokens=256), 100) == (50, 50)


def test_figures_count_what_came_in_time() -> None:
    refused = Unanswered("429: too many")
    samples: list[Answer] = [
        Sample(0.1, 0.9, 10, 10, whole=True),
        Sample(0.3, 0.9, 10, 10, whole=False),
        refused,
    ]
    figures = summarise(samples, seconds=2, clients=3, context=100)
    assert isinstance(figures, Figures)
    assert (figures.tokens_per_second, figures.total_tokens_per_minute) == (10, 1200)
    assert (figures.ttft_p50_seconds, figures.tpot_avg_seconds) == (0.2, 0.1)
    assert (figures.requests, figures.failed) == (2, 1)


def test_a_benchmark_that_found_nothing_says_why() -> None:
    refused = [Unanswered("503: the model is not ready"), Unanswered("429: too many wait")]
    told = summarise([*refused], seconds=2, clients=1, context=0)
    why = "none of 2 questions was answered in 2 seconds: the last was told 429: too many wait"
    assert told == Unanswered(why)
    late = summarise([Sample(0, 0, 0, 0, whole=False)], seconds=2, clients=1, context=0)
    assert isinstance(late, Unanswered)
    assert late.why.endswith("not one token came in time")


def test_yaml_and_json_are_the_same_document() -> None:
    config = parse_document(DOCUMENT, "x.yaml")
    assert config.model.source.kind == "hub"
    assert config.model.source.allow == ("*.json",)
    assert parse_document(config.model_dump_json(by_alias=True), "x.json") == config
    assert isinstance(config, ServingConfig)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "x.yaml is not YAML: line 1"),
        ("just words", "must hold a ServingConfig"),
        (DOCUMENT.replace("revision: c, ", ""), "model.source.hub.revision is missing"),
        (DOCUMENT + "drain: 3", "drain is not a field"),
        (DOCUMENT + "waiting: many", "waiting is wrong"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(text: str, words: str) -> None:
    with pytest.raises(Mistaken, match=words):
        parse_document(text, "x.yaml")


def test_the_last_word_fits_where_kubernetes_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = tmp_path / "termination-log"
    last_word("ü" * 5000, str(message))
    assert not message.exists()
    message.touch()
    last_word("ü" * 5000, str(message))
    assert message.read_text() == "ü" * (MOST_BYTES // 2)
    assert json.loads(capsys.readouterr().out.splitlines()[0])["event"] == "failed"


def test_the_demo_model_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("there already")
    assert demo_model(tmp_path) == tmp_path
