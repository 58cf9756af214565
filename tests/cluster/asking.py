"""Requests to any Kubernetes API, as the person whom a kubeconfig names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
_LONGEST = (5, 90)
"""Seconds to connect, and to wait for the next bytes."""


class Refused(AssertionError):
    """The server answered, with something else than what was hoped for."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code}: {said}")
        self.code = code


class Api:
    """`connections` is how many requests may be under way at once."""

    def __init__(self, kubeconfig: Path, context: str | None = None, connections: int = 8) -> None:
        told = client.Configuration()
        config.load_kube_config(str(kubeconfig), context, client_configuration=told)  # type: ignore[no-untyped-call]
        told.connection_pool_maxsize = connections
        told.retries = urllib3.Retry(1, redirect=0)
        self._api = client.ApiClient(told)
        self._api.user_agent = "towline-tests"

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """One request; None for what is not there. ConnectionError where nobody answers, else Refused."""
        answer = self._send(method, path, body, kind)
        try:
            said = answer.read(decode_content=True)
        except urllib3.exceptions.HTTPError as lost:
            raise ConnectionError(str(lost)) from lost
        finally:
            answer.release_conn()
        if answer.status == 404:
            return None
        if answer.status >= 300:
            raise Refused(answer.status, said.decode(errors="replace"))
        return json.loads(said) if said else {}

    def lines(self, path: str) -> Iterable[bytes]:
        """An answer that goes on, line by line, until the server ends it. ConnectionError where it breaks."""
        answer, rest = self._send("GET", path, None, ""), b""
        try:
            for more in answer.stream(65536, decode_content=True):
                *whole, rest = (rest + more).split(b"\n")
                yield from whole
        except urllib3.exceptions.HTTPError as lost:
            raise ConnectionError(str(lost)) from lost
        finally:
            answer.close()

    def _send(self, method: str, path: str, body: Any, kind: str) -> urllib3.BaseHTTPResponse:
        path, _, asked = path.partition("?")
        query = [tuple(each.split("=", 1)) for each in asked.split("&") if each]
        headers = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
        prepared = self._api.param_serialize(
            method, path, query_params=query, body=body, header_params=headers, auth_settings=["BearerToken"]
        )
        try:
            answer: urllib3.BaseHTTPResponse = self._api.call_api(
                *prepared, _request_timeout=_LONGEST
            ).response
        except urllib3.exceptions.HTTPError as lost:
            raise ConnectionError(str(lost)) from lost
        return answer
