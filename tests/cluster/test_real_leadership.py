"""Two daemons of one fleet on a real kube-apiserver, each a user of its own: its audit log says who wrote."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import CONTEXT, ControlPlane, control_plane
from tests.cluster.fleet import RealFleet
from tests.cluster.programs import APISERVER, ETCD, missing
from tests.e2e.companions import identity
from tests.e2e.person import Person
from tests.e2e.typed import Daemon, environment, running_daemon

pytestmark = pytest.mark.slow

USERS = ("one", "two")
LEASES = "/apis/coordination.k8s.io/v1/namespaces/towline-system/leases"
KINDS = ("statefulsets", "services", "workspaces")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    if lost := missing(ETCD, APISERVER):
        pytest.skip(lost)
    with control_plane(tmp_path_factory.mktemp("plane"), {f"{user}-token": user for user in USERS}) as ours:
        group = "rbac.authorization.k8s.io"
        ours.ask(
            "POST",
            f"/apis/{group}/v1/clusterrolebindings",
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "towlines"},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user} for user in USERS],
            },
        )
        yield ours


def fleet_of(plane: ControlPlane, name: str, folder: Path) -> RealFleet:
    return RealFleet(name, folder, Person.arrives(folder), plane)


def daemon(fleet: RealFleet, user: str, *words: str) -> AbstractContextManager[Daemon]:
    """Towline as this user; leader election is on, as it is wherever a cluster is named."""
    folder = fleet.folder / user
    folder.mkdir()
    place = ("--repo", str(fleet.person.bare), "--state", str(folder / "state"), "--offline", "--poll", "1")
    kubeconfig = str(fleet.plane.kubeconfig_of(f"{user}-token"))
    typed = (*place, "--context", CONTEXT, "--kubeconfig", kubeconfig, *words)
    return running_daemon(typed, environment(folder), folder / "daemon.log")


def holder(fleet: RealFleet, lease: str = "") -> str:
    found = fleet.plane.ask("GET", f"{LEASES}/{lease or f'towline-{fleet.name}'}")
    return str(found["spec"].get("holderIdentity") or "") if found else ""


def written(plane: ControlPlane, user: str, since: int = 0) -> list[dict[str, Any]]:
    """What this user wrote that was accepted, leases apart."""
    lines = (plane.folder / "audit.log").read_text().splitlines()[since:]
    events = [json.loads(line) for line in lines if f'"username":"{user}"' in line]
    return [
        each
        for each in events
        if each["verb"] in ("create", "update", "patch", "delete")
        and each["objectRef"]["resource"] != "leases"
        and each["responseStatus"]["code"] < 400
    ]


def test_who_was_stopped_for_longer_than_its_lease_writes_nothing_more(
    plane: ControlPlane, tmp_path: Path
) -> None:
    fleet = fleet_of(plane, "stopped", tmp_path)
    fleet.push("a")
    with daemon(fleet, "one") as one:
        fleet.becomes(lambda: fleet.live("statefulsets", "a"), one)
        with daemon(fleet, "two") as two:
            fleet.becomes(lambda: f"{identity(one)} leads" in two.said, two)
            os.kill(one.process.pid, signal.SIGSTOP)
            fleet.push("a", "b")
            fleet.becomes(lambda: holder(fleet) == identity(two), two)
            fleet.becomes(lambda: fleet.live("statefulsets", "b"), two)
            woken = plane.so_far()
            os.kill(one.process.pid, signal.SIGCONT)
            fleet.becomes(lambda: f"{identity(two)} leads" in one.said, one)
            fleet.push("a", "b", "c")
            fleet.becomes(lambda: fleet.live("statefulsets", "c"), two)
            time.sleep(2)

            assert written(plane, "one", woken) == []
            assert written(plane, "two", woken)
            last = max(each["stageTimestamp"] for each in written(plane, "one"))
            assert last < min(each["stageTimestamp"] for each in written(plane, "two"))


def test_a_standby_takes_over_from_who_was_killed_and_at_once_from_who_ended(
    plane: ControlPlane, tmp_path: Path
) -> None:
    fleet = fleet_of(plane, "killed", tmp_path)
    fleet.push("a")
    with daemon(fleet, "one") as one:
        fleet.becomes(lambda: fleet.live("statefulsets", "a"), one)
        with daemon(fleet, "two") as two:
            fleet.becomes(lambda: f"{identity(one)} leads" in two.said, two)
            one.kill()
            begun = time.monotonic()
            fleet.push("a", "b")
            fleet.becomes(lambda: fleet.live("statefulsets", "b"), two)
            assert 10 < time.monotonic() - begun < 25
            assert two.stop() == 0
            assert holder(fleet) == ""
    assert fleet.once().returncode == 0


def test_no_object_is_applied_by_two_who_share_the_work(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = fleet_of(plane, "shared", tmp_path)
    names = [f"w{number}" for number in range(20)]
    leases = ("towline-shared.0", "towline-shared.1")
    fleet.push()
    with daemon(fleet, "one", "--shards", "2") as one, daemon(fleet, "two", "--shards", "2") as two:
        both = {identity(one), identity(two)}

        def divided() -> bool:
            both.update((identity(one), identity(two)))
            return {holder(fleet, each) for each in leases} == both - {""}

        fleet.becomes(lambda: identity(one) and identity(two) and divided(), one)
        before = plane.so_far()
        fleet.push(*names)
        for name in names:
            fleet.becomes(lambda name=name: fleet.live("statefulsets", name), one)
        fleet.becomes(lambda: len(fleet.person.everything_told("shared")) == len(names), two)

    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    for user in USERS:
        for each in written(plane, user, before):
            if each["objectRef"]["resource"] in KINDS:
                users[each["objectRef"]["resource"], each["objectRef"]["name"]].add(user)
    assert {name for kind, name in users if kind == "statefulsets"} == set(names)
    assert [thing for thing, wrote in users.items() if len(wrote) != 1] == []
    assert set().union(*users.values()) == set(USERS)
