"""How the daemon is started in a cluster: its arguments, and how it comes by its credentials."""

from __future__ import annotations

from typing import Any

from reconciler.domain.fleet import Fleet
from reconciler.domain.installation import Installation

UID = 65532
"""The user of the Dockerfile, who has no name to log in by."""

_KEYS = "/etc/towline/git"
_SSH_KEY, _KNOWN_HOSTS = "ssh-privatekey", "known_hosts"
"""The first is what a Secret of type kubernetes.io/ssh-auth calls it."""


def arguments(installation: Installation, fleet: Fleet, state: str, port: int) -> list[str]:
    """The words after `towline`."""
    branch = ("--branch", installation.branch) if installation.branch else ()
    shards = ("--shards", str(installation.shards)) if installation.shards > 1 else ()
    words = ("run", "--context", "in-cluster", "--repo", installation.repo, *branch)
    more = ("--state", state, "--listen", f":{port}", "--log-format", "json")
    return [*words, *more, *_login(installation, fleet), *shards]


def environment(installation: Installation) -> list[dict[str, Any]] | None:
    """Name and password of a Secret of type kubernetes.io/basic-auth, or where the key of one for SSH lies;
    None where no Secret is named."""
    if not installation.git_secret:
        return None
    if folder := keys(installation):
        places = {"TOWLINE_GIT_SSH_KEY": _SSH_KEY, "TOWLINE_GIT_KNOWN_HOSTS": _KNOWN_HOSTS}
        return [{"name": name, "value": f"{folder}/{file}"} for name, file in places.items()]
    from_secret = {"TOWLINE_GIT_USERNAME": "username", "TOWLINE_GIT_TOKEN": "password"}
    return [
        {
            "name": name,
            "valueFrom": {
                "secretKeyRef": {"name": installation.git_secret, "key": key, "optional": key == "username"}
            },
        }
        for name, key in from_secret.items()
    ]


def keys(installation: Installation) -> str | None:
    """Where the Secret is mounted: only SSH reads files."""
    is_ssh = installation.repo.startswith("ssh://") or "://" not in installation.repo
    return _KEYS if installation.git_secret and is_ssh else None


def _login(installation: Installation, fleet: Fleet) -> tuple[str, ...]:
    if fleet.spec.node_provisioner != "agentPool":
        return ()
    return ("--azure-login", "workload-identity" if installation.azure_client_id else "managed-identity")
