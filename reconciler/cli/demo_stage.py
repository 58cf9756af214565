"""What the demo plays on: two repositories, an embedded world, the daemon in a thread, a person's git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3
from rich.console import Console
from rich.text import Text

from reconciler.daemon import Answer, Ending, Trigger
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Report
from reconciler.faults import Fault, Refused
from reconciler.logs import configure
from reconciler.present.plan import plan_text
from reconciler.present.progress import Progress
from reconciler.settings import Settings
from reconciler.wiring import example_repo_dir
from reconciler.wiring.house import engine_for, running
from reconciler.wiring.services import service_address
from reconciler.wiring.worlds import has_sandbox, sandbox_folder, sandbox_settings, start_sandbox

_OURS = "towline.log"  # every demo has one
_PERSON = {"GIT_AUTHOR_NAME": "You", "GIT_AUTHOR_EMAIL": "you@example.com"}
_COMMITTER = {"GIT_COMMITTER_NAME": "You", "GIT_COMMITTER_EMAIL": "you@example.com"}
_ALONE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


class Stage:
    """Set up on entering, taken down on leaving; the repositories stay to be looked at."""

    def __init__(self, folder: Path, speed: float, runtime: Path | None, *, stays: bool) -> None:
        self.folder, self.stays, self.runtime = folder, stays, runtime
        self.bare, self.work = folder / "config.git", folder / "config"
        self.console = Console(highlight=False)
        self.kubeconfig = sandbox_folder(folder) / "kubeconfig"
        self.report: Report | None = None
        self.fault: Fault | None = None
        self._speed = speed
        self._told = Settings(repo=str(self.bare), branch="main", state=folder)
        self._news = threading.Condition()
        self._open = ExitStack()

    def __enter__(self) -> Stage:
        self._clear_folder()
        configure("logfmt", self.folder / "towline.log")
        self._make_repositories()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def start_world(self) -> None:
        """Start the embedded world and the daemon that watches the repository."""
        settings = sandbox_settings(sandbox_folder(self.folder), self.runtime, speed=self._speed)
        self._open.enter_context(start_sandbox(settings))
        trigger = Trigger()
        house = self._open.enter_context(running(self._told, trigger, self._tell))
        thread = threading.Thread(target=house.keep_reconciling, args=(Ending(),), name="daemon")
        thread.start()
        self._open.callback(thread.join, 30)
        self._open.callback(trigger.stop)

    def git(self, *words: str) -> str:
        """Type a git command in the person's clone."""
        shown = " ".join(f'"{word}"' if " " in word else word for word in words)
        self.console.print(f"  [bold]$ git {shown}[/]")
        return self.quiet_git(*words)

    def quiet_git(self, *words: str, repository: Path | None = None) -> str:
        """Git without showing it."""
        environment = {**os.environ, **_PERSON, **_COMMITTER, **_ALONE}
        run = subprocess.run(
            ["git", "-C", str(repository or self.work), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if run.returncode:
            raise RuntimeError(f"git {' '.join(words)}: {run.stderr.strip()}")
        return run.stdout.strip()

    def kubectl(self, *words: str) -> None:
        """Show what kubectl says of the embedded world, where kubectl is installed."""
        if shutil.which("kubectl") is None:
            self.say(f"(kubectl is not installed here; it would show: kubectl {' '.join(words)})")
            return
        self.console.print(f"  [bold]$ kubectl {' '.join(words)}[/]")
        run = subprocess.run(
            ["kubectl", "--kubeconfig", str(self.kubeconfig), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        for line in (run.stdout or run.stderr).splitlines():
            self.say(line)

    def show_edit(self) -> None:
        """Show the lines that the person changed, as git shows them."""
        changed = self.git("diff", "--unified=0").splitlines()
        for line in changed:
            if line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
                self.say(line)

    def say(self, line: str) -> None:
        """A line as it is, never folded."""
        self.console.print(f"  {line}", markup=False, soft_wrap=True)

    def plan(self, branch: str) -> None:
        """Show what merging a branch would do, as `towline plan` does."""
        self.console.print(f"  [bold]$ towline plan --branch {branch}[/]")
        with engine_for(replace(self._told, branch=branch)) as engine:
            plan = engine.plan().plan
        for line in plan_text(plan).splitlines():
            self.console.print(Text.from_ansi(f"  {line}"), soft_wrap=True)

    def wait_for(self, done: Callable[[Report], bool], seconds: float = 120.0) -> bool:
        """Show the fleet on its way until `done`; False when it does not come to that in time."""
        deadline = time.monotonic() + seconds
        with Progress(self.console) as progress, self._news:
            while True:
                if self.report is not None:
                    progress.show(self.report)
                if self.report is not None and done(self.report):
                    return True
                if not self._news.wait(max(0.0, deadline - time.monotonic())):
                    return False

    def linger(self) -> None:
        """Keep the world open until Ctrl-C."""
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            self.console.print()

    def _tell(self, answer: Answer) -> None:
        with self._news:
            if isinstance(answer, Report):
                self.report, self.fault = answer, None
            elif isinstance(answer, Fault):
                self.fault = answer
            self._news.notify_all()

    def _clear_folder(self) -> None:
        """Remove what an earlier demo left, and nothing that is not a demo's."""
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / _OURS).exists():
            raise Refused(f"{self.folder} holds something else than a demo; choose another --folder")
        if has_sandbox(sandbox_folder(self.folder)):
            raise Refused(f"another demo runs in {self.folder}; stop it or choose another --folder")
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True)
            (self.folder / _OURS).touch()
        except OSError as error:
            raise Refused(f"{self.folder} cannot be used: {error.strerror}") from error

    def _make_repositories(self) -> None:
        self.quiet_git("init", "-q", "--bare", "-b", "main", str(self.bare), repository=self.folder)
        self.quiet_git("init", "-q", "-b", "main", str(self.work), repository=self.folder)
        self.quiet_git("remote", "add", "origin", str(self.bare))
        shutil.copytree(example_repo_dir(), self.work, dirs_exist_ok=True)
        shutil.rmtree(self.work / "workspaces")
        shutil.rmtree(self.work / "laptop")
        (self.work / "workspaces").mkdir()
        (self.work / "workspaces" / ".gitkeep").touch()
        self.quiet_git("add", "-A")
        self.quiet_git("commit", "-q", "-m", "Start a fleet")
        self.quiet_git("push", "-q", "origin", "main")

    def example(self, path: str) -> str:
        """A file of example-repo."""
        return (example_repo_dir() / path).read_text(encoding="utf-8")

    def service_address(self, name: WorkspaceName) -> str:
        """Where a workspace's Service answers on this machine."""
        return service_address(self.kubeconfig, name)

    def ask(self, url: str, question: Mapping[str, object]) -> Any:
        """Show a question as curl asks it, and give the answer."""
        body = json.dumps(question)
        self.console.print(f"  [bold]$ curl {url} --json[/] ", end="")
        self.console.print(f"'{body}'", markup=False, soft_wrap=True, style="bold")
        return urllib3.request("POST", url, json=question, timeout=120.0, retries=False).json()


def edit(path: Path, changes: Mapping[str, str]) -> None:
    """Replace words in a file."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
