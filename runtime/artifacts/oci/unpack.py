"""Archives unpacked with suspicion: plain files and folders only, inside the folder only, and only as much as
the disk holds."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from runtime.artifacts.disk import require_room, writing
from runtime.artifacts.faults import Damaged, Unsafe
from runtime.artifacts.names import is_inside

ROOTS = (
    "data",
    "workspace/weights",
    "workspace/vllm/weights",
    "workspace/tfs/weights",
    "weights",
    "models",
    "model",
)
"""Where images keep what is wanted of them: KAITO's adapters and data in /data, its weights in /workspace."""

_MOST_MEMBERS = 200_000
_WHITEOUT = ".wh."


def list_archive(archive: Path, image: str) -> tuple[str, ...]:
    """The names of the files in an archive, plainly spelled."""
    with _opened(archive, image) as tar:
        return tuple(_plain(member.name) for member in _members(tar, image) if not member.isdir())


def choose_root(names: tuple[str, ...]) -> str:
    """The first of ROOTS that has something in it; empty when the whole is what is wanted."""
    return next((root for root in ROOTS if any(name.startswith(f"{root}/") for name in names)), "")


def unpack(archive: Path, root: str, folder: Path, image: str) -> tuple[str, ...]:
    """Write what the archive has below `root` into `folder`, without `root` in the names; give the names of
    the files. What an image's layer says to be gone (.wh.) is removed."""
    with _opened(archive, image) as tar:
        chosen = [(member, name) for member in _members(tar, image) if (name := _below(root, member.name))]
        for member, name in chosen:
            _require_plain(member, name, image)
        require_room(folder, sum(member.size for member, _ in chosen), f"{image} unpacked")
        written = []
        with writing(folder):
            for member, name in chosen:
                if _write(tar, member, folder / name):
                    written.append(name)
        return tuple(written)


@contextmanager
def _opened(archive: Path, image: str) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:*") as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error) as failure:
        raise Damaged(
            f"{image} has an archive that cannot be read ({type(failure).__name__}): push it anew."
        ) from failure


def _members(tar: tarfile.TarFile, image: str) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar):
        if count >= _MOST_MEMBERS:
            raise Unsafe(f"{image} has an archive of more than {_MOST_MEMBERS} files.")
        yield member


def _plain(name: str) -> str:
    return str(PurePosixPath(name.removeprefix("./").lstrip("/"))) if not name.startswith("..") else name


def _below(root: str, name: str) -> str:
    """The name below `root`; empty for what lies elsewhere. A name that climbs is kept to be refused."""
    if ".." in PurePosixPath(name).parts or (not root and name.startswith("/")):
        return name
    plain = _plain(name)
    if not root:
        return "" if plain == "." else plain
    return plain.removeprefix(f"{root}/") if plain.startswith(f"{root}/") else ""


def _require_plain(member: tarfile.TarInfo, name: str, image: str) -> None:
    if not is_inside(name):
        raise Unsafe(f"{image} has a file named {member.name!r}, which would lie outside of its folder.")
    if not (member.isreg() or member.isdir()):
        kind = "a link" if member.issym() or member.islnk() else "a device"
        raise Unsafe(f"{image} has {kind} named {member.name!r}: only plain files and folders are taken.")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> bool:
    """Write one member; say whether it is a file."""
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return False
    if target.name.startswith(_WHITEOUT):
        _white_out(target)
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    content = tar.extractfile(member)
    assert content is not None, "a regular file has content"
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file, 2**20)
    target.chmod(0o644)
    return True


def _white_out(mark: Path) -> None:
    """Remove what a lower layer has; `.wh..wh..opq` empties the folder."""
    if mark.name == ".wh..wh..opq":
        gone = (
            [place for place in mark.parent.iterdir() if place.name != ".towline"]
            if mark.parent.is_dir()
            else []
        )
    else:
        gone = [mark.with_name(mark.name.removeprefix(_WHITEOUT))]
    for place in gone:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
