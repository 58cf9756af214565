"""Filling templates in: JSON with holes, where no value can be anything but a value.

A template is JSON written in Jinja. Everything a `{{ … }}` prints is encoded as JSON by the environment
itself, so a value cannot end its string, add a field or be read as template source, whatever it holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

SUFFIX = ".json.j2"


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, asking quickly where templates look most: at the fields of our own values."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of our own values at once; everything else as the sandbox allows it."""
        if attribute in getattr(type(obj), "__dataclass_fields__", ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


class Templates:
    """Templates compiled from `sources`: text by its path below templates/. Our own mistakes raise."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.environment = _Environment(
            loader=DictLoader(dict(sources)),
            undefined=StrictUndefined,
            finalize=_encode,
            autoescape=False,
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._compiled = {
            path.removesuffix(SUFFIX): self.environment.get_template(path) for path in sorted(sources)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Every template, by its path without the suffix."""
        return tuple(self._compiled)

    def render(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The document that template makes of these values; fields whose value is null are left out."""
        text = self._compiled[name].render(values)
        document: dict[str, Any] = json.loads(text, object_pairs_hook=_without_nulls)
        return document


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way we write a document: JSON with sorted keys and no spaces, in ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(body: bytes) -> str:
    """The sha256 of a body, in hex."""
    return hashlib.sha256(body).hexdigest()


def _encode(value: object) -> str:
    return _text(value) if type(value) is str else _ENCODER.encode(value)


def _encodable(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    message = f"a template prints a {type(value).__name__}, which is no JSON value"
    raise TypeError(message)


def _without_nulls(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without its nulls (Kubernetes' word for a field that is absent); no key comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        message = f"a field comes twice among {sorted(found)}"
        raise ValueError(message)
    return {key: value for key, value in pairs if value is not None} if None in found.values() else found


_ENCODER = json.JSONEncoder(default=_encodable, allow_nan=False)
_text = json.encoder.encode_basestring_ascii
