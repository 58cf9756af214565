"""Who we are to a Git server, and how to keep it out of every sentence."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote, quote_plus

HIDDEN = "***"
USERINFO = re.compile(r"(?<=://)[^/\s@]*@")
BASIC = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{8,}")


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user and a secret for HTTP, or a key for SSH. Neither `repr` nor a message ever shows the secret.

    A token alone in a URL (`https://TOKEN@host/…`) is the `username` with no `secret`, and just as secret.
    """

    username: str = ""
    secret: str = field(default="", repr=False)
    scheme: Literal["basic", "bearer"] = "basic"
    ssh_key: Path | None = None
    known_hosts: Path | None = None
    accept_new_host_keys: bool = False
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"Credentials({HIDDEN if self.username or self.secret else ''})"

    @property
    def authorization(self) -> str:
        """The Authorization header's value; empty when there is nothing to say (RFC 7617, RFC 6750)."""
        if self.scheme == "bearer" and self.secret:
            return f"Bearer {self.secret}"
        return f"Basic {self._pair}" if self.username or self.secret else ""

    def scrub(self, text: str) -> str:
        """The text without the secret in any form it travels in, nor any other URL's user."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return BASIC.sub(rf"\1 {HIDDEN}", USERINFO.sub(f"{HIDDEN}@", text))

    @property
    def _pair(self) -> str:
        return b64encode(f"{self.username}:{self.secret}".encode()).decode()

    @property
    def _forms(self) -> tuple[str, ...]:
        word = self.secret or self.username
        if not word or (not self.secret and self.ssh_key):
            return ()
        encoded = b64encode(word.encode()).decode()
        forms = {word, quote(word, safe=""), quote_plus(word), self._pair, encoded, encoded.rstrip("=")}
        return tuple(sorted(forms, key=len, reverse=True))
