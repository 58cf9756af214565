from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.sandbox.kube.jsonpath import find_all
from reconciler.sandbox.kube.kinds import KindTable, kind_of_definition
from reconciler.sandbox.kube.refusal import Refusal
from reconciler.sandbox.kube.selectors import facets_of, parse_selection
from reconciler.sandbox.kube.spans import spelled
from reconciler.sandbox.kube.tables import Printer
from tests.sandbox.kube.served import definition, job, pod, service, workload

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KINDS = KindTable()


def row(obj: dict[str, Any], *, wide: bool = False) -> dict[str, Any]:
    kind = KINDS.of_object(obj)
    assert kind is not None
    obj["metadata"].setdefault("creationTimestamp", "2026-01-01T11:00:00Z")
    table = Printer(kind, kind.version, NOW).table([obj], {})
    pairs = zip(table["columnDefinitions"], table["rows"][0]["cells"], strict=True)
    return {column["name"]: cell for column, cell in pairs if wide or column["priority"] == 0}


def status_of(status: dict[str, Any], **metadata: Any) -> str:
    return str(row(pod(**metadata) | {"status": status})["Status"])


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]},
         "ImagePullBackOff"),
        ({"phase": "Running", "containerStatuses": [{"ready": True, "state": {"running": {}}}]}, "Running"),
        ({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
         "CrashLoopBackOff"),
        ({"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}]},
         "Completed"),
        ({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]},
         "ExitCode:3"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
    ],
)  # fmt: skip
def test_a_pods_status_is_the_word_kubectl_prints(status: dict[str, Any], word: str) -> None:
    assert status_of(status) == word


def test_a_pod_that_is_being_deleted_is_terminating() -> None:
    assert status_of({"phase": "Running"}, deletionTimestamp="2026-01-01T11:00:00Z") == "Terminating"


def test_init_containers_are_counted_while_they_run() -> None:
    starting = pod()
    starting["spec"]["initContainers"] = [{"name": "x"}, {"name": "y"}]
    done = {"state": {"terminated": {"exitCode": 0}}}
    starting["status"] = {"phase": "Pending", "initContainerStatuses": [done, {"state": {"running": {}}}]}
    assert row(starting)["Status"] == "Init:1/2"


def test_restarts_say_how_long_ago_the_last_one_was() -> None:
    ended = {"terminated": {"finishedAt": "2026-01-01T11:55:00Z"}}
    status = {"containerStatuses": [{"restartCount": 3, "lastState": ended}]}
    assert row(pod() | {"status": status})["Restarts"] == "3 (5m ago)"


def test_a_services_ports_and_addresses_are_printed() -> None:
    spec = {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}
    printed = row(service(**spec, ports=[{"port": 80, "nodePort": 30001, "protocol": "TCP"}]))
    assert (printed["Type"], printed["External-IP"], printed["Port(s)"]) == (
        "LoadBalancer",
        "<pending>",
        "80:30001/TCP",
    )


def test_a_job_says_where_it_stands() -> None:
    done = job(completions=1) | {
        "status": {
            "succeeded": 1,
            "startTime": "2026-01-01T11:00:00Z",
            "completionTime": "2026-01-01T11:01:30Z",
            "conditions": [{"type": "Complete", "status": "True"}],
        }
    }
    printed = row(done)
    assert (printed["Status"], printed["Completions"], printed["Duration"]) == ("Complete", "1/1", "90s")


def test_a_node_shows_its_role_and_readiness() -> None:
    labels = {"node-role.kubernetes.io/gpu": ""}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels}, "spec": {}}
    node["status"] = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1"},
    }
    printed = row(node)
    assert (printed["Status"], printed["Roles"], printed["Version"]) == ("Ready", "gpu", "v1")


def test_wide_columns_have_priority_one() -> None:
    assert "Images" not in row(workload("StatefulSet", replicas=1))
    assert row(workload("StatefulSet", replicas=1), wide=True)["Images"] == "i:1"


def test_printer_columns_of_a_definition_follow_their_paths() -> None:
    ready = '.status.conditions[?(@.type=="ResourceReady")].status'
    columns = [
        {"name": "Ready", "type": "string", "jsonPath": ready},
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    kind = kind_of_definition(definition(additionalPrinterColumns=columns))
    conditions = [{"type": "Other", "status": "False"}, {"type": "ResourceReady", "status": "True"}]
    obj = {
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T11:00:00Z"},
        "spec": {"size": 3},
        "status": {"conditions": conditions},
    }
    table = Printer(kind, "v1", NOW).table([obj], {})
    assert table["rows"][0]["cells"] == ["a", "True", 3, "60m"]
    assert [column["priority"] for column in table["columnDefinitions"]] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b", [1]),
        (".l[0].n", ["x"]),
        (".l[-1].n", ["y"]),
        (".l[*].n", ["x", "y"]),
        (".l[?(@.n=='y')].v", [2]),
        (".l[?(@.v>1)].n", ["y"]),
        (".m['k.l/o']", ["z"]),
        (".m.k\\.l/o", ["z"]),
        (".missing.b", []),
        (".l[", []),
    ],
)
def test_a_json_path_finds_what_it_names(path: str, found: list[Any]) -> None:
    document = {"a": {"b": 1}, "l": [{"n": "x", "v": 1}, {"n": "y", "v": 2}], "m": {"k.l/o": "z"}}
    assert find_all(document, path) == found


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5s"), (119, "119s"), (125, "2m5s"), (900, "15m"), (3 * 3600 + 60, "3h1m"), (10 * 3600, "10h"),
     (3 * 86400 + 7200, "3d2h"), (20 * 86400, "20d"), (800 * 86400, "2y70d")],
)  # fmt: skip
def test_spans_are_spelled_as_kubectl_spells_them(seconds: int, said: str) -> None:
    assert spelled(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("app=a", "1"),
        ("app==a", "1"),
        ("app!=a", "234"),
        ("app in (a,b)", "12"),
        ("app notin (a, b)", "34"),
        ("app", "123"),
        ("!app", "4"),
        ("app in (a,b),tier=x", "1"),
        ("app=a,tier=y", ""),
        ("", "1234"),
    ],
)
def test_label_selectors_choose_as_the_api_does(expression: str, taken: str) -> None:
    labels = {"1": {"app": "a", "tier": "x"}, "2": {"app": "b"}, "3": {"app": "c"}, "4": {}}
    kind = KINDS.named("Pod")
    assert kind is not None
    selection = parse_selection(kind, None, expression)
    facets = {name: facets_of(kind, pod(name, labels=each)) for name, each in labels.items()}
    assert "".join(name for name, each in facets.items() if selection.takes(each)) == taken


def test_field_selectors_know_the_fields_of_a_kind() -> None:
    kind = KINDS.named("Pod")
    assert kind is not None
    placed = pod()
    placed["spec"]["nodeName"] = "n"
    assert parse_selection(kind, None, fields="spec.nodeName=n,metadata.name!=q").takes(
        facets_of(kind, placed)
    )
    assert not parse_selection(kind, None, fields="spec.nodeName!=n").takes(facets_of(kind, placed))
    with pytest.raises(Refusal, match=r"field label not supported: spec\.image"):
        parse_selection(kind, None, fields="spec.image=x")
