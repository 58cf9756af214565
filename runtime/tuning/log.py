"""The log: one line of JSON a fact, its name first."""

from __future__ import annotations

import json
import logging
import sys


def tell(event: str, **known: object) -> None:
    """One line on standard output. What is not known (None) is left out."""
    said = {name: value for name, value in known.items() if value is not None}
    sys.stdout.write(json.dumps({"event": event, **said}, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


class Teller(logging.Handler):
    """What other rooms log, as facts of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        tell("note", of=record.getMessage(), room=record.name)


def listen_to_rooms() -> None:
    """Tell what the rooms of the runtime log, from information on."""
    rooms = logging.getLogger("runtime")
    rooms.addHandler(Teller())
    rooms.setLevel(logging.INFO)
