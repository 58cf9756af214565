"""What a pod of local processes shares with one on a real node: its volumes, its last words, its logs."""

from __future__ import annotations

import base64
import stat
from typing import Any

from .conftest import House, eventually
from .local_images import IMAGES, PORTS, env
from .objects import (
    CLAIMS,
    JOBS,
    PODS,
    SETS,
    are_ready,
    create,
    holds,
    job,
    pods_of,
    read,
    stateful,
    template,
)


def test_init_and_main_containers_share_what_is_the_pods_own(build) -> None:
    house: House = build(local_images=IMAGES)
    mount = [{"name": "room", "mountPath": "/shared", "subPath": "deep/down"}]
    spec = template("pair", {"image": "local/serve", **PORTS, "volumeMounts": mount})
    spec["spec"]["initContainers"] = [{"name": "before", "image": "local/write", "volumeMounts": mount}]
    spec["spec"]["volumes"] = [{"name": "room", "emptyDir": {"medium": "Memory"}}]
    create(house, SETS, stateful("pair", 1, spec))
    pod = eventually(lambda: are_ready(house, "pair", 1))["pair-0"]
    own = house.sandbox.settings.state / "pods" / pod["metadata"]["uid"]
    assert (own / "volumes" / "room" / "deep" / "down" / "word").read_text() == "from the init container"


def test_secrets_are_laid_out_by_their_items_for_their_owner_alone(build) -> None:
    house: House = build(local_images=IMAGES)
    told = {name: base64.b64encode(name.encode()).decode() for name in (".dockerconfigjson", "other")}
    for name in ("one", "two"):
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": told}
        create(house, "/api/v1/namespaces/default/secrets", body)
    sources = [
        {"secret": {"name": name, "items": [{"key": ".dockerconfigjson", "path": f"{name}.json"}]}}
        for name in ("one", "two")
    ]
    spec = template("logins", {"image": "local/serve", **PORTS})
    spec["spec"]["containers"][0]["volumeMounts"] = [
        {"name": "logins", "mountPath": "/mnt/logins"},
        {"name": "host", "mountPath": "/opt/models"},
        {"name": "whole", "mountPath": "/whole"},
    ]
    spec["spec"]["volumes"] = [
        {"name": "logins", "projected": {"sources": sources}},
        {"name": "host", "hostPath": {"path": "/opt/../../models"}},
        {"name": "whole", "secret": {"secretName": "one"}},
    ]
    create(house, SETS, stateful("logins", 1, spec))
    pod = eventually(lambda: are_ready(house, "logins", 1))["logins-0"]
    state = house.sandbox.settings.state
    place = state / "pods" / pod["metadata"]["uid"] / "volumes"
    assert {each.name for each in (place / "logins").iterdir()} == {"one.json", "two.json"}
    assert {each.name for each in (place / "whole").iterdir()} == {".dockerconfigjson", "other"}
    assert stat.S_IMODE((place / "logins" / "one.json").stat().st_mode) == 0o600
    assert (place / "logins" / "one.json").read_text() == ".dockerconfigjson"
    assert (state / "host" / "opt" / "models").is_dir()


def test_a_containers_last_words_and_exit_code_are_told(build) -> None:
    house: House = build(local_images=IMAGES)
    silent = {"image": "local/fail", "env": env(CODE="4")}
    cases = {
        "said": {"image": "local/fail", "env": env(CODE="4", SAYS="a sentence")},
        "silent": silent,
        "logged": {**silent, "terminationMessagePolicy": "FallbackToLogsOnError"},
        "killed": {"image": "local/die", "terminationMessagePolicy": "FallbackToLogsOnError"},
    }
    for name, container in cases.items():
        create(house, JOBS, job(name, template(name, container), backoffLimit=0))
    for name in cases:
        eventually(lambda name=name: holds(read(house, f"{JOBS}/{name}"), "Failed"))
    ended = {name: ended_of(house, name) for name in cases}
    assert {name: (each["exitCode"], each.get("message", "")) for name, each in ended.items()} == {
        "said": (4, "a sentence"),
        "silent": (4, ""),
        "logged": (4, "why it failed\n"),
        "killed": (137, "last line\n"),
    }


def test_a_job_fails_at_once_by_its_policy_and_tries_again_otherwise(build) -> None:
    house: House = build(local_images=IMAGES)
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [1, 2]}},
    ]
    for name, code in (("person", "1"), ("passing", "75")):
        pod = template(name, {"image": "local/fail", "env": env(CODE=code)})
        create(house, JOBS, job(name, pod, backoffLimit=2, podFailurePolicy={"rules": rules}))
        eventually(lambda name=name: holds(read(house, f"{JOBS}/{name}"), "Failed"))
    person, passing = (failure_of(house, name) for name in ("person", "passing"))
    assert person["reason"] == "PodFailurePolicy"
    assert "failed with exit code 1 matching FailJob rule at index 1" in person["message"]
    assert len(pods_of(house, "person")) == 1
    assert passing["reason"] == "BackoffLimitExceeded"
    assert len(pods_of(house, "passing")) == 3


def test_logs_are_of_this_run_and_on_request_of_the_one_before(build) -> None:
    house: House = build(local_images=IMAGES)
    create(house, SETS, stateful("twice", 1, template("twice", {"image": "local/twice"})))
    log = f"{PODS}/twice-0/log"
    eventually(lambda: house.kube.ask("GET", log).body == "the second run\n")
    assert house.kube.ask("GET", f"{log}?previous=true").body == "the first run\n"


def test_a_log_is_followed_to_its_end(build) -> None:
    house: House = build(local_images=IMAGES)
    create(house, JOBS, job("count", template("count", {"image": "local/count"})))
    (pod,) = eventually(lambda: running(house, "count"))
    followed = house.kube.ask("GET", f"{PODS}/{pod}/log?follow=true&tailLines=2").body
    assert followed.splitlines()[-1] == "2999 "
    assert house.kube.ask("GET", f"{PODS}/{pod}/log?tailLines=3").body == "2997 \n2998 \n2999 \n"
    assert len(house.kube.ask("GET", f"{PODS}/{pod}/log").body.splitlines()) == 3000


def test_what_is_on_a_claim_goes_with_the_claim(build) -> None:
    house: House = build(local_images=IMAGES)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    create(house, CLAIMS, claim)
    mount = [{"name": "room", "mountPath": "/shared"}]
    pod = template("keeps", {"image": "local/write", "volumeMounts": mount})
    pod["spec"]["volumes"] = [{"name": "room", "persistentVolumeClaim": {"claimName": "disk"}}]
    create(house, JOBS, job("keeps", pod))
    eventually(lambda: holds(read(house, f"{JOBS}/keeps"), "Complete"))
    place = house.sandbox.settings.state / "claims" / "default" / "disk"
    house.kube.ask("DELETE", f"{JOBS}/keeps?propagationPolicy=Background")
    assert (place / "word").exists()
    house.kube.ask("DELETE", f"{CLAIMS}/disk")
    eventually(lambda: not place.exists())


def running(house: House, app: str) -> list[str]:
    return [
        name
        for name, pod in pods_of(house, app).items()
        if "running" in pod["status"].get("containerStatuses", [{}])[0].get("state", {})
    ]


def ended_of(house: House, name: str) -> dict[str, Any]:
    (pod,) = pods_of(house, name).values()
    ended: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return ended


def failure_of(house: House, name: str) -> dict[str, Any]:
    found = read(house, f"{JOBS}/{name}")["status"]["conditions"]
    return next(one for one in found if one["type"] == "Failed")
