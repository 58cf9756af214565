"""What clients send: documents in JSON or YAML, and the options of a deletion."""

from __future__ import annotations

import json
from typing import Any

import yaml
from aiohttp import web

from .documents import Obj
from .protobuf import Unreadable, read_protobuf
from .refusal import Refusal, bad_request, unprocessable
from .removal import Deletion
from .target import Target

_PROTOBUF = (
    "the sandbox cannot read this protobuf body; send JSON, as `kubectl create -f` and `kubectl apply -f` do"
)
_ORPHANS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


async def read_document(request: web.Request) -> Any:
    """The body as a JSON value; Refusal 400 where it cannot be read, 415 for protobuf of kinds not known."""
    raw = await request.read()
    if "protobuf" in request.content_type or "cbor" in request.content_type:
        try:
            return read_protobuf(raw)
        except Unreadable as error:
            raise Refusal(415, "UnsupportedMediaType", _PROTOBUF) from error
    try:
        return (
            yaml.safe_load(raw) if "yaml" in request.content_type and not _is_json(raw) else json.loads(raw)
        )
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


async def read_object(request: web.Request, target: Target) -> Obj:
    """The body as an object of the target's kind and version; Refusal 400 where it is another's."""
    document = await read_document(request)
    if not isinstance(document, dict):
        raise bad_request("couldn't get version/kind; json parse error: the body is not an object")
    document.setdefault("apiVersion", target.api_version)
    document.setdefault("kind", target.kind.name)
    if not isinstance(document.get("metadata") or {}, dict):
        raise bad_request(f"{document['kind']} cannot be handled: metadata is not an object")
    document["metadata"] = document.get("metadata") or {}
    said = document["apiVersion"], document["kind"]
    if said != (target.api_version, target.kind.name):
        raise bad_request(
            f'{said[1]} in version "{said[0]}" cannot be handled as a {target.kind.name}: expected '
            f"{target.api_version}, Kind={target.kind.name}"
        )
    return document


async def read_deletion(request: web.Request, target: Target) -> tuple[Deletion, dict[str, str]]:
    """The options of a DELETE, from its body and its query, and the headers that warn of what they mean.

    batch/v1 keeps a Job's pods unless told otherwise (jobStrategy.DefaultGarbageCollectionPolicy).
    """
    options = await read_document(request) if await request.read() else {}
    if not isinstance(options, dict):
        raise bad_request("the body of a DELETE must be DeleteOptions")
    preconditions = options.get("preconditions") or {}
    policy = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    orphan = options.get("orphanDependents")
    unsaid = target.kind.key == "batch/Job" and policy is None and orphan is None
    dry_run = bool(options.get("dryRun") or is_dry_run(request))
    deletion = Deletion(
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
        orphan=policy == "Orphan" or orphan is True or unsaid,
        dry_run=dry_run,
    )
    return deletion, {"Warning": f'299 - "{_ORPHANS}"'} if unsaid else {}


def is_dry_run(request: web.Request) -> bool:
    """Whether the request is only a trial; Refusal 422 on a `dryRun` that is not `All`."""
    asked = request.query.getall("dryRun", [])
    if any(word not in {"All", ""} for word in asked):
        said = f'dryRun: Unsupported value: "{asked[0]}": supported values: "All"'
        raise unprocessable(f'CreateOptions.meta.k8s.io "" is invalid: {said}')
    return "All" in asked


def _is_json(raw: bytes) -> bool:
    return raw.lstrip()[:1] == b"{"
