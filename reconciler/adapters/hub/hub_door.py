"""The door to Hugging Face: what a repository holds at one commit, kept on disk by that commit."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import urllib3

from reconciler.catalog.huggingface import HubFacts
from reconciler.faults import Fault, Forbidden, Missing, Throttled, Unreachable

from .shelf import HubShelf

CONFIG_BYTES = 4 * 2**20
LISTING_BYTES = 16 * 2**20
MOST_PAGES = 50
READ_BYTES = 2**16
PATIENCE = 6
"""An answer as a whole may take so many times as long as one wait for its next bytes."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NEXT_PAGE = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


class HubFault(Fault):
    """Hugging Face did not give us what we asked for."""


class HubUnreachable(HubFault, Unreachable):
    """No answer, an answer that makes no sense, or we are offline and have nothing on the shelf."""


class HubThrottled(HubFault, Throttled):
    """The Hub asks us to slow down (429)."""


class HubForbidden(HubFault, Forbidden):
    """The repository is gated or private and our token does not open it (401, 403)."""

    transient = False


class HubMissing(HubFault, Missing):
    """No such repository, revision or file (404), or a name the Hub could not have."""


class HubDoor:
    """Reads repositories of one Hub. `offline` answers from `cache_dir` only."""

    def __init__(
        self,
        cache_dir: Path,
        endpoint: str = "https://huggingface.co",
        token: str | None = None,
        *,
        offline: bool = False,
        timeout: float = 10.0,
    ) -> None:
        self._shelf = HubShelf(cache_dir)
        self._endpoint = endpoint.rstrip("/")
        self._offline = offline
        self._timeout = timeout
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            retries=urllib3.Retry(total=None, connect=1, read=1, redirect=4, status=0, other=0),
        )

    def describe(self, repo_id: str, revision: str | None = None) -> HubFacts:
        """The repository at the commit `revision` (a branch, tag or commit; `main` without) stands for.

        Raises HubUnreachable, HubThrottled, HubForbidden or HubMissing. A commit seen before asks nobody.
        """
        wanted = revision or "main"
        if not _NAME.fullmatch(repo_id) or not _REVISION.fullmatch(wanted) or ".." in repo_id + wanted:
            raise HubMissing(f"{repo_id} at {wanted} cannot be a repository and revision of the Hub")
        if self._offline:
            return self._remembered(repo_id, wanted)
        if _COMMIT.fullmatch(wanted) and (known := self._shelf.facts(repo_id, wanted)):
            return known
        about = self._json(f"/api/models/{repo_id}/revision/{quote(wanted, safe='')}", repo_id, LISTING_BYTES)
        commit = _commit(about, repo_id)
        facts = self._shelf.facts(repo_id, commit) or self._fetch(repo_id, commit, about)
        self._shelf.keep(repo_id, wanted, facts)
        return facts

    def _remembered(self, repo_id: str, revision: str) -> HubFacts:
        commit = revision if _COMMIT.fullmatch(revision) else self._shelf.commit(repo_id, revision)
        facts = self._shelf.facts(repo_id, commit) if commit else None
        if facts is None:
            raise HubUnreachable(f"we are offline and have not read {repo_id} at {revision} before")
        return facts

    def _fetch(self, repo_id: str, commit: str, about: Mapping[str, Any]) -> HubFacts:
        files = dict(self._files(repo_id, commit))
        name = "config.json" if "config.json" in files else "params.json"
        card = about.get("cardData")
        return HubFacts(
            name=str(about.get("id") or repo_id),
            revision=commit,
            config=self._json(f"/{repo_id}/resolve/{commit}/{name}", repo_id, CONFIG_BYTES),
            files=files,
            license=_text(card.get("license")) if isinstance(card, Mapping) else None,
            gated=about["gated"] is not False if "gated" in about else None,
        )

    def _files(self, repo_id: str, commit: str) -> Iterator[tuple[str, int]]:
        url: str | None = f"{self._endpoint}/api/models/{repo_id}/tree/{commit}?recursive=true"
        for _ in range(MOST_PAGES):
            if url is None:
                return
            body, link = self._read(url, repo_id, LISTING_BYTES)
            rows = _parsed(body, list, repo_id)
            yield from (_file(row, repo_id) for row in rows if _is_file(row))
            following = _NEXT_PAGE.search(link)
            url = urljoin(url, following.group(1)) if following else None
        raise HubUnreachable(f"{repo_id} lists more than {MOST_PAGES} pages of files")

    def _json(self, path: str, repo_id: str, most: int) -> dict[str, Any]:
        body, _ = self._read(self._endpoint + path, repo_id, most)
        found: dict[str, Any] = _parsed(body, dict, repo_id)
        return found

    def _read(self, url: str, repo_id: str, most: int) -> tuple[bytes, str]:
        if not url.startswith(self._endpoint + "/"):
            raise HubUnreachable(f"the Hub sends us elsewhere for the files of {repo_id}")
        try:
            answer = self._pool.request("GET", url, headers=self._headers, preload_content=False)
            with answer:
                _check(answer, repo_id)
                body = self._body(answer, most, repo_id)
                link = answer.headers.get("Link", "")
        except urllib3.exceptions.HTTPError as problem:
            raise HubUnreachable(f"{self._endpoint} does not answer: {type(problem).__name__}") from problem
        return body, link

    def _body(self, answer: urllib3.BaseHTTPResponse, most: int, repo_id: str) -> bytes:
        """All of an answer: at most so many bytes, and not for ever, however slowly they drip."""
        body, until = bytearray(), time.monotonic() + PATIENCE * self._timeout
        while part := answer.read1(READ_BYTES):
            body += part
            if len(body) > most:
                raise HubUnreachable(f"an answer about {repo_id} is larger than {most:,} bytes")
            if time.monotonic() > until:
                raise HubUnreachable(f"an answer about {repo_id} takes too long")
        return bytes(body)


def _check(answer: urllib3.BaseHTTPResponse, repo_id: str) -> None:
    status, code = answer.status, str(answer.status)
    if status == 429:
        wait = answer.headers.get("Retry-After", "")
        raise HubThrottled("the Hub asks us to slow down", code=code, retry_after=_seconds(wait))
    if status in (401, 403):
        raise HubForbidden(
            f"{repo_id} is gated, private or not there; it needs a token that opens it", code=code
        )
    if status == 404:
        raise HubMissing(f"{repo_id} or the revision asked for is not on the Hub", code=code)
    if status != 200:
        raise HubUnreachable(f"the Hub answered {status} for {repo_id}", code=code)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _parsed(body: bytes, kind: type, repo_id: str) -> Any:
    try:
        found = json.loads(body)
    except ValueError as problem:
        raise HubUnreachable(f"the Hub's answer about {repo_id} is not JSON") from problem
    if not isinstance(found, kind):
        raise HubUnreachable(f"the Hub's answer about {repo_id} is not a JSON {kind.__name__}")
    return found


def _is_file(row: object) -> bool:
    return isinstance(row, Mapping) and row.get("type") == "file"


def _file(row: Mapping[str, Any], repo_id: str) -> tuple[str, int]:
    path, size = row.get("path"), row.get("size")
    if not isinstance(path, str) or not isinstance(size, int):
        raise HubUnreachable(f"the Hub lists a file of {repo_id} without path or size")
    return path, size


def _commit(about: Mapping[str, Any], repo_id: str) -> str:
    commit = about.get("sha")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise HubUnreachable(f"the Hub names no commit of {repo_id}")
    return commit


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
