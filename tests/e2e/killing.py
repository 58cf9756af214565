"""kill -9 at a chosen moment of a pass: the n-th write, after it took effect and before its answer came."""

from __future__ import annotations

import contextlib
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.sandbox.requests import Asked
from tests.e2e.outlook import is_write
from tests.e2e.stage import Stage, staged
from tests.e2e.typed import Daemon, is_alive

_KILL = '#!/bin/sh\nkill -9 "$(cat "{pid}")"\nrm "$0"\n{then}\n'


@dataclass
class Assassin:
    """Listens to the sandbox's log and kills its victim at the n-th such write from now."""

    nth: int
    of: Callable[[Asked], bool]
    victim: Daemon | None = None
    seen: int = 0
    struck: str = ""
    orphans: tuple[int, ...] = ()

    def watch(self, stage: Stage) -> None:
        stage.sandbox.requests.listen(self._hear)

    def _hear(self, asked: Asked) -> None:
        if self.struck or not self.of(asked):
            return
        self.seen += 1
        if self.seen == self.nth and self.victim:
            self.orphans = tuple(self.victim.family())
            self.victim.kill()
            self.struck = f"{asked.method} {asked.path}"


def is_about_nodes(asked: Asked) -> bool:
    """Whether the write is of the logbook, or to an agent pool."""
    return is_write(asked) and (asked.api == "arm" or asked.path.endswith("/configmaps/nodes-demo"))


def killed_at_write(
    stage: Stage, nth: int, *words: str, of: Callable[[Asked], bool] = is_write, settles: bool = True
) -> str:
    """Run the daemon until its n-th such write kills it; which that was, empty when there were fewer before
    it settled, or within a minute where that is no end."""
    assassin = Assassin(nth, of)
    assassin.watch(stage)
    ending = ("--until-settled",) if settles else ()
    with stage.daemon(*ending, "--timeout", "60", *words) as daemon:
        assassin.victim = daemon
        daemon.process.wait(90)
        stage.becomes(lambda: not any(map(is_alive, assassin.orphans)), daemon, 20)
    return assassin.struck


def killed_at_push(stage: Stage, *, moved: bool) -> None:
    """Run the daemon until the repository's hook kills it at a push of the status branch: before the branch
    moved, or after."""
    name, then = ("post-receive", "exit 0") if moved else ("pre-receive", "exit 1")
    hook, pid = stage.person.bare / "hooks" / name, stage.folder / "pid"
    pid.write_text("0")
    hook.write_text(_KILL.format(pid=pid, then=then))
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with stage.daemon("--until-settled", "--timeout", "60") as daemon:
        pid.write_text(str(daemon.process.pid))
        assert daemon.process.wait(90) == -signal.SIGKILL, daemon.said
    with contextlib.suppress(FileNotFoundError):
        hook.unlink()


@contextmanager
def copy_of(standing: Path, folder: Path, **chosen: Any) -> Iterator[Stage]:
    """The settled world going on somewhere else; `chosen` are settings of its sandbox."""
    shutil.copytree(standing / "state" / "sandbox", folder / "state" / "sandbox")
    with staged(folder, **chosen) as stage:
        shutil.rmtree(stage.person.bare)
        shutil.copytree(standing / "srv" / "config.git", stage.person.bare)
        stage.person.git("pull", "-q", "origin", "main")
        yield stage
