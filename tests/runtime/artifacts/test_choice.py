"""Which files of a repository a model needs."""

from __future__ import annotations

import pytest

from runtime.artifacts.hub.choice import choose, has_weights

READERS = {
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "chat_template.jinja",
}
NOISE = {
    ".gitattributes",
    "onnx/model.onnx",
    "onnx/config.json",
    "model.gguf",
    "tf_model.h5",
    "flax_model.msgpack",
    "original/consolidated.00.pth",
    "original/params.json",
    "picture.png",
    "runs/events.out",
    "training_args.bin",
    "optimizer.pt",
}
SHARDS = {f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}


@pytest.mark.parametrize(
    ("offered", "weights"),
    [
        ({"model.safetensors", "pytorch_model.bin"}, {"model.safetensors"}),
        (
            SHARDS
            | {"model.safetensors.index.json", "consolidated.safetensors", "pytorch_model.bin.index.json"},
            SHARDS | {"model.safetensors.index.json"},
        ),
        (
            SHARDS | {"model.safetensors", "model.safetensors.index.json"},
            SHARDS | {"model.safetensors.index.json"},
        ),
        ({"pytorch_model.bin"}, {"pytorch_model.bin"}),
        ({"consolidated.safetensors"}, {"consolidated.safetensors"}),
        ({"model.fp16.safetensors", "model.fp32.safetensors"}, {"model.fp16.safetensors"}),
        ({"adapter_model.safetensors", "adapter_model.bin"}, {"adapter_model.safetensors"}),
        ({"model.safetensors", "adapter_model.safetensors"}, {"model.safetensors"}),
        (
            {"model.safetensors", "2_Dense/model.safetensors"},
            {"model.safetensors", "2_Dense/model.safetensors"},
        ),
    ],
)
def test_the_weights_come_once_and_in_their_best_form(offered: set[str], weights: set[str]) -> None:
    assert set(choose(offered | READERS | NOISE)) == weights | READERS


def test_patterns_decide_alone_where_they_are_given() -> None:
    assert choose({"a.gguf", "b.gguf", "config.json"}, ("a.*",)) == ("a.gguf",)


def test_a_repository_of_other_forms_has_no_weights() -> None:
    assert not has_weights(READERS | NOISE)
