"""What the status says when nodes do not come, as the table of README: told by the rows that decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.domain.provisioning import Kind

from .lateness import JOIN_ON_SPOT, STAGES
from .meanings import TABLE, UNKNOWN
from .meanings.machine import EXIT_STEPS, exit_code
from .meanings.meaning import HOUR, MINUTE, Meaning, filled

_HEAD = "| The status says | It means | What to do | By itself |\n|---|---|---|---|"
_MOST_CODES = 3
_MINUTES = {"create": "40", "ready": "15", "gpu": "10", "delete": "30"}
_EXAMPLES = {
    "action": "agentPools/write",
    "cache_gib": "86",
    "client": "it",
    "constraints": "VM Size, Networking",
    "disk_gib": "128",
    "family": "StandardNCADSA100v4Family",
    "ips": "31",
    "ips_left": "11",
    "left": "0",
    "minutes": "15",
    "operation": "gpu1 - Updating",
    "pdb": "web",
    "pod": "default/web-0",
    "pods": "web-0",
    "policy": "allowed sizes",
    "provider": "Microsoft.Compute",
    "region": "eastus",
    "said": "…",
    "scope": "managedClusters/aks1",
    "short": "24",
    "size": "Standard_NC24ads_A100_v4",
    "token_file": "/var/run/…/azure-identity-token",
    "taints": "sku=gpu:NoSchedule",
    "wanted": "24",
    "zones": "2",
}


def lexicon() -> str:
    """The table in Markdown."""
    return "\n".join([_HEAD, *(_row(each) for each in _rows())])


def _rows() -> Iterator[Meaning]:
    yield from TABLE
    yield UNKNOWN
    for name, stage in STAGES.items():
        yield stage
        if name == "join":
            yield JOIN_ON_SPOT


def _row(meaning: Meaning) -> str:
    codes = "".join(f" `{each}`" for each in _codes(meaning))
    says = filled(meaning.says, _figures(meaning)) + codes
    step = filled(meaning.step, _EXAMPLES) or "nothing"
    return f"| {says} | {meaning.means} | {step} | {_by_itself(meaning)} |"


def _codes(meaning: Meaning) -> tuple[str, ...]:
    """Those of Azure's own, without the names that the table gives to exit statuses."""
    return tuple(each for each in meaning.codes if each.isidentifier())[:_MOST_CODES]


def _figures(meaning: Meaning) -> Mapping[str, str]:
    """The examples, with the exit status and the time limit that are this row's."""
    status = next((each for each in EXIT_STEPS if exit_code(each) in meaning.codes), 34)
    own = {"exit": str(status), "minutes": _MINUTES.get(meaning.name, _EXAMPLES["minutes"])}
    return {**_EXAMPLES, **own, "exit_step": EXIT_STEPS.get(status, "")}


def _by_itself(meaning: Meaning) -> str:
    """Whether Towline tries again without anybody's help, and when."""
    match meaning.kind:
        case Kind.TRANSIENT:
            return f"again after {_span(meaning.rest)}"
        case Kind.CAPACITY:
            return f"the next way at once; this one after {_closed(meaning)}"
        case Kind.PERMANENT if meaning.closes:
            return f"the next way at once; this one after {_span(meaning.closed_seconds)}"
        case Kind.PERMANENT:
            return f"looks again after {_span(meaning.rest)}"
        case Kind.RECREATE if meaning.needs_managed_disk:
            return "at once, with a managed disk"
        case Kind.RECREATE:
            return "made anew"


def _closed(meaning: Meaning) -> str:
    on_spot = meaning.closed_seconds_on_spot
    spot = f" (spot: {_span(on_spot)})" if on_spot else ""
    return f"{_span(meaning.closed_seconds)}{spot}"


def _span(seconds: float) -> str:
    if seconds >= HOUR:
        return f"{seconds / HOUR:.0f} h"
    return f"{seconds / MINUTE:.0f} min" if seconds >= MINUTE else f"{seconds:.0f} s"
