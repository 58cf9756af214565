"""The Python that the embedded world runs Towline's containers with: found, asked what it has, or refused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.faults import Refused

from .lore import runtime_dir

if TYPE_CHECKING:
    from reconciler.sandbox.containers.runtime import Runtime

_OLDEST = (3, 11)
_NEEDED = (
    "accelerate", "datasets", "huggingface_hub", "peft", "prometheus_client", "pyarrow", "pydantic",
    "runtime", "safetensors", "starlette", "tokenizers", "torch", "transformers", "trl", "urllib3",
    "uvicorn", "yaml",
)  # fmt: skip
"""What the small engine, tuning on a CPU and both their fetching import."""

_QUESTION = (
    "import importlib.util as u, json, sys; "
    "print(json.dumps([list(sys.version_info[:2]), [n for n in sys.argv[1:] if u.find_spec(n) is None]]))"
)
_LONGEST_ANSWER = 60.0


def runtime_of(python: Path, hub: Path | None = None, *, keeps_vllm: bool = False) -> Runtime:
    """What runs Towline's containers here; Refused says why this program cannot."""
    from reconciler.sandbox.containers.runtime import Runtime

    code = runtime_dir().parent
    version, missing = _asked(python.absolute(), code)
    if version < _OLDEST:
        found, oldest = (".".join(map(str, each)) for each in (version, _OLDEST))
        raise Refused(f"{_called(python)} is Python {found}, and the containers need {oldest} or newer")
    if "runtime" in missing:
        raise Refused("--runtime needs the folder runtime/ of a checkout of Towline, which is not here")
    wanted = (*missing, *(("vllm",) if keeps_vllm and _lacks(python, code, "vllm") else ()))
    if wanted:
        mend = "`make runtime` makes a Python that has all of it"
        raise Refused(f"{_called(python)} lacks {', '.join(wanted)}: {mend}")
    return Runtime(python.absolute(), code, _cache(), hub.absolute() if hub else None, keeps_vllm)


def _lacks(python: Path, code: Path, name: str) -> bool:
    return bool(_asked(python.absolute(), code, (name,))[1])


def _asked(
    python: Path, code: Path, names: tuple[str, ...] = _NEEDED
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The program's version, and which of these modules it cannot find."""
    surroundings = {**os.environ, "PYTHONPATH": str(code), "PYTHONNOUSERSITE": "1"}
    words = [str(python), "-c", _QUESTION, *names]
    try:
        run = subprocess.run(
            words, env=surroundings, capture_output=True, text=True, check=False, timeout=_LONGEST_ANSWER
        )
        answer: Any = json.loads(run.stdout)
        return tuple(answer[0]), tuple(answer[1])
    except OSError as error:
        raise Refused(f"{_called(python)} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{_called(python)} does not answer as a Python does") from error
    except (ValueError, TypeError, IndexError) as error:
        raise Refused(f"{_called(python)} does not answer as a Python does") from error


def _called(python: Path) -> str:
    return f"the runtime {python} (--runtime or TOWLINE_RUNTIME)"


def _cache() -> Path:
    """Where models that were made once are kept for all checkouts of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "towline"
