"""A commit of ours as git fast-import reads it. Pure: files and words in, one stream of bytes out.

Only what the stream names is written; every other subtree of the parent is taken over as it is, so a change
of one file among 10,000 costs one file. Source: git-fast-import(1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SKIP_CI = "[skip ci]"
UNSAFE_PARTS = frozenset({"", ".", "..", ".git"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to be made on `ref`: on top of `parent`, or the first of its branch when that is empty.
    `executable` are the paths with that bit."""

    ref: str
    parent: str
    author: str
    message: str
    files: Mapping[str, bytes | None]
    executable: frozenset[str] = frozenset()


def draft_stream(draft: Draft) -> bytes:
    """The stream; fast-import answers it with the commit's id. `ValueError` for a path no tree may hold."""
    return b"".join(_pieces(draft))


def with_skip_ci(message: str) -> str:
    """The message with the line that tells a forge's CI to leave this commit alone."""
    text = message.strip().replace("\0", "")
    return f"{text}\n" if SKIP_CI in text else f"{text}\n\n{SKIP_CI}\n"


def blob_id(content: bytes) -> str:
    """Git's SHA-1 id of a file's content (gitformat-pack(5))."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _pieces(draft: Draft) -> Iterator[bytes]:
    author = draft.author.encode()
    yield b"feature done\ncommit %s\nmark :1\n" % draft.ref.encode()
    yield b"author %s now\ncommitter %s now\n" % (author, author)
    yield _data(draft.message.encode())
    if draft.parent:
        yield b"from %s\n" % draft.parent.encode()
    for path, content in sorted(draft.files.items()):
        name, mode = _quoted(path), b"100755" if path in draft.executable else b"100644"
        yield b"D %s\n" % name if content is None else b"M %s inline %s\n%s" % (mode, name, _data(content))
    yield b"get-mark :1\ndone\n"


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> bytes:
    """C-style quotes, with every byte that is not plain ASCII in octal."""
    if any(part.lower() in UNSAFE_PARTS for part in path.split("/")) or "\0" in path:
        raise ValueError(f"{path!r} is no path for a file in Git")
    plain = (
        bytes((byte,)) if 32 <= byte < 127 and byte not in b'"\\' else b"\\%03o" % byte for byte in _raw(path)
    )
    return b'"%s"' % b"".join(plain)


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
