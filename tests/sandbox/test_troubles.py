"""What goes wrong on request goes wrong as it does in Azure and Kubernetes, and stops when it is cleared."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from reconciler import sandbox
from reconciler.sandbox.trouble import WORDS, Marks, Trouble, Troubles, parse_trouble

from .conftest import eventually
from .objects import JOBS, NODES, SETS, create, holds, job, pods_of, read, reasons, stateful, template

SANDBOX = Path(next(iter(sandbox.__path__)))


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("no-quota", Trouble("no-quota")),
        ("api-500:3", Trouble("api-500", 3)),
        ("no-capacity@Standard_ND96isr_H100_v5", Trouble("no-capacity", None, "Standard_ND96isr_H100_v5")),
        ("image-pull:2@example.com/model:1", Trouble("image-pull", 2, "example.com/model:1")),
    ],
)
def test_a_trouble_is_read_from_words(text: str, trouble: Trouble) -> None:
    assert parse_trouble(text) == trouble


@pytest.mark.parametrize("text", ["", "no-such", "no-quota:x", "no-quota:", "no-quota@", "No-Quota"])
def test_other_words_are_refused_with_the_list_of_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=next(iter(WORDS))):
        parse_trouble(text)


def test_a_trouble_strikes_as_often_as_asked_and_only_where_asked() -> None:
    troubles = Troubles([parse_trouble("crash-loop:2@LLM")])
    assert not troubles.strikes("crash-loop", "other-0")
    assert [troubles.strikes("crash-loop", "llm-0") for _ in range(3)] == [True, True, False]
    assert troubles.in_force() == ()


def test_a_filter_of_two_parts_wants_both() -> None:
    trouble = parse_trouble("no-capacity@NC24ads+spot")
    assert trouble.touches("pool", "Standard_NC24ads_A100_v4", "spot")
    assert not trouble.touches("pool", "Standard_NC24ads_A100_v4", "on-demand")
    assert not trouble.touches("spot")


def test_one_trouble_is_taken_back_by_a_count_of_zero() -> None:
    troubles = Troubles()
    troubles.ask("api-500@arm", "api-500@kube", "throttled:2")
    troubles.ask("api-500:0@kube")
    assert troubles.in_force() == (Trouble("api-500", None, "arm"), Trouble("throttled", 2))
    troubles.ask("api-500:0", "throttled:0")
    assert troubles.in_force() == ()


def test_what_was_struck_suffers_until_the_trouble_is_taken_back() -> None:
    troubles = Troubles()
    marks = Marks(troubles)
    troubles.ask("node-lost:1")
    assert [marks.suffers("node-lost", name, name) for name in ("a", "b", "a")] == [True, False, True]
    assert troubles.in_force() == ()
    troubles.ask("node-lost:0")
    assert not marks.suffers("node-lost", "a", "a")


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_known_where_it_strikes(word: str) -> None:
    rooms = [path for path in SANDBOX.rglob("*.py") if path.name != "words.py"]
    assert any(f'"{word}"' in path.read_text() for path in rooms)


def test_none_clears_the_troubles_before_it() -> None:
    troubles = Troubles()
    troubles.ask("api-500", "none", "throttled")
    assert troubles.in_force() == (Trouble("throttled"),)


def test_unknown_words_change_nothing() -> None:
    troubles = Troubles([Trouble("throttled")])
    with pytest.raises(ValueError, match="no trouble is called"):
        troubles.ask("none", "thunder")
    assert troubles.in_force() == (Trouble("throttled"),)


def test_no_quota_refuses_the_put_and_leaves_no_pool(build) -> None:
    house = build("no-quota@a100")
    with pytest.raises(HttpResponseError) as refused:
        house.put_pool("small")
    assert refused.value.status_code == 400
    assert refused.value.error is not None
    assert refused.value.error.code == "ErrCode_InsufficientVCPUQuota"
    assert house.arm.ask("GET", house.pool_path("small")).status == 404
    assert house.put_pool("other", vmSize="Standard_NC40ads_H100_v5").count == 1


def test_no_capacity_fails_the_operation_with_http_200_and_the_pool_says_why(build) -> None:
    house = build("no-capacity:1")
    with pytest.raises(HttpResponseError) as failed:
        house.put_pool("unlucky")
    assert failed.value.status_code == 200
    assert failed.value.error is not None
    assert "AllocationFailed" in [one.code for one in failed.value.error.details]
    pool = house.client.agent_pools.get(*house.at, "unlucky")
    assert pool.provisioning_state == "Failed"
    assert "AllocationFailed" in pool.as_dict()["properties"]["status"]["provisioningError"]["message"]
    assert not house.objects(f"{NODES}?labelSelector=agentpool%3Dunlucky")
    assert house.put_pool("unlucky").provisioning_state == "Succeeded"
    assert "status" not in house.client.agent_pools.get(*house.at, "unlucky").as_dict()["properties"]


def test_throttled_is_429_with_the_seconds_to_wait(build) -> None:
    house = build("throttled:1@arm")
    with pytest.raises(HttpResponseError) as refused:
        house.client.managed_clusters.get(*house.at)
    assert refused.value.status_code == 429
    assert refused.value.error is not None
    assert refused.value.error.code == "Throttled"
    assert refused.value.response is not None
    assert refused.value.response.headers["Retry-After"] == "1"
    assert house.client.managed_clusters.get(*house.at).name == "sandbox"


def test_a_failing_api_answers_500_where_it_was_asked_to(build) -> None:
    house = build("api-500:1@arm", "api-500:1@kube")
    assert house.arm.ask("GET", house.pool_path("system")).status == 500
    assert house.kube.ask("GET", NODES).status == 500
    assert house.arm.ask("GET", house.pool_path("system")).status == 200
    assert house.kube.ask("GET", NODES).status == 200


def test_a_hanging_api_never_answers(build) -> None:
    house = build("hanging-api:1@arm")
    with pytest.raises(ServiceResponseError):
        house.client.managed_clusters.get(*house.at, read_timeout=0.3)
    assert house.client.managed_clusters.get(*house.at).name == "sandbox"
    eventually(lambda: house.sandbox.requests.count(api="arm", status=0) == 1)


def test_nodes_that_never_join_leave_a_succeeded_pool_without_nodes(build) -> None:
    house = build("node-never-joins:1@lost")
    assert house.put_pool("lost", count=2).provisioning_state == "Succeeded"
    assert len(eventually(lambda: house.objects(f"{NODES}?labelSelector=agentpool%3Dlost"))) == 1


def test_a_world_whose_nodes_never_join_starts_with_the_node_it_always_had(build) -> None:
    house = build("node-never-joins")
    assert [node["metadata"]["labels"]["agentpool"] for node in house.objects(NODES)] == ["system"]
    house.put_pool("lost", count=1)
    assert len(house.objects(NODES)) == 1


def test_without_a_device_plugin_nodes_are_ready_and_have_no_gpus(build) -> None:
    house = build("no-device-plugin")
    house.put_pool("bare")
    path = f"{NODES}?labelSelector=agentpool%3Dbare"
    node = eventually(lambda: next((one for one in house.objects(path) if holds(one, "Ready")), None))
    pod = template(
        "gpu", {"resources": {"limits": {"nvidia.com/gpu": "1"}}}, nodeSelector={"agentpool": "bare"}
    )
    create(house, SETS, stateful("gpu", 1, pod))
    eventually(lambda: "FailedScheduling" in reasons(house, "gpu-0"))
    assert "nvidia.com/gpu" not in read(house, f"{NODES}/{node['metadata']['name']}")["status"]["allocatable"]
    house.sandbox.ask("none")
    eventually(lambda: all(holds(pod, "Ready") for pod in pods_of(house, "gpu").values()))


def test_an_image_that_cannot_be_pulled_is_tried_again(build) -> None:
    house = build("image-pull@example.com/model")
    create(house, SETS, stateful("pull", 1, template("pull")))
    eventually(lambda: {"Failed", "BackOff"} <= set(reasons(house, "pull-0")))
    (status,) = pods_of(house, "pull")["pull-0"]["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    house.sandbox.ask("none")
    eventually(lambda: holds(pods_of(house, "pull")["pull-0"], "Ready"))


def test_a_container_that_crashes_is_restarted_later_each_time(build) -> None:
    house = build("crash-loop:2@loop-0")
    create(house, SETS, stateful("loop", 1, template("loop")))
    eventually(lambda: "BackOff" in reasons(house, "loop-0"))
    eventually(lambda: holds(pods_of(house, "loop")["loop-0"], "Ready"))
    (status,) = pods_of(house, "loop")["loop-0"]["status"]["containerStatuses"]
    assert status["restartCount"] == 2
    assert status["lastState"]["terminated"]["exitCode"] == 1


def test_a_job_that_fails_too_often_is_failed(build) -> None:
    house = build("crash-loop")
    create(house, JOBS, job("fail", template("fail"), backoffLimit=1))
    failed = eventually(lambda: holds(one := read(house, f"{JOBS}/fail"), "Failed") and one)
    assert failed["status"]["failed"] == 2
    (reason,) = {one["reason"] for one in failed["status"]["conditions"]}
    assert reason == "BackoffLimitExceeded"
    assert {pod["status"]["phase"] for pod in pods_of(house, "fail").values()} == {"Failed"}


def test_troubles_can_be_asked_for_while_it_runs(build) -> None:
    house = build()
    house.sandbox.ask("api-500:1@arm")
    assert house.arm.ask("GET", house.pool_path("system")).status == 500
    with pytest.raises(ValueError, match="no trouble is called"):
        house.sandbox.ask("thunder")
