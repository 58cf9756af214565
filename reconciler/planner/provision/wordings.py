"""What can be read out of Azure's messages: codes written inside them, and the figures they give.

Wordings are not promised by Azure. What is not found here is missing from a sentence, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.domain.cloud import CloudError

from .meanings.access import LOGIN
from .meanings.machine import EXIT_STEPS, exit_code

LONGEST_SAID = 250
_LONGEST_READ = 2000
_LONGEST_FIGURE = 120
_QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*")
_PARAMETER = re.compile(r"[?&][\w.%-]+=[^\s\"'<>]*")
_LOGIN = re.compile(r"AADSTS\d+")
_PREFIX = re.compile(r"^(?:cannot log in to Azure|Azure did not answer): ")
_NO_REASON = "Azure answered HTTP 200"
_ESCAPES = re.compile(r"\\+[rn]|\\+(?=[\"'])")
_CODE = re.compile(r"\bcode[\"']?\s*[=:]\s*[\"']([A-Za-z]\w+)", re.IGNORECASE)
_EXIT = re.compile(r"(?:exit status|ExitCode)\W{1,5}(?P<exit>\d{1,3})\b", re.ASCII)
_FIGURES = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        r"requested (?P<wanted>\d{1,9}), remaining (?P<left>\d{1,9})",
        r"for family (?P<family>[\w .-]+?) for region (?P<region>\w+)",
        r"exceeding approved (?P<family>(?!total regional|low ?priority)[\w -]+?) cores quota",
        r"\blocation: (?P<region>\w+)",
        r"(?:location|region) '(?P<region>[\w ]+)'",
        r"zones? '(?P<zones>\d[\d, ]*)'",
        r"(?:current limit|maximum allowed): (?P<limit>\d{1,9})",
        r"(?:current usage|current in use): (?P<used>\d{1,9})",
        r"(?:additional required|additional requested): (?P<wanted>\d{1,9})",
        r"\b(?P<size>standard_n\w+)",
        r"\b(?P<size>standard_[a-z]+\d\w*)",
        r"cache size of (?P<cache_bytes>\d{1,15}) bytes, but .* requires (?P<disk_bytes>\d{1,15}) bytes",
        r"constraints applied are:\s*- (?P<constraints>[^\"']+)",
        r"(?P<pod>[\w.-]+/[\w.-]+) blocked by pdb (?P<pdb>[\w.-]+)",
        r"did not complete pods \[(?P<pods>[^\]]+)\]",
        r"client '(?P<client>[^']+)'",
        r"not have permission to perform action(?:\(s\))? '(?P<action>[^']+)' "
        r"on the linked scope\(s\) '(?P<scope>[^']+)'",
        r"action '(?P<action>[^']+)'",
        r"scope '(?P<scope>[^']+)'",
        r"^\[policy (?P<policy>[^\]]+)\]",
        r"policydefinitiondisplayname\W+(?P<policy>[^\"',}]+)",
        r"policyassignment(?:display)?name\W+(?P<policy>[^\"',}]+)",
        r"policyassignment\"?:\s*\{\s*\"?name\"?:\s*\"(?P<policy>[^\"]+)",
        r"\bpolicy '(?P<policy>[^']+)'",
        r"namespace '(?P<provider>Microsoft\.\w+)'",
        r"token file (?P<token_file>\S+) cannot be read",
        r"another (?:agentpool )?operation \((?P<operation>[^)]+)\)",
        r"in progress (?P<operation>[\w ]{1,40}?) operation",
        r"pre-allocated ips (?P<ips>\d{1,9}) exceeds ips available(?: in subnet)? (?P<ips_left>\d{1,9})",
        r"(?:(?:retry|try again) after|the next in) '?(?P<seconds>\d{1,9})",
    )
)
_GIB = 2**30


def message_of(error: CloudError) -> str:
    """The message on one line, without its codes, which are told beside it. Its URLs lose the part that may
    hold a signature or an account's number."""
    line = " ".join(_ESCAPES.sub(" ", error.message[:_LONGEST_READ]).split())
    line = " ".join(_PARAMETER.sub("", _QUERY.sub(r"\1", line)).split())
    for code in filter(None, dict.fromkeys(error.codes)):
        line = re.sub(rf"(^|; ){re.escape(code)}: ", r"\1", line)
    return "" if line == _NO_REASON else line


def codes_in(error: CloudError, message: str) -> Iterator[str]:
    """The error's codes from the innermost out, those written in its message first: AKS puts the answers of
    other services into its text. The last one is empty, for an error that has no code."""
    if found := _EXIT.search(message):
        yield exit_code(int(found["exit"]))
    if found := _LOGIN.search(message):
        yield found[0]
    yield from reversed(_CODE.findall(message))
    yield from reversed(error.codes)
    if any(_LOGIN.fullmatch(each) for each in error.codes):
        yield LOGIN
    yield ""


def figures_in(message: str) -> dict[str, str]:
    """What the message names, by the figure's name; the first mention counts."""
    found: dict[str, str] = {}
    for pattern in (_EXIT, *_FIGURES):
        if match := pattern.search(message):
            for name, value in match.groupdict().items():
                found.setdefault(name, value.strip(" .-"))
    known = found | _worked_out(found)
    return {name: _cut(value, _LONGEST_FIGURE) for name, value in known.items()} | _said(message)


def _worked_out(found: Mapping[str, str]) -> dict[str, str]:
    """Figures that follow from others."""
    more = _quota(found)
    if "exit" in found and int(found["exit"]) in EXIT_STEPS:
        more["exit_step"] = EXIT_STEPS[int(found["exit"])]
    if "cache_bytes" in found:
        more["cache_gib"] = str(int(found["cache_bytes"]) // _GIB)
        more["disk_gib"] = str(int(found["disk_bytes"]) // _GIB)
    if "scope" in found:
        more["scope"] = "/".join(found["scope"].split("/")[-2:])
    if "constraints" in found:
        more["constraints"] = ", ".join(each.strip() for each in found["constraints"].split(" - "))
    return more


def _quota(found: Mapping[str, str]) -> dict[str, str]:
    """vCPUs left of a quota and how many are short."""
    more: dict[str, str] = {}
    if "limit" in found and "used" in found:
        more["left"] = str(max(int(found["limit"]) - int(found["used"]), 0))
    left = more.get("left", found.get("left"))
    if left is not None and "wanted" in found:
        more["short"] = str(max(int(found["wanted"]) - int(left), 1))
    return more


def _said(message: str) -> dict[str, str]:
    said = _cut(_PREFIX.sub("", message), LONGEST_SAID).rstrip(" .;:,")
    return {"said": said} if said else {}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
