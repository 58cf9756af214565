"""What is needed of a cluster is asked, and what is missing is told with its mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.preflight import Needs, kube_checks
from reconciler.domain.fleet import Fleet
from reconciler.domain.preflight import Answer, Check, is_ready
from reconciler.planner.install.rights import deeds_of
from reconciler.wiring.install import rights
from tests.adapters.kube_answers import kube, listed, node, status
from tests.adapters.scripted import Cut, Script, Scripted, document, kubeconfig

FLEET = Fleet()
NEEDS = Needs(deeds_of(rights(FLEET), FLEET), ("default", "towline-system"))
KARPENTER = (("karpenter.sh/v1", "NodePool"), ("karpenter.azure.com/v1beta1", "AKSNodeClass"))
SUBJECTS = ["kubernetes", "who", "access", "workspaces", "namespaces", "gpu nodes", "pod monitors", "leader"]


def checked(script: Script, folder: Path, needs: Needs = NEEDS) -> dict[str, Check]:
    with Scripted(script) as server:
        checks = kube_checks(kubeconfig(folder, server.url), "test", needs)
    assert "a-token" not in str(checks)
    return {check.subject: check for check in checks}


def needing(**other: Any) -> Needs:
    return Needs(NEEDS.deeds, NEEDS.namespaces, **other)


def test_a_cluster_where_all_is_well_is_ready(tmp_path: Path) -> None:
    checks = checked(kube(), tmp_path)
    assert list(checks) == SUBJECTS
    assert {check.answer for check in checks.values()} == {Answer.YES}
    assert not any(check.mend for check in checks.values())
    assert checks["who"].said == "ann"
    assert checks["kubernetes"].said.startswith("v1.31.4 at http://127.0.0.1:")
    assert checks["leader"].said == "host_1 leads, and last said so at 2026-11-22T12:00:00Z"


def test_nothing_is_written_to_learn_it(tmp_path: Path) -> None:
    with Scripted(kube()) as server:
        kube_checks(kubeconfig(tmp_path, server.url), "test", NEEDS)
    writes = {asked.path.rpartition("/")[2] for asked in server.asked if asked.method != "GET"}
    assert writes == {"selfsubjectaccessreviews", "selfsubjectreviews"}


def test_each_thing_is_asked_about_once_and_as_it_will_be_done(tmp_path: Path) -> None:
    with Scripted(kube()) as server:
        kube_checks(kubeconfig(tmp_path, server.url), "test", NEEDS)
    asked = [
        json.loads(each.body)["spec"]["resourceAttributes"]
        for each in server.asked
        if each.path.endswith("selfsubjectaccessreviews")
    ]
    assert len(asked) == len(NEEDS.deeds) == len({json.dumps(each, sort_keys=True) for each in asked})
    assert {"verb": "list", "group": "batch", "resource": "jobs"} in asked
    log = {"verb": "get", "resource": "pods", "subresource": "log", "namespace": "default"}
    assert log in asked


@pytest.mark.parametrize(
    ("script", "subject", "answer", "said", "mend"),
    [
        (kube(version=status(401, "Unauthorized")), "kubernetes", Answer.NO, "Unauthorized", "log in anew"),
        (kube(version=Cut()), "kubernetes", Answer.NO, "127.0.0.1", "let Towline reach the API server"),
        (kube(version=document({"major": "1", "minor": "18"})), "kubernetes", Answer.LESS, "at", "1.20"),
        (kube(selfsubjectreviews=status(404, "NotFound")), "who", Answer.YES, "context test", ""),
        (
            kube("list jobs", "patch statefulsets"),
            "access",
            Answer.NO,
            "not allowed: patch statefulsets.apps in default, list jobs.batch",
            "to keep the workspaces' objects, to see the fleet's objects; `towline install` grants it",
        ),
        (
            kube("create events", "get pods/log"),
            "access",
            Answer.LESS,
            "get pods/log in default",
            "last words",
        ),
        (
            kube(
                workspaces_kaito_sh=document(
                    {"metadata": {}, "spec": {"versions": [{"name": "v1beta1", "served": True}]}}
                )
            ),
            "workspaces",
            Answer.YES,
            "KAITO's, and serves v1beta1; Towline leaves it alone",
            "",
        ),
        (
            kube(workspaces_kaito_sh=status(403, "Forbidden")),
            "workspaces",
            Answer.LESS,
            "Forbidden",
            "install",
        ),
        (
            kube(default=document({"status": {"phase": "Terminating"}})),
            "namespaces",
            Answer.NO,
            "being deleted: default",
            "finalizer",
        ),
        (
            kube(nodes=listed(node("gpu-0", accelerator="nvidia"))),
            "gpu nodes",
            Answer.LESS,
            "without a GPU that Kubernetes sees: gpu-0",
            "device plugin",
        ),
        (kube(nodes=listed(node("cpu-0"))), "gpu nodes", Answer.YES, "0 of 1 nodes", ""),
        (
            kube(nodes=listed(node("cpu-0")), daemonsets=listed()),
            "device plugin",
            Answer.LESS,
            "none seen",
            "install NVIDIA's",
        ),
        (kube(nodes=status(403, "Forbidden")), "gpu nodes", Answer.LESS, "cannot be seen", "towline install"),
        (kube(towline_towline=status(404, "NotFound")), "leader", Answer.YES, "nobody has led", ""),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    tmp_path: Path, script: Script, subject: str, answer: Answer, said: str, mend: str
) -> None:
    checks = checked(script, tmp_path)
    check = checks[subject]
    assert (check.answer, said in check.said, mend in check.mend) == (answer, True, True), check
    assert is_ready(checks.values()) == (answer is not Answer.NO)


def test_a_cluster_that_does_not_answer_is_asked_nothing_more(tmp_path: Path) -> None:
    with Scripted(kube(version=status(401, "Unauthorized"))) as server:
        checks = kube_checks(kubeconfig(tmp_path, server.url), "test", NEEDS)
    assert [check.subject for check in checks] == ["kubernetes"]
    assert {asked.path for asked in server.asked} == {"/version"}


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    (check,) = kube_checks(kubeconfig(tmp_path, "http://127.0.0.1:1"), "another", NEEDS)
    assert (check.answer, "another" in check.said, "get-contexts" in check.mend) == (Answer.NO, True, True)


def test_own_nodes_have_to_be_there(tmp_path: Path) -> None:
    script = kube(nodes=listed(node("cpu-0")))
    check = checked(script, tmp_path, needing(brings_nodes=False))["gpu nodes"]
    assert (check.answer, "none of 1 nodes" in check.said) == (Answer.LESS, True)


def test_karpenter_has_to_be_there_where_it_makes_the_nodes(tmp_path: Path) -> None:
    assert checked(kube(), tmp_path, needing(kinds=KARPENTER))["karpenter"].answer is Answer.YES
    check = checked(kube(v1beta1=status(404, "NotFound")), tmp_path, needing(kinds=KARPENTER))["karpenter"]
    assert check.answer is Answer.NO
    assert check.said == "not served: AKSNodeClass in karpenter.azure.com/v1beta1"


def test_the_installed_account_is_asked_about_where_it_is_there(tmp_path: Path) -> None:
    script = kube("list nodes", towline=document({"metadata": {"name": "towline"}}))
    account = checked(script, tmp_path)["account"]
    assert account.answer is Answer.NO
    assert account.said == "system:serviceaccount:towline-system:towline: not allowed: list nodes"
