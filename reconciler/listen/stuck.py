"""Where a thread stands, for the log line that says that the loop does not turn."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

_OURS = "reconciler"
_MOST = 6


def standpoint(thread: int) -> str:
    """The innermost calls of this thread, ours by file and line, and what they called last; empty where there
    is no such thread."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return ""
    calls = traceback.extract_stack(frame)
    ours = [each for each in calls if _OURS in Path(each.filename).parts]
    shown = [*ours[-_MOST:], *([calls[-1]] if calls and calls[-1] not in ours else ())]
    return " > ".join(f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in shown)
