"""What we know and how we write: the catalog and the templates, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.gpu import InstanceType

from .render import Templates


@dataclass(frozen=True, slots=True, eq=False)
class Lore:
    """Compared by identity: another catalog is another lore."""

    catalog: Catalog
    templates: Templates

    def price(self, instance_type: str) -> float | None:
        """Dollars an hour of one machine of that size; None when no public price is known."""
        found = self.catalog.instance_type(instance_type)
        return found.price.usd_per_hour if isinstance(found, InstanceType) and found.price else None
