"""What this process stands on: device, free memory, addresses, its number among the pods. Looked at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.artifacts.faults import Mistaken

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ground:
    """`free_bytes` of memory this container may still take; `pod` is its number, 0 the leader's; `address` is
    where the other nodes reach it."""

    device: Literal["cpu", "cuda"] = "cuda"
    free_bytes: int = 0
    pod: int = 0
    address: str = LOOPBACK


def look_around(device: Literal["cpu", "cuda"], environment: Mapping[str, str] = os.environ) -> Ground:
    """What can be seen from here. Raises Mistaken where POD_INDEX is no number."""
    return Ground(
        device=device,
        free_bytes=min(_free_of_machine(), _free_of_container()),
        pod=pod_number(environment),
        address=environment.get("POD_IP") or _own_address(),
    )


def pod_number(environment: Mapping[str, str] = os.environ) -> int:
    """This pod's number, from POD_INDEX; without it there is one pod, number 0."""
    told = environment.get("POD_INDEX") or "0"
    if not told.isdecimal():
        raise Mistaken(f"POD_INDEX must be the number of this pod, 0 or more, not {told!r}.")
    return int(told)


def _own_address() -> str:
    """The address of the route outwards; nothing is sent for it (192.0.2.1 is for documents, RFC 5737)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def _free_of_machine() -> int:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _free_of_container(group: Path = Path("/sys/fs/cgroup")) -> int:
    """What the container's own limit leaves, by cgroup v2; without a limit, as much as can be named."""
    try:
        most, used = ((group / name).read_text("ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return 2**63
    return 2**63 if most == "max" else max(0, int(most) - int(used))
