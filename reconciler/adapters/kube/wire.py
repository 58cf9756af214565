"""A conversation with a Kubernetes API server: JSON in and out, every wait bounded, every failure a Fault.

Of the `kubernetes` package only configuration, authentication, TLS and the connection pool are used: its
typed models cost two to four times the time and refuse fields they do not know.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.utils.keepalive import tcp_keepalive_socket_options
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ProtocolError

from reconciler.adapters.user_agent import user_agent
from reconciler.faults import Broken, Fault, Forbidden, Refused

from .faults import fault_of_answer, fault_of_failure

Json = dict[str, Any]
Query = tuple[tuple[str, str], ...]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_FAILURES = (HTTPError, OSError, HTTPException, ApiException)
_BAD_KUBECONFIG = (ConfigException, yaml.YAMLError, OSError, ValueError, KeyError, TypeError)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PART = 1 << 16
_LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for the next bytes, for a whole answer."""

    connect: float = 10
    read: float = 30
    whole: float = 120


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the API. `body` is bytes for an apply, a document for the rest."""

    method: str
    path: str
    query: Query = ()
    body: bytes | Json | None = None
    content_type: str = "application/json"
    accept: str = "application/json"


def open_client(kubeconfig: Path | None, context: str, connections: int) -> ApiClient:
    """A client for that context of a kubeconfig file, or, without either, for the cluster we run in.

    The current context of a file is never used. Raises Refused when there is nothing to be read.
    """
    settings = Configuration(debug=False)
    settings.retries = False
    settings.no_proxy = ",".join(filter(None, (settings.no_proxy, *_LOOPBACK)))
    settings.connection_pool_maxsize = connections
    settings.socket_options = tcp_keepalive_socket_options(idle=30, interval=10, count=3)
    try:
        client = _configured(settings, kubeconfig, context)
    except _BAD_KUBECONFIG as broken:
        raise Refused(
            f"cannot use {kubeconfig or 'the kubeconfig'}, context {context!r}: {broken}"
        ) from broken
    client.user_agent = user_agent()
    warnings.filterwarnings("once", category=InsecureRequestWarning)  # for each server, not each request
    return client


class Wire:
    """Safe for many threads. Nothing is retried but a read whose connection was reset, and that once."""

    def __init__(self, client: ApiClient, patience: Patience) -> None:
        self._client: Any = client
        self._patience = patience
        self._signing = Lock()
        self.server = _without_credentials(client.configuration.host)

    def ask(self, request: Request) -> Json:
        """The document answered. Raises the Fault that the answer, or its absence, means."""
        try:
            return self._answer(request)
        except Fault as fault:
            if request.method != "GET" or not isinstance(fault.__cause__, ProtocolError | ConnectionError):
                raise
        return self._answer(request)

    def follow(self, path: str, query: Query, seconds: float) -> Stream:
        """A watch, open once the server has answered; `seconds` is how long it may be silent."""
        request = Request("GET", path, query)
        response = self._send(request)
        if response.status != 200:
            raise self._fault(request, response.status, self._read(response), response.headers)
        connection = response.response.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(seconds)
        return Stream(response.response, self.server)

    def tail(self, request: Request, most: int, patience: Patience) -> bytes:
        """The end of an answer that is no document: at most so many bytes. Raises Broken when it does not
        come to an end in time."""
        response = self._send(request, patience)
        if not 200 <= response.status < 300:
            raise self._fault(request, response.status, self._read(response), response.headers)
        kept, deadline = bytearray(), monotonic() + patience.whole
        while part := _part(response.response, self.server):
            kept += part
            if len(kept) > 2 * most:
                del kept[:-most]
            if monotonic() > deadline:
                response.response.close()
                raise Broken(f"{self.server}: a text without an end")
        return bytes(kept[-most:])

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def _answer(self, request: Request) -> Json:
        response = self._send(request)
        body = self._read(response)
        if not 200 <= response.status < 300:
            raise self._fault(request, response.status, body, response.headers)
        return _document(body, self.server)

    def _send(self, request: Request, patience: Patience | None = None) -> Any:
        signed, waits = self._signed(request), patience or self._patience
        try:
            return self._client.call_api(*signed, _request_timeout=(waits.connect, waits.read))
        except _FAILURES as failure:
            raise fault_of_failure(failure, self.server) from failure

    def _signed(self, request: Request) -> Any:
        """The request with who we are; one thread at a time, for it may run a login program."""
        headers = {"Content-Type": request.content_type, "Accept": request.accept}
        try:
            with self._signing:
                return self._client.param_serialize(
                    request.method,
                    request.path,
                    query_params=list(request.query),
                    header_params=headers,
                    body=request.body,
                    auth_settings=["BearerToken"],
                )
        except (ConfigException, OSError, ValueError) as failure:
            raise Forbidden(f"{self.server}: no credentials: {failure}") from failure

    def _read(self, response: Any) -> bytes:
        """The whole body: bounded in time, however slowly it trickles in, and in size."""
        body, deadline = bytearray(), monotonic() + self._patience.whole
        while part := _part(response.response, self.server):
            body += part
            if monotonic() > deadline or len(body) > _LARGEST:
                response.response.close()
                raise Broken(f"{self.server}: an answer without an end")
        return bytes(body)

    def _fault(self, request: Request, status: int, body: bytes, headers: Mapping[str, str]) -> Fault:
        return fault_of_answer(status, body, headers, request.path)


class Stream:
    """The events of a watch, as they come. Iterating raises a Fault when the connection breaks."""

    def __init__(self, response: Any, server: str) -> None:
        self._response = response
        self._server = server

    def __iter__(self) -> Iterator[Json]:
        rest = b""
        while part := _part(self._response, self._server):
            *lines, rest = (rest + part).split(b"\n")
            yield from (_document(line, self._server) for line in lines if line)
            if len(rest) > _LARGEST:
                raise Broken(f"{self._server}: an event without an end")

    def close(self) -> None:
        """Wake whoever waits for the next event; to be called from another thread."""
        with suppress(RuntimeError, ValueError, OSError):  # it had ended already
            self._response.shutdown()

    def discard(self) -> None:
        """Let go of the connection; to be called by the thread that iterates."""
        self._response.close()


def _part(response: Any, server: str) -> bytes:
    try:
        return bytes(response.read1(_PART))
    except _FAILURES as failure:
        raise fault_of_failure(failure, server) from failure


def _configured(settings: Configuration, kubeconfig: Path | None, context: str) -> ApiClient:
    vendor: Any = config
    if kubeconfig is None and not context:
        vendor.load_incluster_config(client_configuration=settings)
        return ApiClient(settings)
    if not context:
        raise ValueError("a context must be named")
    file = str(kubeconfig) if kubeconfig else None
    client: ApiClient = vendor.new_client_from_config(
        file, context, persist_config=False, client_configuration=settings
    )
    return client


def _without_credentials(host: str) -> str:
    parts = urlsplit(host)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _document(body: bytes, server: str) -> Json:
    try:
        document = json.loads(body)
    except ValueError as failure:
        raise Broken(f"{server}: the answer is not JSON") from failure
    if not isinstance(document, dict):
        raise Broken(f"{server}: the answer is not a JSON object")
    return document
