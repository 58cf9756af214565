"""Models that tests and measurements use: made once, kept in a cache folder outside the tree.

`TOWLINE_TEST_CACHE` names the folder; else it is towline/tests in the user's cache.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

CHAT_TEMPLATE = (
    "{% for m in messages %}{{'<|im_start|>'+m['role']+'\n'+m['content']+'<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)


def model_cache() -> Path:
    """The folder in which models outlive a run."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("TOWLINE_TEST_CACHE") or Path(home) / "towline" / "tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def tiny_llama() -> Path:
    """A random Llama of 336 thousand parameters, with a tokenizer of 2048 tokens trained on this Python."""
    return _once(model_cache() / "tiny-llama-1", _make_tiny)


def smollm2() -> Path:
    """SmolLM2-135M-Instruct, converted once from the package that carries it. Raises NoDemoModel where that
    is not installed."""
    from runtime.serving.small.demo_model import make_demo_model

    return _once(model_cache() / "smollm2-135m-instruct-1", make_demo_model)


def _once(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, made whole or not at all: several processes may come at once."""
    if not folder.exists():
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
        make(draft)
        try:
            draft.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return folder


def _make_tiny(folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_trained_tokenizer(),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        model_max_length=2048,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _trained_tokenizer() -> object:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts: Iterator[str] = (
        path.read_text(errors="ignore") for path in sorted(Path(os.__file__).parent.glob("[a-m]*.py"))
    )
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=2048,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return tokenizer
