"""The logbook as a ConfigMap in the cluster.

One key a kind of entry, each a text of compact JSON. An object of Kubernetes holds 1 MiB: beyond a share of
that, what was written about longest ago is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.logbook import Account, Attempt, Logbook, Meter, Refusal
from reconciler.domain.moment import is_moment
from reconciler.domain.state import FLEET, MANAGED_BY, DesiredObject, ObservedObject, packed
from reconciler.planner.decide.inventory import NAMESPACE

from .logbook_entries import Entry, as_map, plain, read_entry, read_values

LABEL = "towline.dev/logbook"
_KIB = 1024
_MOST_KIB = 680
_SHORT_MESSAGE = 40


def is_logbook(ref: Ref, fleet: str) -> bool:
    """Whether this object is the fleet's logbook."""
    return ref == _ref(fleet)


def read_logbook(objects: Iterable[ObservedObject]) -> Logbook:
    """What is written there. An entry that cannot be read is as good as lost: it is left out."""
    data = {key: value for each in objects for key, value in (each.document.get("data") or {}).items()}
    found = {key: read_values(text) for key, text in data.items()}
    refusals = found.get("refusals")
    listed = refusals if isinstance(refusals, list) else []
    read = (read_entry(Refusal, each) for each in listed)
    return Logbook(
        attempts=_entries(Attempt, found.get("attempts")),
        refusals=tuple(each for each in read if each is not None),
        meters=_entries(Meter, found.get("meters")),
        accounts={_name(key): each for key, each in _entries(Account, found.get("accounts")).items()},
        orphans=_moments(found.get("orphans")),
        leaving=_moments(found.get("leaving")),
    )


def logbook_object(logbook: Logbook, fleet: str) -> DesiredObject:
    """The ConfigMap that holds it."""
    ref = _ref(fleet)
    document = {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {MANAGED_BY: "towline", FLEET: fleet, LABEL: "true"},
        },
        "data": _data(logbook),
    }
    body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return DesiredObject(ref, None, packed(body), hashlib.sha256(body).hexdigest())


def _ref(fleet: str) -> Ref:
    return Ref("v1", "ConfigMap", NAMESPACE, f"nodes-{fleet}")


def _entries(kind: type[Entry], value: object) -> dict[str, Entry]:
    read = {key: read_entry(kind, each) for key, each in as_map(value).items()}
    return {key: each for key, each in read.items() if each is not None}


def _moments(value: object) -> dict[str, str]:
    return {
        name: since for name, since in as_map(value).items() if isinstance(since, str) and is_moment(since)
    }


def _name(key: str) -> WorkspaceName:
    namespace, _, name = key.partition("/")
    return WorkspaceName(namespace, name)


def _data(logbook: Logbook) -> dict[str, str]:
    """Meters, refusals and orphans are no more than the pools of a cluster and a bounded list."""
    latest = sorted(logbook.accounts.items(), key=lambda item: item[1].until, reverse=True)
    return {
        "attempts": _attempts(logbook.attempts),
        "refusals": _json([plain(each) for each in logbook.refusals]),
        "meters": _json({name: plain(each) for name, each in logbook.meters.items()}),
        "accounts": _json(_within(100, ((str(name), plain(each)) for name, each in latest))),
        "orphans": _json(dict(logbook.orphans)),
        "leaving": _json(dict(logbook.leaving)),
    }


def _attempts(attempts: Mapping[str, Attempt]) -> str:
    """The latest first for what room there is; where they are many, Azure's messages are cut first."""
    latest = sorted(attempts.items(), key=lambda item: (item[1].begun, item[1].failed), reverse=True)
    whole = _json({name: plain(each) for name, each in latest})
    if len(whole.encode()) <= _MOST_KIB * _KIB:
        return whole
    return _json(_within(_MOST_KIB, ((name, plain(_shortened(each))) for name, each in latest)))


def _shortened(attempt: Attempt) -> Attempt:
    if attempt.error is None:
        return attempt
    return replace(attempt, error=replace(attempt.error, message=attempt.error.message[:_SHORT_MESSAGE]))


def _within(kib: int, entries: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """As many of these, from the first, as so many KiB of JSON hold."""
    kept: dict[str, dict[str, Any]] = {}
    room = kib * _KIB
    for name, entry in entries:
        room -= len(_json({name: entry}).encode())
        if room < 0:
            break
        kept[name] = entry
    return kept


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
