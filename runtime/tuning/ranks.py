"""The training processes: one for each device, started, watched, told to end, and outlived.

What torchrun does is done here in a few lines, because torchrun's exit code hides why a process ended, and
its 30 seconds after SIGTERM are too short for the checkpoint of a long step.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import runtime
from runtime.tuning.training.order import INTERRUPTED, MISTAKEN, Order

_LOOK_SECONDS = 0.5
_LAST_SECONDS = 60.0  # for the others, once one ended as it should


class Ranks:
    """Processes 0 … n-1 of one training."""

    def __init__(self, order: Order, processes: int, device: str) -> None:
        command = [sys.executable, "-m", "runtime.tuning.training", order.as_argument()]
        port = _free_port()
        self._running = [
            subprocess.Popen(
                command, env=environment(os.environ, rank, processes, device, port), stdin=subprocess.DEVNULL
            )
            for rank in range(processes)
        ]

    def wait(self, meanwhile: Callable[[], None]) -> int:
        """The exit code of the training: 0 where all ended well, else the first other one; negative for a
        signal. `meanwhile` is called twice a second."""
        while True:
            meanwhile()
            codes = [process.poll() for process in self._running]
            bad = next((code for code in codes if code), None)
            if bad is not None:
                self._clear_up(_LAST_SECONDS if bad in (MISTAKEN, INTERRUPTED) else 0)
                return bad
            if all(code == 0 for code in codes):
                return 0
            time.sleep(_LOOK_SECONDS)

    def end(self) -> None:
        """Ask all to save a checkpoint and end."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)

    def _clear_up(self, seconds: float) -> None:
        """Give the others this long to end by themselves: without the first they would wait for ever."""
        until = time.monotonic() + seconds
        for process in self._running:
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment(
    given: Mapping[str, str], rank: int, processes: int, device: str, port: int
) -> dict[str, str]:
    """What a process finds in its environment: its rank, a rendezvous on this machine, no network."""
    root = str(Path(runtime.__file__).resolve().parents[1])
    path = os.pathsep.join([root, *filter(None, [given.get("PYTHONPATH")])])
    chosen = {
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
    }
    if device == "cpu":
        chosen["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    fixed = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"}
    if processes > 1:
        fixed |= {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        if device == "cpu":
            fixed["GLOO_SOCKET_IFNAME"] = "lo"
    return chosen | dict(given) | fixed


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
