"""How we get in: a pool of connections, and who we say we are.

Of the `kubernetes` package only configuration, authentication, TLS and the connection pool are used: its
typed models cost two to four times the time and refuse fields they do not know, and each of its requests
reads the whole environment anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.utils.keepalive import tcp_keepalive_socket_options
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import InsecureRequestWarning

from reconciler.adapters.user_agent import user_agent
from reconciler.faults import Forbidden, Refused

_BAD_KUBECONFIG = (ConfigException, yaml.YAMLError, OSError, ValueError, KeyError, TypeError)
_NO_CREDENTIALS = (ConfigException, OSError, ValueError)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FRESH = 1.0
"""Seconds for which a token is used without asking whether it is still the one to use."""

Headers = dict[str, str]


class Access:
    """Safe for many threads. The token is asked for at most once a second, by one thread at a time, for it
    may run a login program; whoever reads it meanwhile waits."""

    def __init__(self, client: ApiClient) -> None:
        self._settings: Any = client.configuration
        self._asking = Lock()
        self._signature: tuple[Headers, float] = ({}, 0.0)
        self._agent = {"User-Agent": client.user_agent}
        manager: PoolManager = client.rest_client.pool_manager
        parts = urlsplit(self._settings.host)
        self.server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._manager = manager
        self._pool = manager.connection_from_url(self._settings.host)
        self._open: Callable[..., BaseHTTPResponse] = self._pool.urlopen
        self._prefix = parts.path.rstrip("/")
        if manager.proxy is not None and parts.scheme == "http":  # such a proxy wants to see whole addresses
            self._open, self._prefix = manager.urlopen, self._settings.host.rstrip("/")

    def signed(self, headers: Headers) -> Headers:
        """These headers with who we are. Raises Forbidden where that cannot be told."""
        signature, until = self._signature
        if monotonic() >= until:
            signature = self._ask()
        return {**headers, **self._agent, **signature}

    def forget(self) -> None:
        """The token was not accepted: the next request asks for it anew."""
        self._signature = ({}, 0.0)

    def send(
        self, method: str, target: str, headers: Headers, body: bytes | None, waits: Timeout
    ) -> BaseHTTPResponse:
        """One request, once; the response with its body unread. Raises what urllib3 does."""
        return self._open(
            method,
            self._prefix + target,
            body=body,
            headers=headers,
            timeout=waits,
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()
        self._manager.clear()

    def _ask(self) -> Headers:
        with self._asking:
            signature, until = self._signature
            if monotonic() < until:
                return signature
            try:
                told = self._settings.auth_settings().get("BearerToken") or {}
            except _NO_CREDENTIALS as failure:
                raise Forbidden(f"{self.server}: no credentials: {failure}") from failure
            signature = {told["key"]: told["value"]} if told.get("value") else {}
            self._signature = (signature, monotonic() + _FRESH)
            return signature


def open_access(kubeconfig: Path | None, context: str, connections: int) -> Access:
    """Into the cluster of that context of a kubeconfig file, or, without either, into the one we run in.

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
    return Access(client)


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
