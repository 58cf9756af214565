"""kubectl as a person types it at an API, and what it said, in words that are the same wherever typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "shop"
_FILE = Path(__file__).with_name("kubectl_commands.yaml")
_LONGEST = 100.0
_NOISE = re.compile(r"version skew|WARNING: version|Warning: .*deprecated|^$")
_WORDS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\b10(\.\d{1,3}){3}\b"), "IP"),
    (re.compile(r"\b(web|made)-[0-9a-z]{8,10}(-[0-9a-z]{5})?\b"), r"\1-HASH"),
    (re.compile(r"(?<![\w.:-])(\d+(s|m|h|d|y))+(?![\w-])|<invalid>"), "AGE"),
    (re.compile(r"https?://[\w.]+:\d+"), "URL"),
    (re.compile(r"/tmp/[\w./-]+"), "FILE"),
    (re.compile(r" +"), " "),
)


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, what is given to it, and what of its answer counts."""

    name: str
    words: tuple[str, ...]
    given: str = ""
    says: str = "last"
    editor: str = ""
    stops: float = 0


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with a kubeconfig and a home of its own."""

    kubeconfig: Path
    home: Path

    def outcome(self, command: Command) -> str:
        """The exit code, and as much of what was said as the command is compared by."""
        code, said = self._run(command)
        lines = [line for line in map(_plain, said.splitlines()) if not _NOISE.search(line)]
        match command.says:
            case "all":
                return "\n".join([f"exits {code}", *lines])
            case "last":
                return "\n".join([f"exits {code}", *lines[-1:]])
        return f"exits {code}"

    def _run(self, command: Command) -> tuple[int | str, str]:
        environment = {**os.environ, "HOME": str(self.home), "KUBECTL_APPLYSET": "true"}
        environment |= {"KUBE_EDITOR": command.editor} if command.editor else {}
        typed = ("kubectl", "--kubeconfig", str(self.kubeconfig), "--namespace", NAMESPACE, *command.words)
        try:
            done = subprocess.run(
                typed,
                input=command.given,
                capture_output=True,
                text=True,
                timeout=command.stops or _LONGEST,
                check=False,
                env=environment,
            )
        except subprocess.TimeoutExpired as late:
            return "late", (late.stdout or b"").decode()
        return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def commands() -> Iterator[Command]:
    """The whole table, in its order."""
    for each in yaml.safe_load(_FILE.read_text())["commands"]:
        given = {"apiVersion": "v1", "kind": "List", "items": each.get("given", [])}
        apart = {"name", "run", "given"}
        rest: dict[str, Any] = {key: value for key, value in each.items() if key not in apart}
        yield Command(each["name"], tuple(shlex.split(each["run"])), json.dumps(given), **rest)


def _plain(line: str) -> str:
    for pattern, word in _WORDS:
        line = pattern.sub(word, line)
    return line.strip()
