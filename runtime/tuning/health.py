"""`python -m runtime.tuning.health DOCUMENT`: 0 where the tuning of this document answers, else 1."""

from __future__ import annotations

import http.client
import sys
from http import HTTPStatus

from runtime.tuning.document_file import read_document
from runtime.tuning.faults import BadConfig

_SECONDS = 5.0


def main(path: str) -> int:
    """Ask /health on this machine; a tuning that tells its progress nowhere (port 0) is taken at its word."""
    try:
        document = read_document(path)
    except BadConfig:
        return 1
    return 0 if not document.port or _answers(document.port) else 1


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
