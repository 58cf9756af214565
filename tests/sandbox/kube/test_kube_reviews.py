"""Questions that are POSTed: answered, and nothing is kept."""

from __future__ import annotations

import pytest

from tests.sandbox.kube.served import Served

AUTHORIZATION = "/apis/authorization.k8s.io/v1"


@pytest.mark.parametrize("kind", ["SelfSubjectAccessReview", "SubjectAccessReview"])
def test_everything_is_allowed_to_whoever_has_the_token(api: Served, kind: str) -> None:
    spec = {"resourceAttributes": {"verb": "list", "resource": "pods"}}
    answer = api.call("POST", f"{AUTHORIZATION}/{kind.lower()}s", {"kind": kind, "spec": spec})
    assert answer.code == 201
    assert (answer.body["kind"], answer.body["spec"]) == (kind, spec)
    assert answer.body["status"]["allowed"] is True


def test_one_is_told_who_one_is(api: Served) -> None:
    answer = api.call(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"kind": "SelfSubjectReview"}
    )
    assert answer.body["status"]["userInfo"]["username"] == "sandbox"


def test_a_question_that_is_none_is_refused(api: Served) -> None:
    assert api.call("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", []).code == 400
    assert api.call("GET", f"{AUTHORIZATION}/selfsubjectaccessreviews").code == 404
