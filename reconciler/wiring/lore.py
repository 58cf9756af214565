"""Where our own files lie: presets/ and templates/."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from reconciler.catalog.catalog import Catalog, read_catalog
from reconciler.planner.desire.render import Templates

if TYPE_CHECKING:
    from reconciler.adapters.hub.hub_door import HubDoor

_PACKAGE = Path(__file__).parents[1]


def presets_dir() -> Path:
    """The folder of facts: inside the installed package, else at the root of the checkout."""
    return _data_dir("presets")


def templates_dir() -> Path:
    """The folder of object templates: inside the installed package, else at the root of the checkout."""
    return _data_dir("templates")


@cache
def load_catalog() -> Catalog:
    """Everything in presets/, read on first use and kept."""
    root = presets_dir()
    return read_catalog({path.relative_to(root).as_posix(): _own_yaml(path) for path in root.rglob("*.yaml")})


@cache
def load_templates() -> Templates:
    """Everything in templates/, compiled on first use and kept."""
    root = templates_dir()
    return Templates(
        {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.j2")}
    )


def example_repo_dir() -> Path:
    """The config repository that the demo begins with."""
    return _data_dir("example-repo")


def runtime_dir() -> Path:
    """The package of Towline's containers; only a checkout has it."""
    return _data_dir("runtime")


def hub_door(
    cache_dir: Path,
    *,
    endpoint: str = "https://huggingface.co",
    token: str | None = None,
    offline: bool = False,
) -> HubDoor:
    """The way to Hugging Face, for models outside the catalog."""
    from reconciler.adapters.hub.hub_door import HubDoor

    return HubDoor(cache_dir, endpoint=endpoint, token=token, offline=offline)


def _data_dir(name: str) -> Path:
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def _own_yaml(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506  both loaders are the safe one
