"""A registry over HTTP: asked, answered as it demands to be, and its refusals told as faults."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import urlencode, urljoin, urlsplit

from runtime.artifacts.faults import Faltering, Fault, Forbidden, Malformed, Missing, Mistaken
from runtime.artifacts.oci.challenge import Challenge, parse_challenges
from runtime.artifacts.oci.login import Login
from runtime.artifacts.oci.reference import Reference
from runtime.artifacts.wire import Answer, Wire, read_json, read_whole, throttled

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""Manifests that are understood."""

_CLIENT = "towline-runtime"


@dataclass(frozen=True)
class Registry:
    """One repository in a registry, with the login for it. What once authorized a scope is kept for the next
    request of that scope, and asked for anew when the registry no longer takes it."""

    reference: Reference
    login: Login | None
    insecure: bool = False
    wire: Wire = field(default_factory=Wire)
    allowed: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The address below which the repository answers."""
        scheme = "http" if self.insecure else "https"
        return f"{scheme}://{self.reference.host}/v2/{self.reference.repository}"

    def read_manifest(self, version: str) -> tuple[bytes, str]:
        """A manifest by tag or digest: its bytes and the digest the registry says it has, if it says so."""
        answer = self.ask("GET", f"{self.root}/manifests/{version}", {"Accept": ", ".join(MANIFESTS)}, (200,))
        text = read_whole(answer, f"The manifest of {self.reference}")
        return text, answer.headers.get("Docker-Content-Digest", "")

    def open_blob(self, digest: str, offset: int) -> Answer:
        """The bytes of a blob from `offset` on."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        return self.ask("GET", f"{self.root}/blobs/{digest}", headers, (200, 206, 416))

    def has(self, place: str) -> str | None:
        """The digest of what lies at `blobs/…` or `manifests/…`; None when nothing does."""
        answer = self.ask(
            "HEAD", f"{self.root}/{place}", {"Accept": ", ".join(MANIFESTS)}, (200, 404), "pull,push"
        )
        answer.close()
        return answer.headers.get("Docker-Content-Digest", "") if answer.status == 200 else None

    def put_blob(self, digest: str, content: IO[bytes], size: int) -> None:
        """Upload a blob in one piece."""
        place = self._begin_upload()
        place += ("&" if "?" in place else "?") + urlencode({"digest": digest})
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self.ask("PUT", place, headers, (201, 204), "pull,push", content).close()

    def try_upload(self) -> None:
        """Begin an upload and give it up: it can be begun by whoever may push. Not every registry lets
        uploads be given up; it forgets them by itself."""
        self.ask("DELETE", self._begin_upload(), {}, range(200, 600), "pull,push").close()

    def put_manifest(self, version: str, media_type: str, text: bytes) -> None:
        """Give the repository a manifest under a tag or digest."""
        place = f"{self.root}/manifests/{version}"
        self.ask("PUT", place, {"Content-Type": media_type}, (201,), "pull,push", text).close()

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        fine: Container[int],
        actions: str = "pull",
        body: bytes | IO[bytes] | None = None,
    ) -> Answer:
        """Ask, prove who asks where that is demanded, and raise every status that is not `fine`."""
        for again in (False, True):
            proof = self._proof(url, actions)
            sent = {"User-Agent": _CLIENT, **headers, **proof}
            answer = self.wire.ask(method, url, sent, body=body, follow=method == "GET")
            if answer.status != 401 or again:
                break
            answer.close()
            self.allowed[actions] = self._prove(answer, actions)
            if body is not None and not isinstance(body, bytes):
                body.seek(0)
        if answer.status in fine:
            return answer
        answer.close()
        raise _fault(self, answer, actions)

    def _begin_upload(self) -> str:
        """Where the blob is to be sent."""
        begun = self.ask("POST", f"{self.root}/blobs/uploads/", {"Content-Length": "0"}, (202,), "pull,push")
        begun.close()
        return urljoin(self.root, begun.headers.get("Location", ""))

    def _proof(self, url: str, actions: str) -> dict[str, str]:
        """What authorizes, for the registry's own host and for no other it may send us to."""
        own = urlsplit(url).netloc == urlsplit(self.root).netloc
        return {"Authorization": self.allowed[actions]} if own and actions in self.allowed else {}

    def _prove(self, answer: Answer, actions: str) -> str:
        challenges = parse_challenges(answer.headers.get("Www-Authenticate", ""))
        for challenge in sorted(challenges, key=lambda challenge: challenge.scheme, reverse=True):
            if challenge.scheme == "bearer" and challenge.realm:
                return f"Bearer {self._token(challenge, actions)}"
            if challenge.scheme == "basic" and self.login and self.login.user:
                return self.login.basic
        raise _fault(self, answer, actions)

    def _token(self, challenge: Challenge, actions: str) -> str:
        """Have a token made out for what is asked for (distribution/docs/spec/auth/token.md)."""
        realm = challenge.realm
        if not self.insecure and not realm.startswith("https://"):
            raise Mistaken(
                f"{self.reference.registry} sends logins over plain http: its set-up must name https."
            )
        asked = {
            "service": challenge.service,
            "scope": _scope(challenge.scope, self.reference.repository, actions),
        }
        answer = self._ask_token(realm, asked)
        whose = f"The token of {self.reference.registry}"
        if answer.status != 200:
            answer.close()
            raise _fault(self, answer, actions)
        made = read_json(answer, whose)
        token = made.get("token") or made.get("access_token")
        if not isinstance(token, str):
            raise Malformed(f"{whose} is missing in its answer: the registry's set-up must be mended.")
        return token

    def _ask_token(self, realm: str, asked: dict[str, str]) -> Answer:
        if self.login and self.login.identity_token:
            form = {
                "grant_type": "refresh_token",
                "client_id": _CLIENT,
                "refresh_token": self.login.identity_token,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self.wire.ask(
                "POST", realm, headers, body=urlencode({**asked, **form}).encode(), follow=False
            )
        headers = {"Authorization": self.login.basic} if self.login else {}
        return self.wire.ask("GET", f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}", headers)


def _scope(demanded: str, repository: str, actions: str) -> str:
    """The scope that a registry demands, with what will be done next as well: some demand only to pull where
    a push begins, and a token for more saves asking again."""
    head = f"repository:{repository}:"
    if demanded and not demanded.startswith(head):
        return demanded
    return head + ",".join(sorted({*actions.split(","), *demanded.removeprefix(head).split(",")} - {""}))


def _fault(registry: Registry, answer: Answer, actions: str) -> Fault:
    """Each refusal of a registry as a sentence, by its status."""
    image, host, status = registry.reference, registry.reference.registry, answer.status
    right = "push to" if "push" in actions else "pull from"
    secret = "the output's imagePushSecret" if "push" in actions else "imagePullSecrets"
    match status:
        case 401 if registry.login is None:
            return Forbidden(
                f"{host} asks who pulls or pushes {image}: name a secret with a login in {secret}."
            )
        case 401 | 403:
            return Forbidden(
                f"The login for {host} may not {right} {image.repository} ({status}): give it that right, "
                "or put "
                f"another login in {secret}."
            )
        case 404:
            return Missing(f"{image} is not in its registry ({status}): check its name, tag and digest.")
        case 413:
            return Mistaken(f"{host} does not take files this large (413): raise its limit.")
        case 429:
            return throttled(answer, f"{host} asks to be asked less often (429).")
        case 408 | 500 | 502 | 503 | 504:
            return Faltering(f"{host} answers {status} for {image}; it is tried again.")
    return Mistaken(f"{host} answers {status} for {image}: look into the registry's log.")
