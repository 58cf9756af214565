"""Room on the disk: asked for before, and told in one sentence when it ends all the same."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.artifacts.faults import Mistaken, NoSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def require_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise NoSpace when the disk under `folder` has less than `needed_bytes` left."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise NoSpace(
            f"{what} needs {spell_bytes(needed_bytes)} more in {folder}, where {spell_bytes(free)} are free: "
            "give the volume more room or choose a machine with a larger disk."
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell of a full or closed disk in a sentence."""
    try:
        yield
    except OSError as failure:
        if failure.errno in _FULL:
            raise NoSpace(
                f"The disk under {folder} became full while writing: give the volume more room."
            ) from failure
        if failure.errno in _CLOSED:
            raise Mistaken(
                f"{failure.filename or folder} cannot be written ({failure.strerror}): give the container's "
                "user the right to write there."
            ) from failure
        raise


def spell_bytes(count: float) -> str:
    """A size for a person: 1.5 GiB."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"
