"""Where a file of a branch can be seen in a browser.

The forms are those of each forge's own pages: GitHub `blob/<branch>`, GitLab `-/blob/<branch>`, Bitbucket
`src/<branch>`, Azure Repos `?path=/…&version=GB<branch>`.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_ADDRESSES = (
    re.compile(r"https://(?:[^/@\s]+@)?(?P<host>[A-Za-z0-9.-]+)(?::443)?/(?P<path>[^?#\s]+)"),
    re.compile(r"ssh://(?:[^/@\s]+@)?(?P<host>[A-Za-z0-9.-]+)(?::\d+)?/(?P<path>[^?#\s]+)"),
    re.compile(r"(?:[^/@:\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/?#\s][^?#\s]*)"),
)


def file_link(remote: str, branch: str, path: str) -> str:
    """The page of a file; empty where the repository is at no forge that we know. Whoever the address names
    as its user is left out."""
    found = next((match for each in _ADDRESSES if (match := each.fullmatch(remote))), None)
    if found is None:
        return ""
    host, place = found["host"].lower(), found["path"].strip("/").removesuffix(".git")
    if azure := _azure(host, place):
        return f"{azure}?path={quote(f'/{path}', safe='')}&version=GB{quote(branch, safe='')}"
    step = _step(host)
    return f"https://{host}/{quote(place)}/{step}/{quote(branch)}/{quote(path)}" if step else ""


def _step(host: str) -> str:
    """What stands between a repository and a branch of it."""
    if host == "github.com":
        return "blob"
    if host == "bitbucket.org":
        return "src"
    return "-/blob" if host.startswith("gitlab.") else ""


def _azure(host: str, place: str) -> str:
    """An Azure repository's page, by https and by ssh (`v3/organisation/project/repository`)."""
    parts = place.split("/")
    if host == "dev.azure.com" and len(parts) == 4 and parts[2] == "_git":
        return f"https://{host}/{place}"
    if host.endswith(".visualstudio.com") and "_git" in parts and not host.startswith("vs-ssh."):
        return f"https://{host}/{place}"
    if host in ("ssh.dev.azure.com", "vs-ssh.visualstudio.com") and parts[0] == "v3" and len(parts) == 4:
        return f"https://dev.azure.com/{parts[1]}/{parts[2]}/_git/{parts[3]}"
    return ""
