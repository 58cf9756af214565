"""Where kinds are served."""

from __future__ import annotations

import pytest

from reconciler.adapters.kube.kinds import KindInfo, discovered_kinds, known_kind
from reconciler.domain.identity import Ref


def test_the_core_group_and_the_others_have_their_own_paths() -> None:
    ref = Ref("v1", "Secret", "ml", "s")
    assert KindInfo("v1", "Secret", "secrets").path(ref) == "/api/v1/namespaces/ml/secrets/s"
    jobs = KindInfo("batch/v1", "Job", "jobs")
    assert jobs.path(ref, "status") == "/apis/batch/v1/namespaces/ml/jobs/s/status"
    assert jobs.collection == "/apis/batch/v1/jobs"


def test_a_cluster_scoped_kind_has_no_namespace_in_its_path() -> None:
    pools = KindInfo("karpenter.sh/v1", "NodePool", "nodepools", namespaced=False)
    assert pools.path(Ref("karpenter.sh/v1", "NodePool", "", "p")) == "/apis/karpenter.sh/v1/nodepools/p"


def test_a_name_cannot_leave_its_place_in_the_path() -> None:
    path = KindInfo("v1", "ConfigMap", "configmaps").path(Ref("v1", "ConfigMap", "a/../b", "x?y#z"))
    assert path == "/api/v1/namespaces/a%2F..%2Fb/configmaps/x%3Fy%23z"


@pytest.mark.parametrize(
    ("api_version", "custom"),
    [
        ("v1", False),
        ("apps/v1", False),
        ("apiextensions.k8s.io/v1", False),
        ("kaito.sh/v1beta1", True),
        ("karpenter.sh/v1", True),
    ],
)
def test_only_kinds_that_definitions_bring_may_be_absent(api_version: str, custom: bool) -> None:
    assert KindInfo(api_version, "X", "xs").is_custom is custom


def test_subresources_are_no_kinds() -> None:
    widgets = {"name": "widgets", "kind": "Widget", "namespaced": False}
    found = discovered_kinds("a.b/v1", {"resources": [widgets, {**widgets, "name": "widgets/status"}]})
    assert found == {("a.b/v1", "Widget"): KindInfo("a.b/v1", "Widget", "widgets", namespaced=False)}


def test_a_kind_in_another_version_is_another_kind() -> None:
    assert known_kind("apps/v1beta1", "StatefulSet") is None
    assert known_kind("apps/v1", "StatefulSet") == KindInfo("apps/v1", "StatefulSet", "statefulsets")
