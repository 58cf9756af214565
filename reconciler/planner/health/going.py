"""What was asked to go and is not gone: since when, and who still holds it.

An object with finalizers stays until each of them was taken away by whoever put it there:
https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers.
"""

from __future__ import annotations

from reconciler.domain.moment import clock, is_moment
from reconciler.domain.state import ObservedObject
from reconciler.planner.tell.readable import readable

from .verdict import Document, section

_MEANINGS = {
    "foregroundDeletion": "what it owns goes first",
    "orphan": "what it owns is let go first",
    "kubernetes.io/pvc-protection": "a pod still uses it",
    "karpenter.sh/termination": "its machine is emptied first",
    "customresourcecleanup.apiextensions.k8s.io": "all of its objects go first",
}
_MOST_NAMED = 3
_LONGEST_NAME = 80


def going(live: ObservedObject) -> str:
    """In a sentence. It tells since when, not for how long, so that time alone changes no word."""
    document = live.document
    since = going_since(document)
    known = f" since {clock(since)}" if since else ""
    held = [name for name in section(document, "metadata").get("finalizers") or () if isinstance(name, str)]
    return f"{live.ref} has been going{known}{_waits(held)}"


def going_since(document: Document) -> str:
    """The moment at which it was to be gone at the latest, by the API server's clock; empty where none is
    known."""
    since = str(section(document, "metadata").get("deletionTimestamp", ""))
    return since if is_moment(since) else ""


def _waits(finalizers: list[str]) -> str:
    if not finalizers:
        return ""
    named = " and ".join(_named(each) for each in finalizers[:_MOST_NAMED])
    more = f" and {len(finalizers) - _MOST_NAMED} more" if len(finalizers) > _MOST_NAMED else ""
    word, verb = ("finalizer", "waits") if len(finalizers) == 1 else ("finalizers", "wait")
    return f": {word} {named}{more} {verb}"


def _named(finalizer: str) -> str:
    meaning = _MEANINGS.get(finalizer)
    name = readable(finalizer, _LONGEST_NAME)
    return f"{name} ({meaning})" if meaning else name
