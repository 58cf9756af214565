"""The few settings of a person's ConfigMap that change what is planned."""

from __future__ import annotations

import posixpath
from typing import Any

from reconciler.domain.config import Declared
from reconciler.planner.parse.documents import parse_documents

DEFAULT_OUTPUT = "/mnt/output"
SHIPPED_OUTPUT = "/mnt/results"


def context_of(declared: Declared) -> int | None:
    """`vllm.max-model-len` of inference_config.yaml, tokens; None where it is not set to a number."""
    vllm = _under(_read(declared, "inference_config.yaml"), "vllm")
    length = _under(vllm, "max-model-len")
    return length if isinstance(length, int) and not isinstance(length, bool) and length > 0 else None


def output_folder(declared: Declared) -> str:
    """`TrainingArguments.output_dir` of training_config.yaml, below /mnt.

    KAITO's default is /mnt/output; the configuration it ships, and ours, writes to /mnt/results.
    """
    if declared.config is None:
        return SHIPPED_OUTPUT
    config = _under(_read(declared, "training_config.yaml"), "training_config")
    asked = _under(_under(config, "TrainingArguments"), "output_dir")
    if not isinstance(asked, str) or not asked:
        return DEFAULT_OUTPUT
    path = posixpath.normpath(posixpath.join("/mnt", asked))
    return path if path.startswith("/mnt/") else DEFAULT_OUTPUT


def _read(declared: Declared, key: str) -> Any:
    text = (declared.config or {}).get(key)
    if not text:
        return None
    documents = parse_documents(text.encode(errors="replace")).documents
    return documents[0].value if documents else None


def _under(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
