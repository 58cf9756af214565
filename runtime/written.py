"""What people and templates write: the base of every document, closed and strict, camelCase as Kubernetes
spells it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Written(BaseModel):
    """Frozen, no unknown fields, no guessing between types."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )
