"""Which door is which. Nothing else knows where templates/ and presets/ lie or which world is meant."""

from __future__ import annotations

from .lore import example_repo_dir, hub_door, load_catalog, load_templates, presets_dir, templates_dir

__all__ = [
    "example_repo_dir",
    "hub_door",
    "load_catalog",
    "load_templates",
    "presets_dir",
    "templates_dir",
]
