"""What is chosen for which machine, and which batches are tried."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.tuning.config.parse import parse_training_config
from runtime.tuning.faults import TooLarge
from runtime.tuning.training.batch import Batch, first_that_fits, ways
from runtime.tuning.training.choices import Choices, choose
from runtime.tuning.training.machine import Machine

CPU = Machine("cpu")
H100 = Machine("cuda", "NVIDIA H100", 80 * 2**30, 90, has_bfloat16=True)
T4 = Machine("cuda", "Tesla T4", 16 * 2**30, 75)


def chosen(machine: Machine, **sections: object) -> Choices:
    config = parse_training_config(json.dumps({"training_config": sections})).config
    return choose(config, "lora", machine)


def test_each_machine_computes_in_what_it_is_good_at() -> None:
    assert (chosen(H100).dtype, chosen(H100).bf16, chosen(H100).fp16) == ("bfloat16", True, False)
    assert (chosen(T4).dtype, chosen(T4).bf16, chosen(T4).fp16) == ("float16", False, True)
    assert (chosen(CPU).dtype, chosen(CPU).bf16, chosen(CPU).fp16) == ("float32", False, False)


def test_what_the_person_says_holds() -> None:
    said = chosen(
        T4, ModelConfig={"torch_dtype": "float32"}, TrainingArguments={"gradient_checkpointing": True}
    )
    assert (said.dtype, said.fp16, said.checkpointing) == ("float32", False, True)
    assert chosen(H100, ModelConfig={"attn_implementation": "eager"}).attention == "eager"
    assert not chosen(H100, TrainingArguments={"packing": True}).end_to_end


def test_what_a_machine_could_only_imitate_is_computed_in_what_it_has() -> None:
    bfloat16 = {"torch_dtype": "bfloat16"}  # as KAITO's templates say to every machine
    assert chosen(CPU, ModelConfig=bfloat16).dtype == "float32"
    assert chosen(T4, ModelConfig=bfloat16).dtype == "float16"
    assert chosen(replace(CPU, has_bfloat16=True), ModelConfig=bfloat16).dtype == "bfloat16"


def test_the_gradients_of_qlora_are_not_scaled() -> None:
    assert not choose(parse_training_config("").config, "qlora", T4).fp16


def test_kernels_that_skip_between_rows_take_any_number_of_tokens() -> None:
    assert chosen(replace(H100, flash_attention=True)).attention == "flash_attention_2"
    assert chosen(replace(H100, flash_attention=True)).tokens_at_once == 0
    assert chosen(H100).attention == "sdpa"
    assert chosen(H100).tokens_at_once > 0


def test_the_rows_of_a_step_are_the_persons() -> None:
    arguments = {"per_device_train_batch_size": 6, "gradient_accumulation_steps": 4}
    choices = chosen(H100, TrainingArguments=arguments)
    assert choices.rows == 24
    assert all(batch.rows * batch.times == 24 for batch in ways(choices, 512))


def test_a_gpu_is_tried_without_checkpointing_while_it_stays_busy_then_with_it() -> None:
    tried = list(ways(replace(chosen(H100), rows=8, tokens_at_once=0), 1024))
    assert tried == [
        Batch(8, 1, False),
        Batch(4, 2, False),
        Batch(2, 4, False),
        Batch(8, 1, True),
        Batch(4, 2, True),
        Batch(2, 4, True),
        Batch(1, 8, True),
    ]


def test_what_the_person_says_of_checkpointing_is_not_tried_otherwise() -> None:
    said = chosen(H100, TrainingArguments={"gradient_checkpointing": False})
    assert {batch.checkpointing for batch in ways(said, 1024)} == {False}


def test_rows_longer_than_the_bound_go_one_by_one() -> None:
    assert next(ways(chosen(CPU), 100_000)) == Batch(1, 8, False)


def test_fewer_rows_are_tried_where_memory_did_not_suffice() -> None:
    assert next(ways(replace(chosen(CPU), rows=8), 10, most_rows=3)).rows == 2


def test_the_first_that_fits_is_taken() -> None:
    choices = replace(chosen(H100), rows=8, tokens_at_once=0)
    assert first_that_fits(ways(choices, 1024), lambda batch: batch.checkpointing) == Batch(8, 1, True)


def test_if_nothing_fits_the_person_is_told_what_would_help() -> None:
    with pytest.raises(TooLarge, match=r"not even one row fits .*max_length"):
        first_that_fits(ways(chosen(H100), 1024), lambda _: False)
