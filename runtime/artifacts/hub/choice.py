"""Which files of a repository a model needs: the same weights once, in the best form, and what reads them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_FOREIGN_FOLDERS = frozenset(
    [
        "onnx",
        "openvino",
        "coreml",
        "gguf",
        "original",
        "metal",
        "tflite",
        "runs",
        "logs",
        "eval",
        "assets",
        "images",
    ]
)
_SMALL = (".json", ".txt", ".model", ".tiktoken", ".jinja", ".py", ".vocab", ".spm")
_NAMES = ("license", "notice", "readme.md", "use_policy", "merges")
_MODULE_FOLDER = re.compile(r"\d+_\w+")
_SHARD = re.compile(r"-\d{5}-of-\d{5}")

_FORMS = (
    re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors"),
    re.compile(r"(?!adapter_|consolidated)[^.]+\.safetensors"),
    re.compile(r"consolidated.*\.safetensors"),
    re.compile(r"model\..+\.safetensors"),
    re.compile(r"pytorch_model(-\d{5}-of-\d{5})?\.bin"),
    re.compile(r"adapter_model\.(safetensors|bin)"),
)
"""Forms of the same weights at the top of a repository, best first; the first that is there is taken."""


def choose(names: Iterable[str], allow: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names to fetch, sorted: those that match a pattern of `allow`, else those a model needs."""
    offered = sorted(names)
    if allow:
        return tuple(name for name in offered if any(fnmatch.fnmatchcase(name, glob) for glob in allow))
    weights = _weights(offered)
    return tuple(sorted({*weights, *(name for name in offered if _is_reader(name, weights))}))


def has_weights(names: Iterable[str]) -> bool:
    """Whether any of the names is a form of weights that can be read."""
    return bool(_weights(list(names)))


def _weights(offered: list[str]) -> list[str]:
    top = [name for name in offered if "/" not in name]
    for form in _FORMS:
        if found := [name for name in top if form.fullmatch(name)]:
            return _one_precision(found) + [name for name in offered if _is_module_weight(name)]
    return []


def _one_precision(found: list[str]) -> list[str]:
    """Of `adapter_model.safetensors` beside `adapter_model.bin`, or of `model.fp16.safetensors` beside
    `model.fp32.safetensors`, one."""
    if found[0].startswith("adapter_model"):
        return [max(found)]
    if found[0].startswith("model."):
        first = _SHARD.sub("", found[0])
        return [name for name in found if _SHARD.sub("", name) == first]
    return [name for name in found if _SHARD.search(name)] or found


def _is_module_weight(name: str) -> bool:
    """The dense layer of a sentence-transformers model lies in a folder such as 2_Dense."""
    path = PurePosixPath(name)
    return (
        len(path.parts) == 2
        and bool(_MODULE_FOLDER.fullmatch(path.parts[0]))
        and path.suffix == ".safetensors"
    )


def _is_reader(name: str, weights: list[str]) -> bool:
    path = PurePosixPath(name)
    if any(part.startswith(".") or part.lower() in _FOREIGN_FOLDERS for part in path.parts):
        return False
    if name.endswith(".index.json"):
        form = PurePosixPath(name.removesuffix(".index.json")).suffix
        return any(weight.endswith(form) for weight in weights)
    return path.name.lower().endswith(_SMALL) or path.name.lower().startswith(_NAMES)
