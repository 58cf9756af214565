"""`python -m runtime.tuning DOCUMENT`: one fine-tuning, to its end.

Exit codes: 0 delivered, 1 a person must act, 75 it may come right by itself (run it again: it goes on from
where it was), 2 called wrongly.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from runtime.artifacts.faults import Fault
from runtime.tuning.document import TuningConfig
from runtime.tuning.document_file import read_document
from runtime.tuning.faults import BadConfig, Interrupted, ToldToEnd
from runtime.tuning.log import listen_to_rooms, tell
from runtime.tuning.narrator import Narrator
from runtime.tuning.progress.server import serve_progress
from runtime.tuning.tune import Tuning
from runtime.tuning.work_folder import WorkFolder

_USAGE = 2
_TERMINATION_LOG = "/dev/termination-log"


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 1:
        tell("usage", usage="python -m runtime.tuning DOCUMENT")
        return _USAGE
    try:
        document = read_document(arguments[0])
    except BadConfig as mistake:
        Narrator(Path(os.devnull), Path(_TERMINATION_LOG)).end("failed", str(mistake))
        return mistake.exit_code
    listen_to_rooms()
    narrator = Narrator(WorkFolder(Path(document.work)).progress, Path(document.termination_log))
    try:
        _serve(document, narrator)
        tuning = Tuning(document, arguments[0], narrator)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: tuning.end())
        digest = tuning.run()
    except (Interrupted, ToldToEnd) as told:
        narrator.end("interrupted", str(told))
        return Interrupted.exit_code
    except Fault as fault:
        narrator.end("failed", str(fault))
        return fault.exit_code
    narrator.end("done", "the adapter is delivered", digest)
    return 0


def _serve(document: TuningConfig, narrator: Narrator) -> None:
    if not document.port:
        return
    rows = WorkFolder(Path(document.work)).progress
    try:
        serve_progress(document.host, document.port, narrator.standing, rows)
    except OSError as taken:
        raise BadConfig(f"port {document.port} cannot be listened on: {taken.strerror}") from taken


def _leave(code: int) -> None:
    """At once: a thread that still fetches must not hold up a process that was told to end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
