"""What the process says: one line a fact in its log, and its last word where Kubernetes looks for it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

MOST_BYTES = 4096
"""What Kubernetes keeps of a termination message."""


def tell(event: str, **facts: object) -> None:
    """One line of JSON on stdout. Facts are numbers and words; never a token, never a signed address."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stdout.write(
        json.dumps({"time": now, "event": event, **facts}, ensure_ascii=False, default=str) + "\n"
    )
    sys.stdout.flush()


def last_word(sentence: str, termination_log: str) -> None:
    """Say why it ends, in the log and, in a pod, in its termination message. The file is Kubernetes' to make:
    where there is none, there is no pod."""
    tell("failed", why=sentence)
    place = Path(termination_log)
    if not place.exists():
        return
    try:
        place.write_bytes(sentence.encode()[:MOST_BYTES].decode(errors="ignore").encode())
    except OSError as error:
        tell("no termination message", why=error.strerror)
