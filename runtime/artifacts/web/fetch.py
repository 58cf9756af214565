"""Files by https: judged at every redirect, continued where they broke off, checked, and refused when they
are a page that asks to log in. Proxies are not used: through one, nobody could say where an address leads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import urllib3

from runtime.artifacts.document import UrlsSource
from runtime.artifacts.faults import (
    Damaged,
    Faltering,
    Fault,
    Forbidden,
    Malformed,
    Missing,
    Mistaken,
    Unsafe,
)
from runtime.artifacts.gather import Job, Keeping, gather
from runtime.artifacts.names import has_data_suffix, names_of, suffix_of
from runtime.artifacts.patience import Patience
from runtime.artifacts.progress import Meter, Progress
from runtime.artifacts.record import Fetched, read_record
from runtime.artifacts.resume import Digest, Opening, Transfer, Wanted
from runtime.artifacts.web.address import Endpoint, locate, shown
from runtime.artifacts.wire import TIMEOUT, Answer, reaching, throttled

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = (b"<!doctype html", b"<html")
_HEAD_BYTES = 512


def fetch_urls(
    source: UrlsSource, folder: Path, tell: Callable[[Progress], None], patience: Patience
) -> None:
    """Bring every file of `source` into `folder`, where the record keeps their sha256."""
    of = _of(source)
    if read_record(folder).is_complete(of, folder):
        return
    jobs = tuple(
        Job(wanted, _opening(url, source)) for url, wanted in zip(source.urls, _wanted(source), strict=True)
    )
    keeping = Keeping(folder, of, (job.wanted.name for job in jobs))
    what = shown(source.urls[0]) if len(source.urls) == 1 else f"{len(source.urls)} files"
    transfer = Transfer(folder, Meter(what, tell), patience, most_bytes=source.most_bytes)
    gather(jobs, what, transfer, keeping)
    for file in tuple(keeping.files.values()):
        _look_into(folder, file, keeping)
    keeping.close()


def _of(source: UrlsSource) -> str:
    asked = "\n".join([*source.urls, *source.sha256])
    return f"urls sha256:{hashlib.sha256(asked.encode()).hexdigest()}"


def _wanted(source: UrlsSource) -> tuple[Wanted, ...]:
    if not source.urls:
        raise Malformed("`urls` is empty: name at least one file.")
    if source.sha256 and len(source.sha256) != len(source.urls):
        raise Malformed(
            f"`sha256` has {len(source.sha256)} entries for {len(source.urls)} urls: give one for each."
        )
    sums = source.sha256 or ("",) * len(source.urls)
    wanted = []
    for url, name, sum_ in zip(source.urls, names_of(source.urls), sums, strict=True):
        hex_ = sum_.lower().removeprefix("sha256:")
        digest = Digest("sha256", hex_) if hex_ else None
        wanted.append(Wanted(name, f"{name} {url} {hex_}", digest=digest))
    return tuple(wanted)


def _opening(url: str, source: UrlsSource) -> Opening:
    def opening(offset: int, validator: str) -> Answer:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and validator:
            headers["If-Range"] = validator
        answer = _follow(url, source, headers)
        if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
            answer.close()
            raise _page(url)
        return answer

    return opening


def _follow(url: str, source: UrlsSource, headers: dict[str, str]) -> Answer:
    """Ask, and follow redirects, each of which is judged like the first address."""
    at = url
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _ask(at, locate(at, source.private_hosts), headers)
        if answer.status in (200, 206, 416):
            return answer
        answer.close()
        if answer.status not in _REDIRECTS:
            raise _fault(url, answer)
        target = urljoin(at, answer.headers.get("Location", ""))
        if at.startswith("https:") and not target.startswith("https:"):
            raise Unsafe(
                f"{shown(url)} redirects from https to {shown(target)}: name an address that stays with "
                "https."
            )
        at = target
    raise Mistaken(f"{shown(url)} redirects more than {_MOST_REDIRECTS} times: name the final address.")


def _ask(url: str, endpoint: Endpoint, headers: dict[str, str]) -> Answer:
    """Ask the judged number, and let the server prove to be the name."""
    pool: urllib3.HTTPConnectionPool
    if endpoint.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(endpoint.number, endpoint.port, server_hostname=endpoint.host)
    else:
        pool = urllib3.HTTPConnectionPool(endpoint.number, endpoint.port)
    target = urllib3.util.parse_url(url).request_uri
    sent = {"Host": endpoint.named, "Accept-Encoding": "identity", "User-Agent": "towline-runtime", **headers}
    with reaching(endpoint.host):
        return pool.request(
            "GET", target, headers=sent, retries=False, redirect=False, preload_content=False, timeout=TIMEOUT
        )


def _look_into(folder: Path, file: Fetched, keeping: Keeping) -> None:
    """Refuse pages and nothing; give data without a telling name the suffix of what it is."""
    place = folder / file.name
    with place.open("rb") as content:
        head = content.read(_HEAD_BYTES)
    if not head:
        raise Damaged(f"{file.name} is empty at its source: check the address.")
    if head.lstrip().lower().startswith(_PAGES):
        raise _page(file.name)
    suffix = "" if has_data_suffix(file.name) else suffix_of(head)
    if suffix and not (folder / (file.name + suffix)).exists():
        del keeping.files[file.name]
        keeping.add(replace(file, name=place.rename(folder / (file.name + suffix)).name))


def _page(url: str) -> Damaged:
    return Damaged(
        f"{shown(url) if '://' in url else url} gives a web page instead of data, perhaps one to log in "
        "at: name "
        "the address of the file itself, which must be open without a login."
    )


def _fault(url: str, answer: Answer) -> Fault:
    """Each refusal as a sentence, by its status."""
    match answer.status:
        case 401 | 403:
            return Forbidden(
                f"{shown(url)} may not be read ({answer.status}): it needs a login, or its signature has "
                "run out."
            )
        case 404 | 410:
            return Missing(f"{shown(url)} is not there ({answer.status}): check the address.")
        case 429:
            return throttled(answer, f"{shown(url)} asks to be asked less often.")
        case 408 | 425 | 500 | 502 | 503 | 504:
            return Faltering(f"{shown(url)} answers {answer.status}; it is tried again.")
    return Mistaken(f"{shown(url)} answers {answer.status}: check the address.")
