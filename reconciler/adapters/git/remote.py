"""A Git repository somewhere else: what its branch points at, and how a git process reaches it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock

from reconciler.faults import Broken, Fault, Refused, Unreachable

from .address import check_branch, moved, parse_address
from .credentials import Credentials
from .environment import git_environment, ssh_command
from .faults import fault_of_git, fault_of_status
from .http import Answer, HttpLine
from .limits import GitLimits, Traffic
from .process import Bounds, Ended, run
from .wire import HEAD, ask_for, find_head_branch, find_ref, server_error, speaks_v2, split_at_flush

ADVERTISEMENT = "application/x-git-upload-pack-advertisement"
INFO_REFS = "/info/refs?service=git-upload-pack"
UPLOAD_PACK = "/git-upload-pack"
V2 = {"Git-Protocol": "version=2", "User-Agent": "git/towline"}
SERVICE = b"# service=git-upload-pack"
MOST_REDIRECTS = 3
OWNED_BY_ANYONE = "git -c 'safe.directory=*'"


class Remote:
    """One remote repository and who we are to it. `str()` shows where it is, never who we are.

    Raises `ValueError` for an address that is not let in (git_address). Safe for several threads.
    """

    def __init__(self, url: str, credentials: Credentials, limits: GitLimits) -> None:
        self.limits = limits
        self.address, written = parse_address(url, plain_http=limits.plain_http)
        self.credentials = _merge(credentials, written)
        self._line: HttpLine | None = None
        self._speaks_v2 = False
        self._traffic = Traffic()
        self._lock = Lock()

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"Remote({str(self)!r})"

    @property
    def traffic(self) -> Traffic:
        """What has been asked and received so far."""
        return self._traffic

    def tip(self, branch: str) -> str | None:
        """The commit this branch points at, None when there is no such branch: one exact-ref request.

        The answer is as long for 50,000 refs as for ten, unless their names begin with this branch's own.
        """
        ref = f"refs/heads/{check_branch(branch)}"
        return find_ref(self._ask(ref), ref)

    def default_branch(self) -> str | None:
        """The branch that the repository's HEAD stands for; None when it does not say."""
        return find_head_branch(self._ask(HEAD))

    def fetch(self, folder: Path, refspec: str, *options: str) -> Ended:
        """`git fetch` of exactly this refspec into the bare repository `folder`. Raises a `Fault`."""
        self._traffic = replace(self._traffic, fetches=self._traffic.fetches + 1)
        words = (
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--force",
            *options,
        )
        argv = ("git", "fetch", *words, *self._served_by("upload-pack"), "--", str(self), refspec)
        limits = self.limits
        bounds = replace(self._bounds(limits.transfer_seconds), folder=folder / "objects" / "pack")
        return self._expect(self._run(argv, folder, replace(bounds, growth=limits.growth_bytes)))

    def push(self, folder: Path, refspec: str, *options: str) -> Ended:
        """`git push` of exactly this refspec, not forced unless an option is a lease with the commit that may
        go. Raises a `Fault`; a lost race is `Conflict`."""
        self._traffic = replace(self._traffic, pushes=self._traffic.pushes + 1)
        argv = ("git", "push", "--porcelain", "--no-verify", *options, *self._served_by("receive-pack"))
        ended = self._run(
            (*argv, "--", str(self), refspec), folder, self._bounds(self.limits.transfer_seconds)
        )
        return self._expect(ended)

    def environment(self, folder: Path | None) -> Mapping[str, str]:
        """The environment of a git that works in `folder`."""
        return git_environment(self.address, self.credentials, self.limits, folder)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._line is not None:
                self._line.close()

    def _ask(self, ref: str) -> bytes:
        """The answer to one question for one ref, counted. Raises `Refused` with the server's own words."""
        with self._lock:
            is_http = self.address.scheme in ("http", "https")
            answer, requests, size = self._ask_http(ref) if is_http else self._ask_process(ref)
            known = self._traffic
            self._traffic = replace(
                known,
                polls=known.polls + 1,
                requests=known.requests + requests,
                poll_bytes=known.poll_bytes + size,
            )
        if error := server_error(answer):
            raise Refused(
                f"{self}: the Git server refuses: {self.credentials.scrub(error[:200])}", code="ERR"
            )
        return answer

    def _ask_http(self, ref: str) -> tuple[bytes, int, int]:
        line = self._line = self._line or HttpLine(self.address, self.credentials, self.limits.poll_seconds)
        requests, received = line.requests, line.meter.received
        body = b"" if self._speaks_v2 else self._advertisement(line)
        if self._speaks_v2:
            body = self._listing(line, ref)
        return body, line.requests - requests, line.meter.received - received

    def _advertisement(self, line: HttpLine) -> bytes:
        for _ in range(MOST_REDIRECTS):
            answer = line.ask("GET", INFO_REFS, b"", V2, self.limits.refs_bytes)
            if not 300 <= answer.status < 400:
                break
            self._move(line, answer)
        if not self._checked(answer).headers.get("Content-Type", "").startswith(ADVERTISEMENT):
            raise Broken(f"{self}: no Git repository is served here", code="protocol")
        announced, rest = split_at_flush(answer.body)
        advertisement = (
            rest if SERVICE in announced else announced
        )  # protocol v2 does without the announcement
        self._speaks_v2 = speaks_v2(advertisement)
        return advertisement

    def _listing(self, line: HttpLine, ref: str) -> bytes:
        kind = {"Content-Type": "application/x-git-upload-pack-request"}
        answer = line.ask("POST", UPLOAD_PACK, ask_for(ref), {**V2, **kind}, self.limits.refs_bytes)
        if answer.status != 200:
            self._speaks_v2 = False
        return self._checked(answer).body

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != 200:
            raise fault_of_status(str(self), answer.status, answer.headers)
        return answer

    def _move(self, line: HttpLine, answer: Answer) -> None:
        address = moved(self.address, answer.headers.get("Location", ""), suffix=INFO_REFS)
        if address is None:
            raise fault_of_status(str(self), answer.status, answer.headers)
        line.close()
        self.address = line.address = address

    def _ask_process(self, ref: str) -> tuple[bytes, int, int]:
        environment = {**self.environment(None), "GIT_PROTOCOL": "version=2"}
        bounds = replace(self._bounds(self.limits.poll_seconds), output=self.limits.refs_bytes)
        ended = run(self._upload_pack(), environment, bounds, ask_for(ref))
        advertisement, listing = split_at_flush(ended.output)
        is_v2 = speaks_v2(advertisement)
        if ended.status != 0 and (is_v2 or not advertisement):
            raise self._fault(ended)
        return listing if is_v2 else advertisement, 1, len(ended.output)

    def _upload_pack(self) -> tuple[str, ...]:
        if self.address.scheme == "file":
            return ("git", "upload-pack", "--timeout=60", "--", self.address.path)
        user = f"{self.address.user}@" if self.address.user else ""
        place = ("-p", str(self.address.port), "--", f"{user}{self.address.host}")
        return (
            *ssh_command(self.credentials, self.limits),
            *place,
            f"git-upload-pack {shlex.quote(self.address.path)}",
        )

    def _served_by(self, program: str) -> tuple[str, ...]:
        """A folder named expressly is trusted whoever owns it; git forgets that across processes."""
        return (f"--{program}={OWNED_BY_ANYONE} {program}",) if self.address.scheme == "file" else ()

    def _bounds(self, seconds: float) -> Bounds:
        return Bounds(seconds, self.limits.refs_bytes, self.limits.memory_bytes)

    def _run(self, argv: tuple[str, ...], folder: Path, bounds: Bounds) -> Ended:
        return run(argv, self.environment(folder), bounds)

    def _expect(self, ended: Ended) -> Ended:
        if ended.status != 0:
            raise self._fault(ended)
        return ended

    def _fault(self, ended: Ended) -> Fault:
        said = self.credentials.scrub(f"{ended.said}\n{ended.output[:4096].decode(errors='replace')}")
        return fault_of_git(str(self), said)


def _merge(credentials: Credentials, written: Credentials | None) -> Credentials:
    """What was written into the URL counts where nothing was given beside it."""
    if written is None or credentials.username or credentials.secret:
        return credentials
    return replace(credentials, username=written.username, secret=written.secret)


def is_unexplained(fault: Fault) -> bool:
    """Whether git failed without saying anything we know: then our own copy may be what is broken."""
    return isinstance(fault, Unreachable) and not fault.code
