"""Small files of the true formats for tests."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path


def safetensors(size: int, seed: int = 0) -> bytes:
    """A safetensors file of one tensor of `size` bytes that do not compress."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + random.Random(seed).randbytes(size)


def model_files(size: int = 1000) -> dict[str, bytes]:
    """The files of a model."""
    return {
        "config.json": b'{"model_type": "llama"}',
        "tokenizer.json": b"{}",
        "model.safetensors": safetensors(size),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Put files into a folder."""
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def adapter_files(size: int = 5000) -> dict[str, bytes]:
    """The files of an adapter, as training leaves them."""
    config = {
        "peft_type": "LORA",
        "r": 8,
        "target_modules": ["v_proj", "q_proj"],
        "base_model_name_or_path": "/workspace/weights",
    }
    return {
        "adapter_config.json": json.dumps(config).encode(),
        "adapter_model.safetensors": safetensors(size),
        "README.md": b"# An adapter\n",
        "training_args.bin": b"pickle",
        "fine_tuning_completed.txt": b"",
        "checkpoint-10/optimizer.pt": b"pickle",
    }
