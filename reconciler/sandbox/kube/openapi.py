"""The least of OpenAPI v3 that kubectl needs: which query parameters a PATCH takes. There are no schemas."""

from __future__ import annotations

from .documents import Obj
from .kinds import Kind, KindTable

EMPTY_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The type of an OpenAPI v2 document without a word in it, which kubectl asks for to check a v1 List."""
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


def open_api(kinds: KindTable, path: str) -> Obj | None:
    """The document at a path below /openapi/v3, None where there is none."""
    match [part for part in path.split("/") if part]:
        case ["openapi", "v3"]:
            return _index(kinds)
        case ["openapi", "v3", "api", version]:
            return _document(kinds, "", version)
        case ["openapi", "v3", "apis", group, version]:
            return _document(kinds, group, version)
    return None


def _index(kinds: KindTable) -> Obj:
    roots = [_root(group, version) for group, tree in kinds.group_versions().items() for version in tree]
    return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}"} for root in roots}}


def _document(kinds: KindTable, group: str, version: str) -> Obj | None:
    served = kinds.group_versions().get(group, {}).get(version)
    if served is None:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Towline sandbox", "version": "v1"},
        "paths": {_path(kind, version): _patch(kind, version) for kind in served},
        "components": {"schemas": {}},
    }


def _root(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _path(kind: Kind, version: str) -> str:
    space = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{_root(kind.group, version)}/{space}{kind.plural}/{{name}}"


def _patch(kind: Kind, version: str) -> Obj:
    about = {"group": kind.group, "version": version, "kind": kind.name}
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS]
    return {
        "patch": {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": about,
            "parameters": parameters,
            "responses": {},
        }
    }
