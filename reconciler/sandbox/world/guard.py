"""What outlives a sandbox that is killed: a small process that ends the local processes it left behind."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

_PROGRAM = Path(__file__).with_name("guard_process.py")


class Guard:
    """Tells the guarding process of every process that is started and ended; it is started with the first."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    async def open(self) -> None:
        """Start the guarding process, if it does not run yet."""
        async with self._starting:
            if self._process is None:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-I", "-S", str(_PROGRAM)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                )

    def watch(self, group: int) -> None:
        """Have a process group ended when this process is gone."""
        self._say(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Leave a process group alone: it has ended."""
        self._say(f"-{group}\n")

    async def stop(self) -> None:
        """End the guarding process."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()

    def _say(self, line: str) -> None:
        if self._process and self._process.stdin:
            with suppress(ConnectionError):
                self._process.stdin.write(line.encode())
