"""vLLM's own options, as the parser of the installed vLLM knows them, and values written in their way."""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.artifacts.faults import Mistaken

Takes = Literal["switch", "one", "several", "each"]


@dataclass(frozen=True)
class Option:
    """One option by its long name without dashes before it. It takes nothing (a switch, with `refusal` where
    it has one), one value, several after one another, or one `each` time it is written."""

    name: str
    takes: Takes
    refusal: str = ""


def known_options(parser: argparse.ArgumentParser) -> Mapping[str, Option]:
    """Every option of `parser` by each of its long names."""
    known: dict[str, Option] = {}
    for action in parser._actions:  # argparse has no other list of them
        names = [flag.removeprefix("--") for flag in action.option_strings if flag.startswith("--")]
        if not names or isinstance(action, argparse._HelpAction):
            continue
        refusals = [name for name in names if name.startswith("no-")]
        refusal = refusals[0] if isinstance(action, argparse.BooleanOptionalAction) and refusals else ""
        option = Option(name=names[0], takes=_takes(action), refusal=refusal)
        known |= {name: option for name in names if name != refusal}
    return known


def option_named(key: str, known: Mapping[str, Option], where: str) -> Option:
    """The option a person calls `key`, with dashes or underscores; what stands behind a dot is a field of
    vLLM's own, as it is spelled. Raises Mistaken, with the nearest one."""
    head, dot, field = key.strip().lstrip("-").partition(".")
    name = head.replace("_", "-")
    option = known.get(name)
    if option is not None and not dot:
        return option
    if option is not None and option.takes == "one":
        return Option(name=f"{name}.{field}", takes="one")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else "see the options of vllm serve."
    raise Mistaken(f"{where}: vLLM has no option {name}; {hint}")


def written(option: Option, value: object, where: str) -> tuple[str, ...]:
    """`value` for `option` as vLLM's command line takes it; null leaves the option away. Raises Mistaken."""
    match option.takes, value:
        case _, None:
            return ()
        case "switch", True:
            return (f"--{option.name}",)
        case "switch", False:
            return (f"--{option.refusal}",) if option.refusal else ()
        case "switch", _:
            raise Mistaken(f"{where}: {option.name} is switched by true or false, not by {_plain(value)}.")
        case "each", _:
            return tuple(f"--{option.name}={_plain(each)}" for each in listed(value))
        case "several", _:
            values = listed(value)
            return (f"--{option.name}", *(_plain(each) for each in values)) if values else ()
    return (f"--{option.name}={_plain(value)}",)


def _takes(action: argparse.Action) -> Takes:
    if isinstance(action, argparse._AppendAction):
        return "each"
    if action.nargs == 0:
        return "switch"
    return "several" if action.nargs in ("+", "*") else "one"


def listed(value: Any) -> list[Any]:
    """`value` as a list: itself, or the one in it."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: object) -> str:
    if isinstance(value, bool | dict | list | tuple):
        return json.dumps(value, sort_keys=True)
    return str(value)
