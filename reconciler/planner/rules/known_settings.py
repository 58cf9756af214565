"""Settings that Towline's own containers would refuse on a GPU that is paid for, told at once.

Source: runtime/tuning/config/parse.py and runtime/serving/vllm/options.py, by way of presets/settings.yaml.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from reconciler.catalog.settings import Settings, in_words, takes
from reconciler.domain.config import FieldPath

from .config_text import ConfigText
from .flaw import Flaw, said

_ROOT = "training_config"
_REPORTERS = ("none", "all")
_JUDGED_ELSEWHERE = frozenset({"load_in_4bit", "load_in_8bit", "output_dir", "max-model-len"})


def known_training(path: FieldPath, key: str, text: ConfigText, settings: Settings) -> Iterator[Flaw]:
    """Of each section that is known: settings that are none, hold what they cannot, or must not be set."""
    for section, fields in text.value[_ROOT].items():
        if section not in settings.training or not isinstance(fields, dict):
            continue
        for name, value in fields.items():
            where = f"{key}{text.line((_ROOT, section, name))}"
            for message, mend in _training_flaws(section, str(name), value, settings):
                yield Flaw(path, f"{where}: {message}", mend)


def known_options(path: FieldPath, key: str, text: ConfigText, settings: Settings) -> Iterator[Flaw]:
    """Options that vLLM does not have, and switches that are not switched."""
    for name, value in text.value["vllm"].items():
        where = f"{key}{text.line(('vllm', name))}"
        for message, mend in _option_flaws(str(name), value, settings):
            yield Flaw(path, f"{where}: {message}", mend)


def _training_flaws(section: str, name: str, value: Any, settings: Settings) -> Iterator[tuple[str, str]]:
    told = f"{section}.{said(name)}"
    if name in settings.gone.get(section, ()) or name in _JUDGED_ELSEWHERE:
        return
    kinds = settings.kinds(section, name)
    reason = settings.refused.get(section, {}).get(name)
    if kinds is None:
        names = settings.training[section].keys() | settings.renamed.get(section, {}).keys()
        yield f"{section} has no setting {said(name)}", _nearest(name, names)
    elif reason and value not in (None, False, "", [], {}):
        yield f"{told} is refused: {reason}", "remove the line"
    elif not takes(kinds, "no" if value is False and name.endswith("_strategy") else value):
        yield f"{told} is {said(value)}", f"write {in_words(kinds)}, or remove the line"
    elif name == "report_to" and any(each not in _REPORTERS for each in _several(value)):
        yield f"{told} is {said(value)}, which the container does not hold", "write none"


def _option_flaws(name: str, value: Any, settings: Settings) -> Iterator[tuple[str, str]]:
    head, dot, _ = name.strip().lstrip("-").partition(".")
    option = head.replace("_", "-")
    if option in _JUDGED_ELSEWHERE:
        return
    if option in settings.vllm_switches and not dot:
        if value is not None and not isinstance(value, bool):
            yield f"{said(option)} is {said(value)}, and is switched", "write true or false"
    elif option not in settings.vllm_options:
        names = settings.vllm_switches | settings.vllm_options
        yield f"vLLM has no option {said(name)}", _nearest(option, names)


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name[:80], sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "remove the line, or correct its name"


def _several(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
