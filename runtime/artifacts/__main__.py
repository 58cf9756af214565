"""`python -m runtime.artifacts SOURCE FOLDER [EXPECTS]`: fetch what the document SOURCE (YAML or JSON, see
document.py) names into FOLDER, as an init container does. EXPECTS is model, adapter, data or anything.

One line of JSON a fact goes to the log, how far it is as runtime/telemetry.py has it; a failure goes to the
pod's termination message as well. The exit code is 0, 1 (a person must act) or 75 (trying again later is
right).
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from runtime.artifacts.contents import Expected
from runtime.artifacts.document import Source
from runtime.artifacts.faults import Fault, Malformed, Missing
from runtime.artifacts.fetching import fetch_source
from runtime.telemetry import Downloads

_TERMINATION_LOG = Path("/dev/termination-log")
_MOST_MESSAGE_BYTES = 4096
_USAGE_EXIT = 2


def main(arguments: list[str]) -> int:
    """Fetch, and give the exit code."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    if len(arguments) not in (2, 3) or (len(arguments) == 3 and arguments[2] not in [*Expected]):
        _say(event="usage", usage="python -m runtime.artifacts SOURCE FOLDER [model|adapter|data|anything]")
        return _USAGE_EXIT
    expects = Expected(arguments[2]) if len(arguments) == 3 else Expected.ANYTHING
    tell = Downloads().tell
    try:
        place = fetch_source(read_source(Path(arguments[0])), Path(arguments[1]), tell, expects=expects)
    except Fault as fault:
        _say(event="failed", reason=type(fault).__name__, message=str(fault))
        if _TERMINATION_LOG.exists():
            whole = str(fault).encode()[:_MOST_MESSAGE_BYTES].decode(errors="ignore")
            _TERMINATION_LOG.write_text(whole, encoding="utf-8")
        return fault.exit_code
    _say(event="fetched", folder=str(place))
    return 0


def read_source(path: Path) -> Source:
    """The document at `path`."""
    try:
        written = yaml.safe_load(path.read_text())
        source: Source = TypeAdapter(Source).validate_json(json.dumps(written))
    except OSError as failure:
        raise Missing(f"{path} cannot be read ({failure.strerror}).") from failure
    except yaml.YAMLError as failure:
        raise Malformed(f"{path} is not YAML.") from failure
    except ValidationError as failure:
        first = failure.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Malformed(f"{path} is not a source: {field}: {first['msg']}.") from failure
    return source


def _say(**fact: str) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
