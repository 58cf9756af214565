"""A request that is not answered, and why: the one exception that becomes an HTTP answer."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """`str()` is one sentence for the person who asked; `field` is the part of the body it is about, `wait`
    the seconds after which asking again makes sense."""

    def __init__(
        self, status: int, sentence: str, *, field: str | None = None, wait: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.field = field
        self.wait = wait

    def body(self) -> dict[str, Any]:
        """OpenAI's shape of an error (https://platform.openai.com/docs/guides/error-codes)."""
        return {
            "error": {
                "message": str(self),
                "type": _kind(self.status),
                "param": self.field,
                "code": self.status,
            }
        }

    def headers(self) -> dict[str, str]:
        """Retry-After where there is something to wait for."""
        return {} if self.wait is None else {"Retry-After": str(self.wait)}


def _kind(status: int) -> str:
    match status:
        case 404:
            return "not_found_error"
        case 429:
            return "rate_limit_error"
        case _ if status >= 500:
            return "server_error"
        case _:
            return "invalid_request_error"
