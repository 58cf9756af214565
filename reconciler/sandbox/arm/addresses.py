"""The addresses where an operation can be polled: signed, as ARM's are, and not to be kept or shown."""

from __future__ import annotations

import base64
import hashlib

from .operations import Operation
from .place import Place
from .wire import Call

_TICKS_A_SECOND = 10**7


def polled(
    call: Call, place: Place, operation: Operation, *, location: bool = False
) -> tuple[tuple[str, str], ...]:
    """Give the headers that lead to an operation; `location` adds the older of the two."""
    below = f"{call.origin}/subscriptions/{place.subscription}/providers/Microsoft.ContainerService/locations"
    query = f"?api-version={call.query['api-version']}&{_signature(operation)}"
    headers = [("azure-asyncoperation", f"{below}/{place.location}/operations/{operation.id}{query}")]
    if location:
        headers.append(("location", f"{below}/{place.location}/operationresults/{operation.id}{query}"))
    return tuple(headers)


def _signature(operation: Operation) -> str:
    """Give what looks like ARM's signature: time, certificate, signature and hash. Nothing checks it."""
    ticks = int(operation.started.timestamp() * _TICKS_A_SECOND)
    certificate, signature, digest = (_letters(f"{part}/{operation.id}") for part in ("c", "s", "h"))
    return f"t={ticks}&c=MII{certificate * 20}&s={signature * 8}&h={digest}"


def _letters(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
