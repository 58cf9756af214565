"""What Towline may do in a cluster, right by right: the one list that is granted, and that is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """Where a right holds."""

    CLUSTER = "in the whole cluster"
    FLEET = "in each namespace of the fleet"
    OWN = "where the fleet's record and its lease lie"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object as RBAC names it: API group, empty for the core one, and plural."""

    group: str
    plural: str
    namespaced: bool = True
    shared: bool = False

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True, slots=True)
class Right:
    """To do `verbs` to a resource, or to its `part` (a subresource), of these `names`; to all of it where
    none is named. `why` is what it is for; without one that is not `needed` the work goes on with less."""

    resource: Resource
    verbs: tuple[str, ...]
    where: Where
    why: str
    part: str = ""
    names: tuple[str, ...] = ()
    needed: bool = True

    @property
    def target(self) -> str:
        """The resource with its part, as a rule of RBAC writes it."""
        return f"{self.resource.plural}/{self.part}" if self.part else self.resource.plural


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that may be allowed or not: the question of a SelfSubjectAccessReview. `namespace` is empty
    for all of them and for what lies in none, `name` for any; `right` is the one that it is a part of."""

    verb: str
    right: Right
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        resource, part = self.right.resource, self.right.part
        what = f"{resource}/{part}" if part else str(resource)
        what += f" {self.name}" if self.name else ""
        return f"{self.verb} {what}" + (f" in {self.namespace}" if self.namespace else "")
