"""Credentials from a Docker configuration file, as the kubelet reads imagePullSecrets."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts.faults import Malformed, Missing, Mistaken
from runtime.artifacts.oci.reference import DOCKER_HUB, Reference

_FILES = ("config.json", ".dockerconfigjson", ".dockercfg")
_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Login:
    """A name and a password, or a token that stands for both. Neither is ever shown."""

    user: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        return f"Login({self.user!r}, …)"

    @property
    def basic(self) -> str:
        """The value of an Authorization header by RFC 7617."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def read_login(docker_config: str, reference: Reference) -> Login | None:
    """The login for `reference` in the file at path `docker_config`, or in the first of the files in that
    folder that has one: several imagePullSecrets are shown as a folder. None without one."""
    if not docker_config:
        return None
    found = (find_login(_read(file), reference, str(file)) for file in _files(Path(docker_config)))
    return next((login for login in found if login), None)


def find_login(config: Mapping[str, Any], reference: Reference, whence: str) -> Login | None:
    """The entry whose name is most like `reference`: registry and path before the registry alone, names
    before patterns such as *.azurecr.io. The old form (.dockercfg) has the entries at its top."""
    entries = config.get("auths", config if not {"credHelpers", "credsStore"} & config.keys() else {})
    fitting = [key for key in entries if _fits(_bare(key), reference)]
    if fitting:
        best = max(fitting, key=lambda key: ("*" not in key, len(_bare(key)), key))
        login = _login(entries[best], whence, best)
        if login:
            return login
    helper = config.get("credHelpers", {}).get(reference.registry) or config.get("credsStore")
    if helper:
        raise Mistaken(
            f"{whence} leaves the login of {reference.registry} to the program docker-credential-{helper}, "
            "which a "
            "container does not have: make the secret with `kubectl create secret docker-registry`."
        )
    return None


def _files(place: Path) -> tuple[Path, ...]:
    """The file itself, or those in a folder: with the names Docker and Kubernetes give first."""
    if not place.is_dir():
        return (place,)
    known = tuple(place / name for name in _FILES if (place / name).exists())
    others = tuple(sorted(file for file in place.glob("*.json") if file not in known))
    return (*known, *others) or (place / _FILES[0],)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(file.read_text())
    except OSError as failure:
        raise Missing(f"{file} with the registry's login cannot be read ({failure.strerror}).") from failure
    except ValueError as failure:
        raise Malformed(f"{file} is not a Docker configuration: it is not JSON.") from failure
    if not isinstance(config, dict):
        raise Malformed(f"{file} is not a Docker configuration: it is not an object.")
    return config


def _bare(key: str) -> str:
    """A key without what Docker writes around a registry's name: https://index.docker.io/v1/."""
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    for version in ("/v1", "/v2"):
        bare = bare.removesuffix(version)
    return bare


def _fits(bare: str, reference: Reference) -> bool:
    registry, slash, path = bare.partition("/")
    names = _HUB_NAMES if reference.registry == DOCKER_HUB else (reference.registry,)
    if not any(name == registry or fnmatch.fnmatchcase(name, registry) for name in names):
        return False
    return not slash or f"{reference.repository}/".startswith(f"{path}/")


def _login(entry: Mapping[str, Any], whence: str, key: str) -> Login | None:
    user, password = entry.get("username", ""), entry.get("password", "")
    if auth := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as failure:
            raise Malformed(
                f"{whence} has an `auth` for {key} that is not base64 of name:password."
            ) from failure
    token = entry.get("identitytoken", "")
    return Login(user, password.rstrip("\0"), token) if user or token else None
