"""A scripted Kubernetes API, and a door that looks at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import KindInfo
from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.adapters.kube.wire import Patience
from reconciler.domain.identity import Ref
from tests.adapters.scripted import (
    Answer,
    Asked,
    Feed,
    Script,
    Scripted,
    document,
    kubeconfig,
)

CONFIG_MAPS = KindInfo("v1", "ConfigMap", "configmaps")
WORKSPACES = KindInfo("kaito.sh/v1beta1", "Workspace", "workspaces")
QUICK = Looking(patience=Patience(1, 1, 2, 1), pace=Pace(watch=30, first=0.02, longest=0.1, shortest=0))
FLEET = {"towline.dev/fleet": "demo"}


def config_map(name: str, version: int, uid: str = "", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "uid": uid or f"u-{name}", "labels": FLEET}
    return {"metadata": {**metadata, "resourceVersion": str(version), "managedFields": [{}]}, "data": data}


def listing(version: int, *items: dict[str, Any], token: str = "") -> Answer:
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    return document({"kind": "List", "metadata": metadata, "items": list(items)})


def not_served() -> Answer:
    return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})


def expired() -> dict[str, Any]:
    return {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}


def ref(name: str) -> Ref:
    return Ref("v1", "ConfigMap", "default", name)


@contextmanager
def cluster_of(
    tmp_path: Path, script: Script, looking: Looking = QUICK, *kinds: KindInfo
) -> Iterator[tuple[KubeCluster, Scripted]]:
    with Scripted(script) as server:
        cluster = KubeCluster(
            kubeconfig(tmp_path, server.url), "test", "demo", kinds or (CONFIG_MAPS,), looking
        )
        try:
            yield cluster, server
        finally:
            cluster.close()


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        waiting.wait(0.01)
    pytest.fail("it never came to be")


class Followed:
    """A script: a list that may change, and watches fed by the test, each from a version on."""

    def __init__(self) -> None:
        self.lists: Callable[[], Answer] = lambda: listing(10, config_map("a", 4))
        self.feeds: list[Feed] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path != CONFIG_MAPS.collection:
            return listing(1) if not asked.is_watch else Answer(body=Feed())
        if not asked.is_watch:
            return self.lists()
        self.feeds.append(Feed())
        return Answer(body=self.feeds[-1])
