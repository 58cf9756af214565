"""kill -9 at a chosen moment of a pass: the n-th write, after it took effect and before its answer came."""

from __future__ import annotations

import contextlib
import signal
import stat
from dataclasses import dataclass

from reconciler.sandbox.requests import Asked
from tests.e2e.outlook import is_write
from tests.e2e.stage import Stage
from tests.e2e.typed import Daemon, is_alive

_KILL = '#!/bin/sh\nkill -9 "$(cat "{pid}")"\nrm "$0"\n{then}\n'


@dataclass
class Assassin:
    """Listens to the sandbox's log and kills its victim at the n-th write from now."""

    nth: int
    victim: Daemon | None = None
    seen: int = 0
    struck: str = ""
    orphans: tuple[int, ...] = ()

    def watch(self, stage: Stage) -> None:
        stage.sandbox.requests.listen(self._hear)

    def _hear(self, asked: Asked) -> None:
        if not is_write(asked) or self.struck:
            return
        self.seen += 1
        if self.seen == self.nth and self.victim:
            self.orphans = tuple(self.victim.family())
            self.victim.kill()
            self.struck = f"{asked.method} {asked.path}"


def killed_at_write(stage: Stage, nth: int, *words: str) -> str:
    """Run the daemon until its n-th write kills it; which write that was, empty when there were fewer."""
    assassin = Assassin(nth)
    assassin.watch(stage)
    with stage.daemon("--until-settled", "--timeout", "60", *words) as daemon:
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
