"""Files by their addresses, over real HTTP and HTTPS on loopback."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.artifacts.document import UrlsSource
from runtime.artifacts.faults import (
    Damaged,
    Fault,
    Forbidden,
    Malformed,
    Missing,
    Mistaken,
    NoSpace,
    Passing,
    Unsafe,
)
from runtime.artifacts.fetching import Expected, fetch_source
from runtime.artifacts.patience import Patience
from runtime.artifacts.progress import Progress
from runtime.artifacts.record import read_record
from tests.runtime.artifacts.webserver import Page, WebServer

ROWS = b'{"text": "a row"}\n' * 200_000
QUICK = Patience(first_seconds=0.001)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer({"/train.jsonl": Page(ROWS, etag='"one"')}) as server:
        yield server


def _fetch(folder: Path, *urls: str, patience: Patience = QUICK, **more: object) -> list[Progress]:
    told: list[Progress] = []
    source = UrlsSource(urls=urls, **{"private_hosts": ("127.0.0.1",), **more})  # type: ignore[arg-type]
    fetch_source(source, folder, told.append, expects=Expected.ANYTHING, patience=patience)
    return told


def test_a_file_comes_and_its_sha256_is_on_record(web: WebServer, tmp_path: Path) -> None:
    told = _fetch(tmp_path, web.url("/train.jsonl"))
    assert (tmp_path / "train.jsonl").read_bytes() == ROWS
    assert read_record(tmp_path).files["train.jsonl"].sha256 == hashlib.sha256(ROWS).hexdigest()
    assert told[-1].done_bytes == told[-1].total_bytes == len(ROWS)


def test_the_same_address_twice_is_two_files(web: WebServer, tmp_path: Path) -> None:
    _fetch(tmp_path, web.url("/train.jsonl"), web.url("/train.jsonl"))
    assert (tmp_path / "train.jsonl").read_bytes() == (tmp_path / "train-2.jsonl").read_bytes() == ROWS


def test_a_second_start_asks_nobody(web: WebServer, tmp_path: Path) -> None:
    _fetch(tmp_path, web.url("/train.jsonl"))
    web.asked.clear()
    _fetch(tmp_path, web.url("/train.jsonl"))
    assert web.asked == []


def test_what_broke_off_is_continued_where_nothing_changed(web: WebServer, tmp_path: Path) -> None:
    web.pages["/train.jsonl"].faults += ["cut:1000000", 503, 429]
    _fetch(tmp_path, web.url("/train.jsonl"))
    assert (tmp_path / "train.jsonl").read_bytes() == ROWS
    assert web.ranges_of("/train.jsonl") == ["", "bytes=1000000-", "bytes=1000000-", "bytes=1000000-"]


def test_what_broke_off_and_changed_since_is_begun_anew(web: WebServer, tmp_path: Path) -> None:
    page = web.pages["/train.jsonl"]
    page.faults += ["cut:1000000", *[503] * 9]
    with pytest.raises(Passing):
        _fetch(tmp_path, web.url("/train.jsonl"), patience=replace(QUICK, attempts=2))
    page.body, page.etag, page.faults[:] = ROWS.upper(), '"two"', []
    _fetch(tmp_path, web.url("/train.jsonl"))
    assert (tmp_path / "train.jsonl").read_bytes() == ROWS.upper()


def test_a_server_without_ranges_and_etags_is_asked_for_all_of_it_again(
    web: WebServer, tmp_path: Path
) -> None:
    web.pages["/train.jsonl"] = Page(ROWS, faults=["cut:1000"], ranges=False)
    _fetch(tmp_path, web.url("/train.jsonl"))
    assert (tmp_path / "train.jsonl").read_bytes() == ROWS


def test_patience_ends_when_nothing_is_gained(web: WebServer, tmp_path: Path) -> None:
    web.pages["/train.jsonl"].faults += [503] * 99
    with pytest.raises(Passing) as told:
        _fetch(tmp_path, web.url("/train.jsonl"))
    assert told.value.exit_code == os.EX_TEMPFAIL
    assert len(web.asked) == QUICK.attempts


def test_the_sha256_that_is_asked_for_must_come(web: WebServer, tmp_path: Path) -> None:
    _fetch(tmp_path / "right", web.url("/train.jsonl"), sha256=(hashlib.sha256(ROWS).hexdigest(),))
    with pytest.raises(Damaged, match=r"train\.jsonl has the sha256 digest"):
        _fetch(tmp_path / "wrong", web.url("/train.jsonl"), sha256=("0" * 64,))
    assert not (tmp_path / "wrong/train.jsonl").exists()


def test_names_are_safe_and_none_comes_twice(web: WebServer, tmp_path: Path) -> None:
    for path in ("/a/train.jsonl", "/b/train.jsonl", "/c/..%2F..%2Fetc%2Fpass%20wd", "/get"):
        web.pages[path] = Page(ROWS)
    web.pages["/get?file=x/rows.jsonl&sig=1"] = Page(b"[1]")
    web.pages["/unnamed"] = Page(b"PAR1...")
    _fetch(
        tmp_path,
        *map(
            web.url,
            (
                "/a/train.jsonl",
                "/b/train.jsonl",
                "/c/..%2F..%2Fetc%2Fpass%20wd",
                "/get?file=x/rows.jsonl&sig=1",
            ),
        ),
        web.url("/unnamed"),
    )
    names = {place.name for place in tmp_path.iterdir()} - {".towline"}
    assert names == {"train.jsonl", "train-2.jsonl", "pass-wd.jsonl", "rows.jsonl", "unnamed.parquet"}


@pytest.mark.parametrize(
    ("page", "kind", "words"),
    [
        (
            Page(b"<!DOCTYPE html><form>log in", headers={"Content-Type": "text/html"}),
            Damaged,
            "a web page instead",
        ),
        (Page(b"  <html><body>log in"), Damaged, "a web page instead"),
        (Page(b""), Damaged, "is empty"),
        (Page(status=401), Forbidden, "needs a login"),
        (Page(status=404), Missing, "is not there"),
        (Page(status=418), Mistaken, "answers 418"),
        (Page(b"x", headers={"Content-Encoding": "gzip"}), Malformed, "encodes the content"),
        (Page(b"x", headers={"Content-Length": str(2**60)}), NoSpace, "are free"),
        (
            Page(status=302, headers={"Location": "/train.jsonl?again"}),
            Mistaken,
            "redirects more than 5 times",
        ),
        (Page(status=302, headers={"Location": "http://169.254.169.254/latest"}), Unsafe, "own secrets"),
        (Page(status=302, headers={"Location": "http://10.0.0.1/x"}), Unsafe, "private address 10.0.0.1"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), Malformed, "is not an address"),
    ],
)
def test_what_is_no_data_is_refused_with_a_sentence(
    web: WebServer, tmp_path: Path, page: Page, kind: type[Fault], words: str
) -> None:
    web.pages["/train.jsonl"] = page
    with pytest.raises(kind, match=words) as told:
        _fetch(tmp_path, web.url("/train.jsonl?signature=secret"), most_bytes=2**62)
    assert "secret" not in str(told.value).replace("own secrets", "")


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("https://10.1.2.3/x", Unsafe, "private address"),
        ("https://[::ffff:192.168.0.1]/x", Unsafe, "private address"),
        ("https://[64:ff9b::a9fe:a9fe]/x", Unsafe, "own secrets"),
        ("https://100.64.1.1/x", Unsafe, "private address"),
        ("https://168.63.129.16/x", Unsafe, "own secrets"),
        ("https://localhost/x", Unsafe, "private address"),
        ("https://2130706433/x", Unsafe, "private address"),
        ("http://93.184.215.14/x", Unsafe, "plain http"),
        ("https://user:word@93.184.215.14/x", Unsafe, "name or password in it"),
        ("ftp://93.184.215.14/x", Malformed, "must begin with https"),
        ("https://", Malformed, "is not an address"),
        ("https://nowhere.invalid/x", Fault, "nowhere.invalid"),
    ],
)
def test_an_address_that_leads_where_it_must_not_is_refused(
    tmp_path: Path, url: str, kind: type[Fault], words: str
) -> None:
    with pytest.raises(kind, match=words):
        _fetch(tmp_path, url, private_hosts=(), patience=replace(QUICK, attempts=1))


def test_a_loopback_server_is_only_asked_where_it_is_named(web: WebServer, tmp_path: Path) -> None:
    with pytest.raises(Unsafe, match="privateHosts"):
        _fetch(tmp_path, web.url("/train.jsonl"), private_hosts=("other",))
    assert web.asked == []


def test_no_more_than_is_allowed_is_taken(web: WebServer, tmp_path: Path) -> None:
    with pytest.raises(Mistaken, match="GiB that are"):
        _fetch(tmp_path / "one", web.url("/train.jsonl"), most_bytes=len(ROWS) - 1)
    web.pages["/again.jsonl"] = Page(ROWS)
    with pytest.raises(Mistaken, match="GiB that are"):
        _fetch(
            tmp_path / "two", web.url("/train.jsonl"), web.url("/again.jsonl"), most_bytes=2 * len(ROWS) - 1
        )


def test_sums_must_be_as_many_as_addresses(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="2 entries for 1 urls"):
        _fetch(tmp_path, "https://93.184.215.14/x", sha256=("0" * 64, "1" * 64))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    asked = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run(
        ["openssl", "req", "-x509", *asked, "-keyout", place, "-out", f"{place}.crt"],
        check=True,
        capture_output=True,
    )
    place.write_text(place.read_text() + Path(f"{place}.crt").read_text())
    return place


def test_a_server_must_prove_its_name_though_its_number_is_asked(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebServer({"/rows.csv": Page(b"a,b\n1,2\n")}, certificate) as web:
        with pytest.raises(Mistaken, match="certificate of localhost is not trusted"):
            _fetch(tmp_path, web.url("/rows.csv", "localhost"), private_hosts=("localhost",))
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        _fetch(tmp_path, web.url("/rows.csv", "localhost"), private_hosts=("localhost",))
        assert web.asked[-1].headers["Host"] == f"localhost:{web.port}"
        with pytest.raises(Mistaken, match=r"certificate of 127\.0\.0\.1 is not trusted"):
            _fetch(tmp_path / "other", web.url("/rows.csv"))
    assert (tmp_path / "rows.csv").read_bytes() == b"a,b\n1,2\n"
