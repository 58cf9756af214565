"""The kubeconfig leads the clients people use to the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from kubernetes import config

from .conftest import House, eventually
from .objects import SETS, are_ready, create, stateful, template

CONTEXT = "towline-sandbox"


def kubectl(house: House, *words: str) -> str:
    env = {**os.environ, "KUBECONFIG": str(house.sandbox.kubeconfig)}
    return subprocess.run(
        ["kubectl", *words], env=env, capture_output=True, text=True, check=True, timeout=30
    ).stdout


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kubectl_finds_its_way_and_shows_what_the_world_does(house: House) -> None:
    assert kubectl(house, "config", "current-context").strip() == CONTEXT
    assert "Ready" in kubectl(house, "get", "nodes")
    create(house, SETS, stateful("shown", 1, template("shown")))
    kubectl(house, "rollout", "status", "statefulset/shown", "--timeout=20s")
    assert "1/1" in kubectl(house, "get", "pods", "-l", "app=shown")
    assert "Started" in kubectl(house, "describe", "pod", "shown-0")
    assert "simulated" in kubectl(house, "logs", "shown-0")


def test_the_kubernetes_package_finds_its_way(house: House) -> None:
    api = config.new_client_from_config(str(house.sandbox.kubeconfig), context=CONTEXT)
    asked = api.param_serialize("GET", "/api/v1/nodes", auth_settings=["BearerToken"])
    found = json.loads(api.call_api(*asked, _request_timeout=10).read())
    assert found["items"][0]["metadata"]["name"].startswith("aks-")
    assert house.sandbox.requests.count(api="kube", method="GET", path="/api/v1/nodes", status=200) >= 1


def test_nobody_enters_without_the_token(house: House) -> None:
    house.kube.token, token = "wrong", house.kube.token
    try:
        assert house.kube.ask("GET", "/api/v1/nodes").status == 401
    finally:
        house.kube.token = token


def test_logs_are_followed_until_the_container_ends(house: House) -> None:
    create(house, SETS, stateful("followed", 1, template("followed")))
    eventually(lambda: are_ready(house, "followed", 1))
    house.kube.ask("DELETE", f"{SETS}/followed")
    said = house.kube.ask("GET", "/api/v1/namespaces/default/pods/followed-0/log?follow=true")
    assert said.status in (200, 404)
