"""The world written down, so that it survives a restart of the sandbox: one file, an object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .arm.errors import ArmError
from .arm.operations import Operation
from .arm.pool import Pool

_FORM = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The world at one moment: its time, the API's token, the cloud, and the cluster's objects as JSON."""

    time: datetime
    token: str
    pools: tuple[Pool, ...]
    operations: tuple[Operation, ...]
    revision: int
    objects: tuple[bytes, ...]
    power: str = "Running"


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot in place of the one before it, whole or not at all; only its owner may read it."""
    head = {
        "form": _FORM,
        "time": snapshot.time.isoformat(),
        "token": snapshot.token,
        "pools": [_pool(pool) for pool in snapshot.pools],
        "operations": [_operation(one) for one in snapshot.operations],
        "revision": snapshot.revision,
        "power": snapshot.power,
    }
    unfinished = path.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(b"\n".join((json.dumps(head).encode(), *snapshot.objects)))
    unfinished.replace(path)


def read_snapshot(path: Path) -> Snapshot | None:
    """Read a snapshot; None where there is none. ValueError where the file is not one of this form."""
    if not path.exists():
        return None
    first, *objects = path.read_bytes().split(b"\n")
    head = json.loads(first)
    if not isinstance(head, dict) or head.get("form") != _FORM:
        raise ValueError(f"{path} is not a snapshot that this sandbox can read")
    return Snapshot(
        time=datetime.fromisoformat(head["time"]),
        token=head["token"],
        pools=tuple(_read_pool(one) for one in head["pools"]),
        operations=tuple(_read_operation(one) for one in head["operations"]),
        revision=head["revision"],
        objects=tuple(objects),
        power=head.get("power", "Running"),
    )


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "properties": dict(pool.properties),
        "state": pool.state,
        "etag": pool.etag,
        "machines": list(pool.machines),
        "next_machine": pool.next_machine,
        "error": pool.error.document() if pool.error else None,
    }


def _read_pool(told: dict[str, Any]) -> Pool:
    return Pool(**{**told, "machines": tuple(told["machines"]), "error": _read_error(told["error"])})


def _operation(one: Operation) -> dict[str, Any]:
    return {
        "id": one.id,
        "verb": one.verb,
        "pool": one.pool,
        "started": one.started.isoformat(),
        "status": one.status,
        "ended": one.ended.isoformat() if one.ended else None,
        "error": one.error.document() if one.error else None,
        "forced": one.forced,
    }


def _read_operation(told: dict[str, Any]) -> Operation:
    ended = told["ended"]
    times = {
        "started": datetime.fromisoformat(told["started"]),
        "ended": datetime.fromisoformat(ended) if ended else None,
    }
    return Operation(**{**told, **times, "error": _read_error(told["error"])})


def _read_error(told: dict[str, Any] | None) -> ArmError | None:
    if told is None:
        return None
    details = tuple(error for one in told.get("details", ()) if (error := _read_error(one)))
    additional = tuple(told.get("additionalInfo", ()))
    return ArmError(told["code"], told["message"], told.get("target", ""), details, additional)
