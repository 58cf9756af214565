"""Blocking work beside the event loop, in a thread that the loop does not wait for at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


async def aside(work: Callable[[], Made]) -> Made:
    """What `work` gives or raises. The loop joins its own threads, however long they take, and a download
    told to stop must not hold up the pod: this thread is left behind, and ends with the process (os._exit in
    __main__)."""
    pool = ThreadPoolExecutor(1, "aside")
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
    finally:
        pool.shutdown(wait=False)
