"""Everything we know in one value, and how a name a person wrote is looked up in it."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .gpu import InstanceType, RetiredSize, Sizes, read_sizes
from .preset import Preset, read_preset
from .rules import Rules, read_rules
from .settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Retired:
    """A preset name that once worked; `instead` is one that does."""

    name: str
    reason: str
    instead: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name the catalog does not have, and the nearest it has."""

    name: str
    nearest: tuple[str, ...]

    @property
    def is_hub_name(self) -> bool:
        """Whether it has the form org/name, which KAITO takes for a Hugging Face repository."""
        organisation, slash, model = self.name.partition("/")
        return bool(organisation and slash and model)


@dataclass(frozen=True, slots=True)
class Image:
    """A container image and where we learned of it."""

    image: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """All presets, sizes, images, rules and settings. Names are compared in lower case."""

    presets: tuple[Preset, ...]
    by_name: Mapping[str, Preset]
    retired: Mapping[str, Retired]
    sizes: Sizes
    images: Mapping[str, Image]
    rules: Rules
    settings: Settings

    def preset(self, name: str) -> Preset | Retired | Unknown:
        """What a preset name stands for; KAITO ignores its casing, so we do too."""
        key = name.strip().lower()
        return self.by_name.get(key) or self.retired.get(key) or Unknown(name, _nearest(key, self.by_name))

    def instance_type(self, name: str) -> InstanceType | RetiredSize | Unknown:
        """What the name of a machine size stands for, in any casing."""
        return self.sizes.find(name) or Unknown(name, self._nearest_sizes(name))

    @property
    def instance_types(self) -> tuple[InstanceType, ...]:
        """The sizes that can still be had, in the order of the file."""
        return tuple(self.sizes.current.values())

    def _nearest_sizes(self, name: str) -> tuple[str, ...]:
        keys = _nearest(name.strip().lower(), self.sizes.current)
        return tuple(self.sizes.current[key].name for key in keys)


def read_catalog(documents: Mapping[str, Any]) -> Catalog:
    """The catalog out of the files of presets/, each given by its path below that folder.

    A missing file or key is our own mistake and raises KeyError or TypeError.
    """
    paths = sorted(path for path in documents if path.startswith("models/"))
    presets = tuple(read_preset(documents[path]) for path in paths)
    retired = documents["retired.yaml"]["retired"]
    return Catalog(
        presets=presets,
        by_name={name: preset for preset in presets for name in _names(preset)},
        retired={name: Retired(name, **why) for name, why in retired.items()},
        sizes=read_sizes(documents["gpus/azure.yaml"]),
        images={use: Image(**image) for use, image in documents["images.yaml"].items()},
        rules=read_rules(documents["rules.yaml"]),
        settings=read_settings(documents["settings.yaml"]),
    )


def _names(preset: Preset) -> tuple[str, ...]:
    return (preset.name.lower(), *preset.aliases)


def _nearest(key: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(key, names, n=3, cutoff=0.6)) if key else ()
