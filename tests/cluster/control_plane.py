"""A real Kubernetes control plane for tests: etcd and kube-apiserver, as processes on loopback ports.

They are looked for in KUBEBUILDER_ASSETS, then on PATH. No controller, scheduler or kubelet runs: objects are
stored, validated, defaulted and merged as a real cluster does, but nothing starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.gitserver import until

CONTEXT = "admin"
ADMIN = "admin-token"
_POLICY = (
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
)
_WRITES = frozenset({"create", "update", "patch", "delete"})
_LONGEST = 60


def program(name: str) -> str | None:
    """Where etcd or kube-apiserver is, None where it is not."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    return (
        shutil.which(name, path=assets) if assets and shutil.which(name, path=assets) else shutil.which(name)
    )


@dataclass
class ControlPlane:
    """A running apiserver; `kubeconfig` leads to it as its administrator."""

    folder: Path
    port: int
    store: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_of(ADMIN)

    def kubeconfig_of(self, token: str) -> Path:
        """A kubeconfig file for whoever has this token."""
        certificate = self.folder / "certs" / "apiserver.crt"
        cluster = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(certificate)}
        file = self.folder / f"kubeconfig-{token}"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": "c", "user": "u"}}],
        }
        file.write_text(json.dumps(document))
        return file

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """One request as the administrator; None for what is not there."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {ADMIN}")
        request.add_header("Content-Type", kind)
        context = ssl.create_default_context(cafile=str(self.folder / "certs" / "apiserver.crt"))
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - ours
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code == 404:
                return None
            raise AssertionError(refused.read().decode(errors="replace")) from refused

    def patch(self, path: str, body: Any, manager: str = "kubectl-edit") -> Any:
        """A person's merge patch."""
        return self.ask("PATCH", f"{path}?fieldManager={manager}", body, "application/merge-patch+json")

    def names(self, collection: str) -> list[str]:
        """What is there, by name."""
        return [each["metadata"]["name"] for each in (self.ask("GET", collection) or {}).get("items", ())]

    def writes(self, since: int = 0) -> Counter[str]:
        """What Towline has written since that line of the audit log: `patch services` and how often."""
        told: Counter[str] = Counter()
        for line in self._audit()[since:]:
            event = json.loads(line)
            if "towline" in event.get("userAgent", "") and event["verb"] in _WRITES:
                thing = event.get("objectRef", {})
                parts = (event["verb"], thing.get("resource"), thing.get("subresource"))
                told[" ".join(part for part in parts if part)] += 1
        return told

    def so_far(self) -> int:
        """How long the audit log is."""
        return len(self._audit())

    def start(self) -> None:
        """Start the apiserver and wait until it is ready."""
        self.processes["kube-apiserver"] = self._run("kube-apiserver", *self._flags())
        assert until(self._is_ready, _LONGEST), self._said("kube-apiserver")

    def stop(self, name: str = "kube-apiserver") -> None:
        """End it as a crash would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(_LONGEST)

    def _audit(self) -> list[str]:
        return (self.folder / "audit.log").read_text().splitlines()

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, AssertionError):
            return self.ask("GET", "/version") is not None and self.ask("GET", "/api/v1/namespaces/default")
        return False

    def _said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def _flags(self) -> list[str]:
        here = self.folder
        return [
            f"--etcd-servers={self.store}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={here / 'certs'}",
            f"--token-auth-file={here / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={here / 'sa.key'}",
            f"--service-account-key-file={here / 'sa.key'}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
            f"--audit-policy-file={here / 'audit.yaml'}",
            f"--audit-log-path={here / 'audit.log'}",
        ]

    def _run(self, name: str, *flags: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as said:
            return subprocess.Popen(
                (str(program(name)), *flags),
                cwd=self.folder,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
            )


@contextlib.contextmanager
def control_plane(folder: Path, tokens: Mapping[str, str]) -> Iterator[ControlPlane]:
    """etcd and an apiserver while the block lasts. `tokens` are users by token, beside the admin's."""
    store, peers, port = (_free_port() for _ in range(3))
    users = "".join(f"{token},{user},{user}\n" for token, user in tokens.items())
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n{users}')
    (folder / "audit.yaml").write_text(_POLICY)
    (folder / "audit.log").touch()
    key = ("openssl", "genrsa", "-out", str(folder / "sa.key"), "2048")
    subprocess.run(key, check=True, capture_output=True, timeout=_LONGEST)
    plane = ControlPlane(folder, port, f"http://127.0.0.1:{store}")
    try:
        plane.processes["etcd"] = plane._run("etcd", *_etcd_flags(folder, plane.store, peers))
        plane.start()
        yield plane
    finally:
        for name in ("kube-apiserver", "etcd"):
            if name in plane.processes:
                plane.stop(name)


def _etcd_flags(folder: Path, store: str, peers: int) -> list[str]:
    peer = f"http://127.0.0.1:{peers}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
