"""Git's wire format, as values: packets in, the one ref we asked for out. No I/O.

Source: gitprotocol-common(5), gitprotocol-pack(5) and gitprotocol-v2(5), `ls-refs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.faults import Broken, Refused

FLUSH = b"0000"
DELIMITER = b"0001"
OBJECT_ID = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
SHA256 = "the repository uses SHA-256 object ids; Towline reads SHA-1 repositories"
HEAD = "HEAD"
HEAD_BRANCH = re.compile(rb"(?:HEAD symref-target:|symref=HEAD:)refs/heads/([^\s\0]+)")
SHA1 = re.compile(r"[0-9a-f]{40}")


def packet(payload: bytes) -> bytes:
    """One pkt-line: four hex digits of its whole length, then the payload."""
    return b"%04x%s" % (len(payload) + 4, payload)


def ask_for(ref: str) -> bytes:
    """Protocol v2's `ls-refs` for what begins with this ref's name, which comes first in the answer."""
    prefix = packet(b"ref-prefix " + ref.encode() + b"\n")
    symrefs = packet(b"symrefs\n") if ref == HEAD else b""
    return b"".join((packet(b"command=ls-refs\n"), DELIMITER, symrefs, prefix, FLUSH))


def find_head_branch(answer: bytes) -> str | None:
    """The branch that HEAD stands for in an answer to `ask_for(HEAD)`; None when it does not say."""
    found = HEAD_BRANCH.search(answer)
    return found[1].decode(errors="replace") if found else None


def speaks_v2(advertisement: bytes) -> bool:
    """Whether an advertisement begins protocol v2; raises `Refused` for a repository with SHA-256 ids."""
    start = [line for line, _ in _packets(advertisement[:1024])]
    if b"object-format=sha256" in start:
        raise Refused(SHA256, code="sha256")
    return b"version 2" in start


def split_at_flush(answer: bytes) -> tuple[bytes, bytes]:
    """The packets up to and with the first flush, and what follows it; all and nothing when there is none."""
    for line, end in _packets(answer):
        if line is None:
            return answer[:end], answer[end:]
    return answer, b""


def server_error(answer: bytes) -> str:
    """The server's own `ERR` sentence; empty when there is none."""
    words = (line[4:] for line, _ in _packets(answer) if line and line.startswith(b"ERR "))
    return next(words, b"").decode(errors="replace")


def find_ref(answer: bytes, ref: str) -> str | None:
    """The object id a v2 listing or a v0/v1 advertisement gives this ref; None when a whole one has it not.

    Raises `Broken` for an answer cut short, `Refused` for SHA-256 ids.
    """
    wanted, is_whole = ref.encode(), False
    for line, _ in _packets(answer):
        if line is None:
            is_whole = True
            continue
        identity, _, rest = line.partition(b"\0")[0].partition(b" ")
        if rest.split(b" ")[0] == wanted and OBJECT_ID.fullmatch(identity):
            return _sha1(identity)
    if not is_whole:
        raise Broken("the Git server's list of refs was cut short", code="truncated")
    return None


def _packets(answer: bytes) -> Iterator[tuple[bytes | None, int]]:
    """Each whole packet without its line end, None for a flush, and where it ends; `Broken` for no packet."""
    at = 0
    while at + 4 <= len(answer):
        size = _size(answer[at : at + 4])
        start, at = at + 4, at + max(size, 4)
        if size == 0:
            yield None, at
        elif size > 4 and at <= len(answer):
            yield answer[start:at].removesuffix(b"\n"), at


def _size(digits: bytes) -> int:
    try:
        return int.from_bytes(bytes.fromhex(digits.decode("ascii")))
    except ValueError:
        raise Broken(
            "the answer is not Git's: is this the address of a repository?", code="protocol"
        ) from None


def _sha1(identity: bytes) -> str:
    if len(identity) != 40:
        raise Refused(
            "the repository uses SHA-256 object ids; Towline reads SHA-1 repositories", code="sha256"
        )
    return identity.decode()
