"""Questions that are POSTed and leave nothing behind: who one is, and what one may do. Whoever has the
sandbox's token may do everything."""

from __future__ import annotations

from aiohttp import web

from .answers import as_json
from .bodies import read_document
from .documents import Obj
from .refusal import bad_request

_AUTHORIZATION = "authorization.k8s.io/v1"
_AUTHENTICATION = "authentication.k8s.io/v1"
_ALLOWED: Obj = {"allowed": True, "reason": "the sandbox allows everything"}
_ALL = ["*"]
_RULES: Obj = {
    "resourceRules": [{"verbs": _ALL, "apiGroups": _ALL, "resources": _ALL}],
    "nonResourceRules": [{"verbs": _ALL, "nonResourceURLs": _ALL}],
    "incomplete": False,
}
_OWNER: Obj = {"userInfo": {"username": "sandbox", "groups": ["system:masters", "system:authenticated"]}}
_QUESTIONS = {
    f"/apis/{_AUTHORIZATION}/selfsubjectaccessreviews": (_AUTHORIZATION, "SelfSubjectAccessReview", _ALLOWED),
    f"/apis/{_AUTHORIZATION}/selfsubjectrulesreviews": (_AUTHORIZATION, "SelfSubjectRulesReview", _RULES),
    f"/apis/{_AUTHORIZATION}/subjectaccessreviews": (_AUTHORIZATION, "SubjectAccessReview", _ALLOWED),
    f"/apis/{_AUTHENTICATION}/selfsubjectreviews": (_AUTHENTICATION, "SelfSubjectReview", _OWNER),
}


async def review(request: web.Request) -> web.Response | None:
    """The answer, with the question in it; None where none is asked."""
    if request.method != "POST" or request.path not in _QUESTIONS:
        return None
    api_version, kind, status = _QUESTIONS[request.path]
    document = await read_document(request)
    spec = document.get("spec", {}) if isinstance(document, dict) else None
    if not isinstance(spec, dict):
        raise bad_request(f"the body is no {kind}")
    told = {"kind": kind, "apiVersion": api_version, "metadata": {"creationTimestamp": None}}
    return as_json({**told, "spec": spec, "status": dict(status)}, 201)
