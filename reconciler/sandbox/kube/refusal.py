"""How the API says no: one exception that carries a Kubernetes Status, worded as the API server words it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .kinds import Kind


@dataclass(frozen=True, slots=True)
class Cause:
    """One field at fault: its path, the machine's reason (FieldValueRequired …) and the words for people."""

    field: str
    reason: str
    message: str

    @property
    def document(self) -> dict[str, str]:
        """The cause as it stands in a Status."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class Refusal(Exception):
    """The API refuses a request; `status` is the Kubernetes Status document to answer with."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    @property
    def status(self) -> dict[str, Any]:
        """The Status document, as the API server lays it out."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({} if self.details is None else {"details": self.details}),
            "code": self.code,
        }


def _about(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, **({"group": kind.group} if kind.group else {}), "kind": kind.plural}


def not_found(kind: Kind, name: str) -> Refusal:
    """404: no object of that name."""
    return Refusal(404, "NotFound", f'{kind.resource} "{name}" not found', _about(kind, name))


def already_exists(kind: Kind, name: str, *, leaving: bool = False) -> Refusal:
    """409: the name is taken, perhaps by an object that is being deleted."""
    message = f'{kind.resource} "{name}" already exists'
    said = f"object is being deleted: {message}" if leaving else message
    return Refusal(409, "AlreadyExists", said, _about(kind, name))


def modified(kind: Kind, name: str) -> Refusal:
    """409: the writer's resourceVersion is no longer the object's."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, why)


def conflict(kind: Kind, name: str, why: str) -> Refusal:
    """409: a precondition does not hold."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refusal(409, "Conflict", message, _about(kind, name))


def forbidden(kind: Kind, name: str, why: str, causes: Sequence[Cause] = ()) -> Refusal:
    """403: understood, and not allowed."""
    details = _about(kind, name)
    if causes:
        details["causes"] = [cause.document for cause in causes]
    return Refusal(403, "Forbidden", f'{kind.resource} "{name}" is forbidden: {why}', details)


def invalid(kind: Kind, name: str, causes: Sequence[Cause]) -> Refusal:
    """422: fields that break the kind's rules, all of them at once."""
    said = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    title = f"{kind.name}.{kind.group}" if kind.group else kind.name
    details = {
        "name": name,
        **({"group": kind.group} if kind.group else {}),
        "kind": kind.name,
        "causes": [cause.document for cause in causes],
    }
    return Refusal(422, "Invalid", f'{title} "{name}" is invalid: {listed}', details)


def not_served() -> Refusal:
    """404: no such kind."""
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def unprocessable(message: str, causes: Sequence[Cause] = ()) -> Refusal:
    """422: the request, not the object, breaks a rule."""
    details = {"causes": [cause.document for cause in causes]} if causes else {}
    return Refusal(422, "Invalid", message, details)


def bad_request(message: str) -> Refusal:
    """400: the request makes no sense."""
    return Refusal(400, "BadRequest", message)


def expired(message: str) -> Refusal:
    """410: that much history is no longer kept; list again."""
    return Refusal(410, "Expired", message)


def method_not_allowed() -> Refusal:
    """405: the resource has no such verb."""
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message)
