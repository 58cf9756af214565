"""Which files of a tree are read, and which of those that should be cannot."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.domain.config import Entry, Snapshot
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import FILE, Fleet
from reconciler.planner.parse.composed import MAX_BYTES
from reconciler.planner.rules.flaw import printable

_KIND_OF_FILE = 0o170000
_PLAIN = 0o100000
_SYMLINK = 0o120000
_SUBMODULE = 0o160000

_YAML = re.compile(r"\.ya?ml[\s\x00-\x1f]*\Z", re.IGNORECASE)
_IGNORED_BY_FILESYSTEMS = re.compile(r"[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_COMPONENT = 255  # bytes


@dataclass(frozen=True, slots=True)
class Survey:
    """The files to read, what is said of the others, and the paths of which nothing can be known."""

    wanted: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    unread: tuple[str, ...]


def survey(snapshot: Snapshot, fleet: Fleet, *, whole: bool = False) -> Survey:
    """Look at the names of a tree. `whole`: every YAML file counts, not only those of the fleet's folders."""
    folders = ("",) if whole else tuple(map(_folder, fleet.spec.workspaces))
    inside = [entry for entry in snapshot.entries if _is_inside(entry.path, folders)]
    judged = [(entry, refusal_of(entry)) for entry in inside if _could_matter(entry, whole=whole)]
    wanted = tuple(entry for entry, refusal in judged if not refusal and entry.path != FILE)
    refused = [refusal for _, refusal in judged if refusal]
    absent = [] if whole else list(_absent(snapshot, fleet))
    twins = tuple(_twins(wanted))
    return Survey(wanted, (*absent, *refused, *twins), tuple(each.file for each in (*absent, *refused)))


def wanted(snapshot: Snapshot, fleet: Fleet, *, whole: bool = False) -> tuple[Entry, ...]:
    """The files whose contents `read_config` needs, beside the fleet's own."""
    return survey(snapshot, fleet, whole=whole).wanted


def _folder(path: str) -> str:
    plain = "/".join(part for part in path.split("/") if part not in ("", "."))
    return f"{plain}/" if plain else ""


def _is_inside(path: str, folders: tuple[str, ...]) -> bool:
    return any(path.startswith(folder) or f"{path}/" == folder for folder in folders)


def _could_matter(entry: Entry, *, whole: bool) -> bool:
    """YAML files, and whatever could lead to some: links and submodules. Without a fleet, hidden folders such
    as .github hold other people's YAML."""
    if whole and "/." in f"/{entry.path}":
        return False
    is_plain = entry.mode & _KIND_OF_FILE == _PLAIN
    return not is_plain or bool(_YAML.search(entry.path))


def refusal_of(entry: Entry) -> Finding | None:
    """Why an entry is not read, by its mode, size and name; None where it is."""
    kind = entry.mode & _KIND_OF_FILE
    if kind == _SYMLINK:
        return _refused(entry, "this is a symbolic link, which is not followed", "commit the file itself")
    if kind == _SUBMODULE:
        return _refused(entry, "this is a submodule, which is not fetched", "commit the files themselves")
    if kind != _PLAIN:
        return _refused(entry, "this is not a plain file", "commit a plain file")
    if entry.size > MAX_BYTES:
        size = f"{entry.size / MAX_BYTES:.1f} MiB"
        return _refused(entry, f"the file has {size}; more than 1 MiB is not read", "split it")
    if problem := _odd_name(entry.path):
        return _refused(entry, f"the file's name {problem}", "rename it")
    return None


def _odd_name(path: str) -> str:
    if len(path) <= _LONGEST_COMPONENT and _PLAIN_NAME.fullmatch(path):
        return ""
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        return "is not UTF-8"
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        return "holds a control character"
    if "\\" in path or path.startswith("/") or _DRIVE.match(path):
        return "is one of another system's absolute or foreign paths"
    return next((problem for part in path.split("/") if (problem := _odd_part(part))), "")


def _odd_part(part: str) -> str:
    if part in ("", ".", ".."):
        return "leads elsewhere"
    plain = _IGNORED_BY_FILESYSTEMS.sub("", part).casefold().rstrip(". ")
    if plain == ".git" or re.fullmatch(r"git~[0-9]+", plain):
        return "is Git's own on some file systems"
    if len(part.encode()) > _LONGEST_COMPONENT:
        return f"has a part of more than {_LONGEST_COMPONENT} bytes"
    return ""


def _refused(entry: Entry, message: str, mend: str) -> Finding:
    return Finding(printable(entry.path), 0, 0, "", message, mend)


def _absent(snapshot: Snapshot, fleet: Fleet) -> Iterator[Finding]:
    """Folders of the fleet that are not there: a typing error must not look like an empty folder."""
    for folder in fleet.spec.workspaces:
        prefix = _folder(folder)
        if not any(_leads_into(entry, prefix) for entry in snapshot.entries):
            yield Finding(
                printable(folder),
                0,
                0,
                "spec.workspaces",
                "there is no such folder, so nothing is deleted",
                f"create it (an empty .gitkeep in it will do), or remove it from spec.workspaces in {FILE}",
            )


def _leads_into(entry: Entry, prefix: str) -> bool:
    """Whether this entry stands for the folder: it lies in it, or is a YAML file, link or submodule in its
    place. Any other file there is as good as no folder."""
    return entry.path.startswith(prefix) or (f"{entry.path}/" == prefix and _could_matter(entry, whole=False))


def _twins(entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Names that are one name on file systems that ignore case or the way letters are composed."""
    seen: dict[str, str] = {}
    for entry in entries:
        key = entry.path if entry.path.isascii() else unicodedata.normalize("NFC", entry.path)
        other = seen.setdefault(key.casefold(), entry.path)
        if other != entry.path:
            message = f"the name differs from {printable(other)} only in case or composition"
            yield Finding(printable(entry.path), 0, 0, "", message, "rename one of the two", Severity.WARNING)
