"""The programs of a real control plane: where they are, and the words each is started with.

KUBEBUILDER_ASSETS names their folder, as the ecosystem has it; what is not there is looked for on PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ETCD, APISERVER = "etcd", "kube-apiserver"
CONTROLLERS, SCHEDULER = "kube-controller-manager", "kube-scheduler"
STORED = (ETCD, APISERVER)
EVERYTHING = (*STORED, CONTROLLERS, SCHEDULER)
_WORKERS = ("deployment", "endpoint", "namespace", "service-endpoint", "statefulset")


def program(name: str) -> str | None:
    """Where one of them is, None where it is not."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    return (shutil.which(name, path=assets) if assets else None) or shutil.which(name)


def missing(*names: str) -> str:
    """A sentence when any of these is not found, empty when all are."""
    lost = [name for name in names if program(name) is None]
    if not lost:
        return ""
    return f"{' and '.join(lost)} not found: set KUBEBUILDER_ASSETS to the folder they are in"


@cache
def minor_version() -> int:
    """20 where kube-apiserver is 1.20.2."""
    words = (str(program(APISERVER)), "--version")
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"v1\.(\d+)", told)
    assert found, told
    return int(found[1])


def etcd_words(folder: Path, store: str, peer: str) -> list[str]:
    """An etcd of one member; `store` and `peer` are the URLs it listens on."""
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def apiserver_words(folder: Path, store: str, port: int, controllers: bool) -> list[str]:
    """Service accounts are admitted only where a controller makes them."""
    without = [] if controllers else ["--disable-admission-plugins=ServiceAccount"]
    return [
        f"--etcd-servers={store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--service-account-key-file={folder / 'sa.key'}",
        "--service-cluster-ip-range=10.0.0.0/16",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
        *without,
    ]


def controllers_words(folder: Path, kubeconfig: Path) -> list[str]:
    """Every controller but the one that misses the heartbeats of nodes, at a rate of no concern."""
    return [
        *_client_words(kubeconfig),
        f"--service-account-private-key-file={folder / 'sa.key'}",
        f"--root-ca-file={folder / 'certs' / 'apiserver.crt'}",
        f"--controllers=*,{','.join(_not_wanted())}",
        *(f"--concurrent-{kind}-syncs=10" for kind in _WORKERS),
    ]


def scheduler_words(kubeconfig: Path) -> list[str]:
    """The scheduler as it comes, at a rate of no concern."""
    return _client_words(kubeconfig)


def _client_words(kubeconfig: Path) -> list[str]:
    """Nobody reads their own ports; before 1.22 they have a second one, without TLS."""
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
        *(["--port=0"] if minor_version() < 22 else []),
    ]


def _not_wanted() -> list[str]:
    """The node lifecycle controller, which got a new name in 1.28 and was parted in two in 1.29."""
    if minor_version() < 28:
        return ["-nodelifecycle"]
    return ["-node-lifecycle-controller", *(["-taint-eviction-controller"] if minor_version() > 28 else [])]
