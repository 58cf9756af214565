"""What ends a verb that runs until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_signals(end: Callable[[], None]) -> None:
    """Call `end` once, at the first SIGINT or SIGTERM, from a thread of its own.

    A handler interrupts the main thread wherever it is, within a lock too: it takes none and writes a byte.
    """
    reader, writer = os.pipe()

    def note(_signal: int, _frame: FrameType | None) -> None:
        os.write(writer, b"!")

    def watch() -> None:
        os.read(reader, 1)
        end()

    threading.Thread(target=watch, name="ending", daemon=True).start()
    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
