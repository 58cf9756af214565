"""What is needed of the Git server, asked before the first pass: to read one branch and to write another."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.domain.preflight import Answer, Check
from reconciler.faults import Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

from .cache import DRAFT, GitCache
from .credentials import Credentials
from .draft import Draft, draft_stream
from .limits import GitLimits
from .remote import Remote
from .status import AUTHOR

_CREDENTIALS = (
    "name who Towline is in TOWLINE_GIT_USERNAME and TOWLINE_GIT_TOKEN, or its key in TOWLINE_GIT_SSH_KEY"
)


@dataclass(frozen=True, slots=True)
class Branches:
    """The branch that is followed, empty for the repository's default, and the one that status goes to."""

    config: str
    status: str


def git_checks(url: str, branches: Branches, credentials: Credentials) -> tuple[Check, ...]:
    """Whether both can be done. Nothing is written; raises nothing that the server does."""
    try:
        remote = Remote(url, credentials, GitLimits())
    except ValueError as wrong:
        return (
            Check(
                "git", Answer.NO, f"--repo: {wrong}", "give the address that the repository is cloned from"
            ),
        )
    with closing(remote):
        try:
            read = _read(remote, branches.config)
        except Fault as fault:
            return (Check("git", Answer.NO, str(fault), _mend(fault, "read")),)
        return (read, _written(remote, branches.status))


def _read(remote: Remote, branch: str) -> Check:
    branch = branch or remote.default_branch() or "main"
    tip = remote.tip(branch)
    if tip is None:
        mend = "push one, or name another with --branch"
        return Check("git", Answer.NO, f"{remote} has no branch {branch}", mend)
    return Check("git", Answer.YES, f"{remote}, branch {branch} at {tip[:7]}")


def _written(remote: Remote, branch: str) -> Check:
    """A push that is not carried out: the server is asked whether it would let us in, and no more. Whether a
    rule protects the branch it only says to a real one."""
    try:
        with TemporaryDirectory() as folder:
            cache = GitCache(Path(folder), remote)
            commit = cache.write(draft_stream(Draft(DRAFT, "", AUTHOR, "preflight", {"README.md": b"\n"})))
            remote.push(cache.folder, f"{commit}:refs/heads/{branch}", "--dry-run")
    except Conflict:
        return Check("status branch", Answer.YES, f"{branch} is there and may be pushed to")
    except Fault as fault:
        return Check("status branch", Answer.NO, str(fault), _mend(fault, "write"))
    return Check("status branch", Answer.YES, f"{branch} may be pushed; the first pass makes it")


def _mend(fault: Fault, what: str) -> str:
    match fault:
        case Forbidden(code="host-key"):
            return "name a file with the server's host key in TOWLINE_GIT_KNOWN_HOSTS"
        case Forbidden():
            return f"{_CREDENTIALS}; it must be allowed to {what} the repository"
        case Missing():
            return f"correct the address, or {_CREDENTIALS}: many servers say so to whom they do not know"
        case Unreachable():
            return "let Towline reach the Git server; a proxy on the way is named in HTTPS_PROXY"
        case Throttled(retry_after=seconds):
            return f"ask again in {max(1, round(seconds))} s"
        case Refused():
            return "what the server says has to be changed there"
    return ""
