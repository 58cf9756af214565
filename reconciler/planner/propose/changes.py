"""The files of a proposal: each target's with the adapter in it, or the Finding that says why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.domain.config import Config, Declared, Entry, Snapshot
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.planner.rules.adapters import MOST_ADAPTERS
from reconciler.planner.rules.flaw import printable

from .edit import Unable, with_adapter
from .pin import Pin
from .wish import Wish

_EXECUTABLE = 0o100755


@dataclass(frozen=True, slots=True)
class Changes:
    """New contents by path, for whom, and what could not be changed. `executable` are the paths that keep
    that bit; `replaced` are the images that were there, by target."""

    files: Mapping[str, bytes]
    targets: tuple[WorkspaceName, ...]
    executable: frozenset[str]
    replaced: Mapping[WorkspaceName, str]
    findings: tuple[Finding, ...] = ()


def entries_of(names: Iterable[WorkspaceName], config: Config, snapshot: Snapshot) -> tuple[Entry, ...]:
    """The files in which these workspaces are declared."""
    files = {config.workspaces[name].file for name in names}
    return tuple(entry for entry in snapshot.entries if printable(entry.path) in files)


def change_files(
    wish: Wish, names: tuple[WorkspaceName, ...], config: Config, written: Mapping[Entry, bytes]
) -> Changes:
    """The adapter added for each of these workspaces, one after the other: two may share a file."""
    assert wish.pin is not None
    entries = {printable(entry.path): entry for entry in written}
    texts = {entry.path: data for entry, data in written.items()}
    files: dict[str, bytes] = {}
    done: list[WorkspaceName] = []
    findings: list[Finding] = []
    for name in names:
        target = config.workspaces[name]
        entry = entries.get(target.file)
        edited = _edited(target, texts.get(entry.path) if entry else None, config, wish.pin)
        if isinstance(edited, Unable) or entry is None:
            because = edited.because if isinstance(edited, Unable) else ""
            findings.append(_finding(wish, target, because))
            continue
        texts[entry.path] = files[entry.path] = edited
        done.append(name)
    executable = frozenset(entry.path for entry in written if entry.mode == _EXECUTABLE)
    images = {name: image for name in done if (image := _image(config.workspaces[name], wish.pin))}
    return Changes(files, tuple(done), executable & files.keys(), images, tuple(findings))


def _edited(target: Declared, data: bytes | None, config: Config, pin: Pin) -> bytes | Unable:
    adapters = (target.manifest.inference.adapters if target.manifest.inference else None) or ()
    others = [each for each in adapters if each.source and each.source.name != pin.name]
    if len(others) >= MOST_ADAPTERS:
        return Unable(f"it serves {len(others)} adapters, and {MOST_ADAPTERS} is the most")
    if data is None:
        return Unable("its file could not be read from Git")
    return with_adapter(data, target.name, config.fleet.spec.default_namespace, pin)


def _image(target: Declared, pin: Pin) -> str:
    """The image of an adapter of that name that is there already."""
    adapters = (target.manifest.inference.adapters if target.manifest.inference else None) or ()
    sources = (each.source for each in adapters if each.source and each.source.name == pin.name)
    return next((each.image or "" for each in sources), "")


def _finding(wish: Wish, target: Declared, because: str) -> Finding:
    assert wish.pin is not None
    message = f"the adapter of {wish.name} cannot be added to {target.name} by itself: {because}"
    mend = f"add this to inference.adapters by hand: {wish.pin.by_hand}"
    place = (target.file, target.line, 1, "inference.adapters")
    return Finding(*place, message, mend, Severity.WARNING, wish.name)
