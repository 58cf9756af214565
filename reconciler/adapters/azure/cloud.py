"""The door to the agent pools of one AKS cluster.

Everything here begins and returns: creating a GPU pool took 26 minutes when it was recorded, and the next
pass reads `provisioningState` from its one list. The SDK's own retries and pollers are off; they would hide
seconds behind every error and start a thread an operation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.containerservice import ContainerServiceClient

from reconciler.adapters.user_agent import user_agent
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredPool, ObservedPool
from reconciler.faults import Missing, Refused

from .faults import NO_POOL, error_sentence, fault_of

ENDPOINT = "https://management.azure.com"
FLEET_TAG = "towline-fleet"
WORKSPACE_TAG = "towline-workspace"
NAMESPACE_TAG = "towline-workspace-namespace"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Terms:
    """How we speak to ARM: seconds to wait for a connection and for the next bytes; and whether If-Match is
    the bare etag that AKS tells, instead of in the quotes that the SDK puts around it."""

    connect_seconds: float = 10
    read_seconds: float = 30
    raw_etags: bool = False


class AzureCloud:
    """Fills the port `Cloud`; safe for many threads."""

    def __init__(
        self,
        cluster: AksCluster,
        credential: TokenCredential,
        endpoint: str = ENDPOINT,
        fleet: str = "",
        terms: Terms | None = None,
    ) -> None:
        self._where = (cluster.resource_group, cluster.name)
        self._terms = terms or Terms()
        agent = f"{user_agent()} fleet/{fleet}" if fleet else user_agent()
        self._client = ContainerServiceClient(
            credential, cluster.subscription, user_agent=agent, **_settings(endpoint.rstrip("/"), self._terms)
        )

    def pools(self) -> Mapping[str, ObservedPool]:
        """Every agent pool, from one list whose pages are all read. Raises Missing when the cluster is gone:
        that is not an empty list."""
        with _told_as_faults():
            listed = [pool.as_dict() for pool in self._client.agent_pools.list(*self._where)]
        return MappingProxyType({pool["name"]: observed_pool(pool) for pool in listed})

    def ensure(self, pool: DesiredPool, *, etag: str = "") -> None:
        """Begin to create the pool, or to make it so. With an etag: only if that is still the pool's, else
        Conflict. Conflict, too, while another operation runs."""
        body = json.loads(pool.body)
        with _told_as_faults():
            self._client.agent_pools.begin_create_or_update(
                *self._where, pool.name, body, polling=False, **self._condition(etag)
            )

    def remove(self, name: str) -> None:
        """Begin to delete the pool; one that is gone is fine, a cluster that is gone is Missing."""
        try:
            with _told_as_faults():
                self._client.agent_pools.begin_delete(*self._where, name, polling=False)
        except Missing as missing:
            if missing.code not in NO_POOL:
                raise

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def _condition(self, etag: str) -> dict[str, Any]:
        if not etag:
            return {}
        if self._terms.raw_etags:
            return {"headers": {"If-Match": etag}}
        return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def observed_pool(document: Mapping[str, Any]) -> ObservedPool:
    """An agent pool as ARM tells it; whose it is stands in its tags."""
    properties = document.get("properties") or {}
    tags = properties.get("tags") or {}
    workspace = tags.get(WORKSPACE_TAG, "")
    return ObservedPool(
        name=document["name"],
        instance_type=str(properties.get("vmSize") or ""),
        count=int(properties.get("count") or 0),
        state=str(properties.get("provisioningState") or ""),
        properties=MappingProxyType(dict(properties)),
        etag=str(properties.get("eTag") or ""),
        error=error_sentence((properties.get("status") or {}).get("provisioningError") or {}),
        owner=WorkspaceName(tags.get(NAMESPACE_TAG, ""), workspace) if workspace else None,
        fleet=tags.get(FLEET_TAG, ""),
    )


def _settings(endpoint: str, terms: Terms) -> dict[str, Any]:
    near = _is_loopback(endpoint)
    return {
        "base_url": endpoint,
        "credential_scopes": [f"{endpoint}/.default"],
        "retry_total": 0,
        "permit_redirects": False,
        "connection_timeout": terms.connect_seconds,
        "read_timeout": terms.read_seconds,
        "use_env_settings": not near,
        **({"authentication_policy": SansIOHTTPPolicy()} if near else {}),
    }


def _is_loopback(endpoint: str) -> bool:
    """Whether it is the sandbox's: plain http on this machine, where nobody is asked for a token. Raises
    Refused for plain http to anywhere else: it would tell the token to everyone on the way."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https":
        return False
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return True
    raise Refused(
        f"{parts.scheme}://{parts.hostname} is no endpoint for Azure: https, or http on this machine"
    )


@contextmanager
def _told_as_faults() -> Iterator[None]:
    try:
        yield
    except (AzureError, OSError) as failure:
        raise fault_of(failure) from failure
