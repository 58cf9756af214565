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

    def machine(self, instance_type: str) -> InstanceType | None:
        """What is known of a machine size; None for one that is retired or unknown."""
        found = self.catalog.instance_type(instance_type)
        return found if isinstance(found, InstanceType) else None

    def price(self, instance_type: str) -> float | None:
        """Dollars an hour of one machine of that size; None when no public price is known."""
        known = self.machine(instance_type)
        return known.price.usd_per_hour if known and known.price else None
