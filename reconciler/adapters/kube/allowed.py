"""What somebody may do in a cluster, asked one thing at a time: authorization.k8s.io/v1.

One question a thing: a SelfSubjectRulesReview is not complete where webhooks decide, as Azure RBAC does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reconciler.domain.right import Deed

from .seen import Json
from .wire import Request, Wire

_API = "authorization.k8s.io/v1"
_AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rights are meant: ourselves where no name is given."""

    name: str = ""
    groups: tuple[str, ...] = ()


MYSELF = Subject()


def service_account(namespace: str, name: str) -> Subject:
    """A ServiceAccount as the authorizers see it."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return Subject(f"system:serviceaccount:{namespace}:{name}", groups)


def may_each(wire: Wire, deeds: Iterable[Deed], who: Subject = MYSELF) -> Iterator[tuple[Deed, bool]]:
    """Each thing and whether it is allowed. Raises the Fault of the first that cannot be asked: about others
    than ourselves only some may ask."""
    asked = tuple(deeds)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield from zip(asked, pool.map(lambda deed: _may(wire, deed, who), asked), strict=True)


def _may(wire: Wire, deed: Deed, who: Subject) -> bool:
    kind = "SubjectAccessReview" if who.name else "SelfSubjectAccessReview"
    person = {"user": who.name, "groups": list(who.groups)} if who.name else {}
    body: Json = {
        "apiVersion": _API,
        "kind": kind,
        "spec": {"resourceAttributes": _attributes(deed), **person},
    }
    answer = wire.ask(Request("POST", f"/apis/{_API}/{kind.lower()}s", body=body))
    return (answer.get("status") or {}).get("allowed") is True


def _attributes(deed: Deed) -> Json:
    told = {
        "group": deed.right.resource.group,
        "resource": deed.right.resource.plural,
        "subresource": deed.right.part,
        "verb": deed.verb,
        "namespace": deed.namespace,
        "name": deed.name,
    }
    return {key: value for key, value in told.items() if value}
