"""What ends a verb that runs until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_signals(end: Callable[[], None]) -> None:
    """Call `end` once, at the first SIGINT or SIGTERM, from a thread of its own.

    Python's own handlers run in the main thread, which may be about to wait and then never comes to them. The
    byte is written when the signal arrives, whatever the main thread does.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def watch() -> None:
        os.read(reader, 1)
        end()

    threading.Thread(target=watch, name="ending", daemon=True).start()
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, _nothing)
    signal.signal(signal.SIGINT, _nothing)


def _nothing(_signal: int, _frame: FrameType | None) -> None:
    """The byte has been written already."""
