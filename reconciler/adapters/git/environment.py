"""What a git process may know of this machine: an environment made from nothing.

No user's or system's gitconfig, no hooks, no netrc, no helper, no prompt; one transport, the address's own.
The Authorization header travels in the environment, never in argv or on disk.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from .address import Address
from .credentials import Credentials
from .limits import GitLimits

PASSED = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
SLOWEST_BYTES_PER_SECOND = 1000

FIXED = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_SSH_VARIANT": "ssh",
}

SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "1m",
    "core.packedGitWindowSize": "32m",
    "core.packedGitLimit": "256m",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "credential.helper": "",
    "fetch.unpackLimit": "1",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",
    "protocol.version": "2",
    "safe.directory": "*",
}


def git_environment(
    address: Address, credentials: Credentials, limits: GitLimits, folder: Path | None = None
) -> Mapping[str, str]:
    """The whole environment of a git that works in `folder` and may talk to `address` and to nobody else."""
    passed = {name: os.environ[name] for name in (*PASSED, *PROXIES) if name in os.environ}
    own = {"GIT_ALLOW_PROTOCOL": address.scheme, "HOME": os.devnull}
    if folder is not None:
        own |= {"GIT_DIR": str(folder)}
    if address.scheme == "ssh":
        own |= {"GIT_SSH_COMMAND": shlex.join(ssh_command(credentials, limits)), **_agent(credentials)}
    return {**passed, **FIXED, **own, **_as_variables(_settings(address, credentials, limits))}


def ssh_command(credentials: Credentials, limits: GitLimits) -> tuple[str, ...]:
    """ssh without a prompt, without the user's configuration, and with a host key it already knows."""
    trust = "accept-new" if credentials.accept_new_host_keys else "yes"
    seconds = max(1, int(limits.poll_seconds))
    options = ["BatchMode=yes", f"StrictHostKeyChecking={trust}", f"ConnectTimeout={seconds}"]
    options += ["ServerAliveInterval=10", "ServerAliveCountMax=3", "SendEnv=GIT_PROTOCOL", "ForwardAgent=no"]
    if credentials.known_hosts:
        options += [f"UserKnownHostsFile={credentials.known_hosts}", "GlobalKnownHostsFile=/dev/null"]
    identity = ("-i", str(credentials.ssh_key), "-o", "IdentitiesOnly=yes") if credentials.ssh_key else ()
    return ("ssh", "-F", "none", *(word for option in options for word in ("-o", option)), *identity)


def _agent(credentials: Credentials) -> Mapping[str, str]:
    socket = os.environ.get("SSH_AUTH_SOCK", "")
    return {"SSH_AUTH_SOCK": socket} if socket and not credentials.ssh_key else {}


def _settings(address: Address, credentials: Credentials, limits: GitLimits) -> Mapping[str, str]:
    settings = dict(SETTINGS)
    settings["http.lowSpeedLimit"] = str(SLOWEST_BYTES_PER_SECOND)
    settings["http.lowSpeedTime"] = str(max(1, int(limits.poll_seconds)))
    if credentials.ca_file:
        settings["http.sslCAInfo"] = str(credentials.ca_file)
    if address.scheme in ("http", "https") and credentials.authorization:
        place = f"{address.scheme}://{address.authority}/"
        settings[f"http.{place}.extraHeader"] = f"Authorization: {credentials.authorization}"
    return settings


def _as_variables(settings: Mapping[str, str]) -> Mapping[str, str]:
    """git-config(1), ENVIRONMENT: GIT_CONFIG_COUNT, GIT_CONFIG_KEY_<n>, GIT_CONFIG_VALUE_<n>."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return variables
