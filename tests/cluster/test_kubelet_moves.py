"""The fake kubelet's own judgement, without a cluster: what it does to a pod next."""

from __future__ import annotations

from typing import Any

from tests.cluster.kubelet.nodes import gpu_node, node_words
from tests.cluster.kubelet.pods import ENDS_AFTER, FAULT, READY_AFTER, Move, Pace, next_move

NOW = "2026-11-22T12:00:00Z"


Notes = dict[str, str]


def a_pod(notes: Notes | None = None, restarts: str = "Always", going: bool = False) -> dict[str, Any]:
    metadata = {"name": "a-0", "uid": "6b1f5d5e-0000", "annotations": notes or {}}
    gone = {"deletionTimestamp": NOW} if going else {}
    spec = {"nodeName": "n", "restartPolicy": restarts, "containers": [{"name": "srv", "image": "x/y:1"}]}
    return {"metadata": {**metadata, **gone}, "spec": spec, "status": {"phase": "Pending"}}


def moves_of(pod: dict[str, Any], node_is_well: bool = True) -> list[Move]:
    """Every move until there is none, each one made before the next."""
    made: list[Move] = []
    while (move := next_move(pod, node_is_well, Pace(), NOW)) and len(made) < 9:
        made.append(move)
        pod = {**pod, "status": move.status or {}}
        if move.status is None:
            break
    return made


def test_a_server_becomes_ready_and_stays_so() -> None:
    assert [(move.stage, move.after) for move in moves_of(a_pod())] == [("ready", 0)]
    slow = moves_of(a_pod({READY_AFTER: "3"}))
    assert [(move.stage, move.after) for move in slow] == [("running", 0), ("ready", 3)]


def test_a_job_s_pod_runs_and_ends() -> None:
    moves = moves_of(a_pod({ENDS_AFTER: "2"}, "Never"))
    assert [(move.stage, move.after) for move in moves] == [("ready", 0), ("over", 2)]
    assert moves[-1].status is not None
    assert moves[-1].status["phase"] == "Succeeded"


def test_what_runs_out_of_memory_is_started_again_unless_it_is_never_to_be() -> None:
    (looping,) = moves_of(a_pod({FAULT: "OOMKilled"}))
    (over,) = moves_of(a_pod({FAULT: "OOMKilled"}, "Never"))
    assert looping.status is not None
    assert over.status is not None
    (container,) = looping.status["containerStatuses"]
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["lastState"]["terminated"]["exitCode"] == 137
    assert (looping.status["phase"], over.status["phase"]) == ("Running", "Failed")


def test_a_fault_that_is_taken_away_mends() -> None:
    broken = a_pod({FAULT: "ImagePullBackOff"})
    (move,) = moves_of(broken)
    mended = {**a_pod(), "status": move.status}
    assert [each.stage for each in moves_of(mended)] == ["ready"]


def test_a_deletion_is_finished_where_the_node_is_well_and_the_containers_end() -> None:
    assert [move.stage for move in moves_of(a_pod(going=True))] == ["gone"]
    assert moves_of(a_pod(going=True), node_is_well=False) == []
    assert moves_of(a_pod({FAULT: "Stuck"}, going=True)) == []


def test_a_new_node_says_that_it_is_ready_and_what_it_has_once() -> None:
    node = {**gpu_node("n", 8, {}), "spec": {"taints": [{"key": "node.kubernetes.io/not-ready"}]}}
    words = node_words(node, NOW)
    assert words.spec == {"taints": None}
    assert words.status is not None
    assert words.status["allocatable"]["nvidia.com/gpu"] == "8"
    settled = {**node, "spec": {}, "status": words.status}
    assert (node_words(settled, NOW).status, node_words(settled, NOW).spec) == (None, None)
