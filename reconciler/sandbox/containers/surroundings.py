"""The environment in which the programs of our containers run: theirs, and of ours what they cannot do
without. What else is in it, such as the house's own logins, is not for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .runtime import Runtime

_HANDED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "TMPDIR", "TZ")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_THREADS = "OMP_NUM_THREADS"


def surroundings(runtime: Runtime, given: Mapping[str, str], home: Path) -> dict[str, str]:
    """Everything a program finds; `given` is this process's own environment, `home` its folder."""
    kept = {name: given[name] for name in _HANDED_ON if name in given}
    path = os.pathsep.join((str(runtime.python.parent), given.get("PATH", os.defpath)))
    fixed = {
        "PATH": path,
        "HOME": str(home),
        "PYTHONPATH": str(runtime.code),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_HOST_IP": "127.0.0.1",
    }
    return {**kept, **_proxies(given), **fixed, _THREADS: given.get(_THREADS, "1")}


def _proxies(given: Mapping[str, str]) -> dict[str, str]:
    """The ways out, and none of them to this machine itself."""
    kept = {name: given.get(name) or given.get(name.lower(), "") for name in _PROXIES}
    kept["NO_PROXY"] = ",".join(filter(None, (kept["NO_PROXY"], "127.0.0.1", "localhost")))
    return {name: value for name, value in kept.items() if value}
