"""The hub's API: which files a revision has, by its own library, and their bytes, from any offset on.

huggingface_hub 2 gives every download a name of its own and removes it when it fails, so that nothing of it
can be continued by another process; therefore the bytes are fetched here and the library is asked for the
rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.errors import HTTPError as AnyHttpError  # type: ignore[attr-defined]
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import default_client_factory

from runtime.artifacts.document import HubSource
from runtime.artifacts.faults import (
    Faltering,
    Fault,
    Forbidden,
    Malformed,
    Missing,
    Mistaken,
    Throttled,
    Unreachable,
)
from runtime.artifacts.resume import Digest, Wanted
from runtime.artifacts.wire import Answer, Wire, throttled

_T = TypeVar("_T")

LISTING_SECONDS = 20.0
"""Until a silent hub counts as gone while it lists files; for some questions the library tries six times."""

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A revision that stays what it is."""


@dataclass(frozen=True)
class Hub:
    """One repository, asked with one token; without one nothing is told of who asks."""

    source: HubSource
    token: str
    wire: Wire

    def commit(self) -> str:
        """The commit that the revision is at this moment."""
        if COMMIT.fullmatch(self.source.revision):
            return self.source.revision
        return str(
            self._listed(
                lambda api: api.model_info(self.source.repository, revision=self.source.revision)
            ).sha
        )

    def files(self, commit: str) -> tuple[Wanted, ...]:
        """Everything at a commit, with size and digest."""
        listed = self._listed(
            lambda api: list(api.list_repo_tree(self.source.repository, revision=commit, recursive=True))
        )
        return tuple(_wanted(file) for file in listed if isinstance(file, RepoFile))

    def open(self, commit: str, name: str, offset: int) -> Answer:
        """The bytes of a file from `offset` on."""
        url = f"{self.source.endpoint.rstrip('/')}/{self.source.repository}/resolve/{commit}/{quote(name)}"
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.wire.ask("GET", url, headers)
        if answer.status in (200, 206, 416):
            return answer
        answer.close()
        raise _fault(self.source, answer.status, answer.headers.get("X-Error-Code", ""), name, answer)

    def _listed(self, ask: Callable[[HfApi], _T]) -> _T:
        repository, endpoint = self.source.repository, self.source.endpoint
        set_client_factory(_bounded_client)
        try:
            return ask(HfApi(endpoint=endpoint, token=self.token or False))
        except HfHubHTTPError as failure:
            code = failure.response.headers.get("X-Error-Code", "")
            raise _fault(self.source, failure.response.status_code, code) from failure
        except HFValidationError as failure:
            raise Malformed(
                f"'{repository}' is not the name of a repository: write owner/name as its page shows it."
            ) from failure
        except OfflineModeIsEnabled as failure:
            raise Mistaken(
                f"HF_HUB_OFFLINE forbids to ask {endpoint} for {repository}: unset it, or give the weights "
                "as a "
                "folder or an image."
            ) from failure
        except AnyHttpError as failure:
            raise Unreachable(
                f"{endpoint} cannot be reached for {repository} ({type(failure).__name__}); it is tried "
                "again."
            ) from failure
        except ValueError as failure:
            raise Malformed(
                f"{endpoint} does not answer as a Hugging Face hub does: check `endpoint`."
            ) from failure


def _bounded_client() -> Any:
    """The library's own client, which by itself waits for ever for a hub that stalls, and is told to with
    every request: what it is told is overruled on the way out."""
    client = default_client_factory()
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], _bound]}
    return client


def _bound(request: Any) -> None:
    waits = dict.fromkeys(("connect", "read", "write", "pool"), LISTING_SECONDS)
    request.extensions = {**request.extensions, "timeout": waits}


def _wanted(file: RepoFile) -> Wanted:
    """What the hub knows of a file: large ones have a sha256, the others their id in Git."""
    digest = Digest("sha256", file.lfs.sha256) if file.lfs else Digest("git", file.blob_id)
    return Wanted(file.path, f"{file.path} {digest.algorithm}:{digest.hex}", file.size, digest)


def _fault(source: HubSource, status: int, code: str, name: str = "", answer: Answer | None = None) -> Fault:
    """Each refusal of the hub as a sentence, by its status and its X-Error-Code."""
    repository, revision, page = source.repository, source.revision, f"{source.endpoint}/{source.repository}"
    match status, code:
        case ((401 | 403), "GatedRepo"):
            return Forbidden(
                f"{repository} is gated: accept its licence at {page} and put a token of the account that "
                "did so "
                "in modelAccessSecret (key HF_TOKEN)."
            )
        case (_, "RevisionNotFound"):
            return Missing(
                f"{repository} has no revision {revision}: take a commit from {page}/commits/main."
            )
        case (_, "EntryNotFound"):
            return Missing(f"{repository} has no file {name or 'list'} at revision {revision}.")
        case ((401 | 404), _):
            return Missing(
                f"{repository} is not at {source.endpoint}, or is private and asked for without a token "
                "that may "
                "read it: check its name, or put a token in modelAccessSecret (key HF_TOKEN)."
            )
        case 403, _:
            return Forbidden(
                f"The token may not read {repository}: give it the right to, or take another one."
            )
        case 429, _:
            sentence = f"{source.endpoint} asks to be asked less often; a token in modelAccessSecret helps."
            return throttled(answer, sentence) if answer else Throttled(sentence)
        case ((408 | 500 | 502 | 503 | 504), _):
            return Faltering(f"{source.endpoint} answers {status} for {repository}; it is tried again.")
    return Mistaken(f"{source.endpoint} answers {status} for {repository} {name}".rstrip() + ".")
