"""A section of training_config.yaml: closed, frozen, and lenient about how a number is written."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Unknown fields are refused. Numbers may stand as text: YAML 1.1 reads 2e-4 as text."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def said(self) -> dict[str, Any]:
        """What the person wrote, and nothing else; a field left empty was not written."""
        return {name: value for name, value in self if name in self.model_fields_set and value is not None}
