"""A raw Git commit object, read. Pure; whatever a hostile pusher wrote into it reads as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

AUTHOR = re.compile(r"(.*) <[^<>]*> \d+ [+-]\d+")


@dataclass(frozen=True, slots=True)
class RawCommit:
    """The tree it names, the first line of its message, its author's name, its message as a whole, and its
    committer as `Name <mail>`."""

    tree: str
    subject: str
    author: str
    message: str = ""
    committer: str = ""


def parse_commit(content: bytes) -> RawCommit:
    """Always UTF-8 with replacement, whatever the commit claims; `ValueError` where it names no tree."""
    headers, _, message = content.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(headers.split(b"\n")))
    tree = fields.get(b"tree", b"").decode("ascii", "replace")
    if not re.fullmatch(r"[0-9a-f]{40}", tree):
        raise ValueError("the commit names no tree")
    subject = message.lstrip(b"\n").partition(b"\n")[0].decode(errors="replace").strip()
    author, committer = (fields.get(who, b"").decode(errors="replace") for who in (b"author", b"committer"))
    matched = AUTHOR.fullmatch(author)
    by = committer[: committer.rfind(">") + 1]
    said = message.decode(errors="replace")
    return RawCommit(tree, subject, matched.group(1) if matched else author, said, by)
