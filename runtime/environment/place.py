"""Where the environment lies: outside the tree, shared by all checkouts that have the same locks."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.lock"
TORCH = HERE / "torch.in"
TORCH_PINS = HERE / "torch.lock"


def environment_folder() -> Path:
    """The folder of the environment that these locks and this Python come to, there or not."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "towline" / f"runtime-{_fingerprint()}"


def _fingerprint() -> str:
    """12 hexadecimal digits of what the environment is made from."""
    made_from = hashlib.sha256()
    for lock in (REQUIREMENTS, TORCH, TORCH_PINS):
        made_from.update(lock.read_bytes())
    made_from.update(f"{sys.base_prefix} {sys.version} {platform.machine()}".encode())
    return made_from.hexdigest()[:12]
