"""The ways the world fails us.

    Fault                     the world failed; our code and the user's files did not
    ├── Unreachable           no answer: refused, reset, timed out, name not found
    ├── Throttled             asked to slow down; `retry_after` seconds when the server said so
    ├── Forbidden             who we are may not do this (401, 403)
    ├── Missing               what we named is not there (404)
    ├── Conflict              somebody else's version or field is in the way (409, 412)
    ├── Refused               the server understood and will not (400, 422, a hook)
    └── Broken                an answer that makes no sense, or 5xx

Each door maps its library's failures onto these by status and code, never by message text.

`Deposed` is none of them: nothing failed, it is only not ours to do any more. It ends a pass, whatever step
it comes from, and no step may take it for a failure of its own.
"""

from __future__ import annotations

from .domain.cloud import CloudError
from .domain.plan import Claim


class Fault(Exception):
    """The world failed us. `str()` is one sentence without credentials; `code` is the server's own word.

    `error` is the whole answer where it was Azure's.
    """

    transient = True
    error: CloudError | None = None

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Unreachable(Fault):
    """No answer came."""


class Throttled(Fault):
    """The server asked us to slow down."""

    def __init__(self, message: str, *, code: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Forbidden(Fault):
    """Who we are may not do this."""

    transient = False


class Missing(Fault):
    """What we named is not there."""


class Conflict(Fault):
    """Another version or another owner is in the way; `claims` say who owns which of the contested fields,
    as the server writes these."""

    def __init__(self, message: str, *, code: str = "", claims: tuple[Claim, ...] = ()) -> None:
        super().__init__(message, code=code)
        self.claims = claims

    @property
    def managers(self) -> tuple[str, ...]:
        """Who is in the way."""
        return tuple(dict.fromkeys(each.manager for each in self.claims if each.manager))

    @property
    def fields(self) -> tuple[str, ...]:
        """The contested fields."""
        return tuple(dict.fromkeys(each.field for each in self.claims))


class Refused(Fault):
    """The server understood, and will not until something is changed."""

    transient = False


class Broken(Fault):
    """The answer makes no sense."""


class Deposed(Exception):
    """We may not write any more: our lease is lost, or so old that it may be. Nothing was sent."""
