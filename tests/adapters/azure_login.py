"""A login server: the token endpoint of Entra, of a pod's or machine's identity, and the program `az`."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

from reconciler.sandbox.certificate import certificate_of
from tests.adapters.scripted import Answer, Asked, Scripted, document

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
TOKEN = "the-token"
_ISSUED = {"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN}


class Entra:
    """Issues TOKEN, or refuses as `refusal` says; `forms` is what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.refusal: Answer | None = None
        self.forms: list[dict[str, str]] = []
        self._bundle = folder / "ca.pem"
        self.server = Scripted(self._answer, folder / "entra.pem")
        self._bundle.write_bytes(certificate_of(folder / "entra.pem"))

    @property
    def environ(self) -> dict[str, str]:
        """What leads a credential here."""
        return {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_AUTHORITY_HOST": self.server.url,
            "REQUESTS_CA_BUNDLE": str(self._bundle),
        }

    def _answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("/openid-configuration"):
            own = f"{self.server.url}/{TENANT}"
            return document(
                {
                    "issuer": f"{own}/v2.0",
                    "token_endpoint": f"{own}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{own}/oauth2/v2.0/authorize",
                }
            )
        self.forms.append({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        return self.refusal or document(_ISSUED)


def refusal(code: int, said: str, error: str = "invalid_client", status: int = 401) -> Answer:
    """Entra's no, as its token endpoint words it."""
    trace = (
        "Trace ID: 00000000-aaaa-1111-bbbb-2222cccc3333 Correlation ID: 33333333-3333-3333-3333-333333333333"
    )
    return document(
        {
            "error": error,
            "error_description": f"AADSTS{code}: {said} {trace} Timestamp: 2026-11-22 10:00:00Z",
            "error_codes": [code],
            "correlation_id": "33333333-3333-3333-3333-333333333333",
        },
        status,
    )


def machine_identity(asked: Asked) -> Answer:
    """The identity endpoint of a machine (IMDS)."""
    if asked.headers.get("metadata") != "true":
        return document({"error": "invalid_request"}, 400)
    issued = {"access_token": TOKEN, "expires_in": "3600", "expires_on": "4000000000", "token_type": "Bearer"}
    return document({**issued, "resource": asked.query.get("resource", "")})


def fake_az(folder: Path, *, logged_in: bool = True) -> Path:
    """A folder for PATH whose `az` has logged in, or has not."""
    folder.mkdir(exist_ok=True)
    token = json.dumps({"accessToken": TOKEN, "expiresOn": "2099-01-01 00:00:00.000000"})
    said = (
        f"echo '{token}'" if logged_in else "echo 'ERROR: Please run az login to setup account.' >&2; exit 1"
    )
    program = folder / "az"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/asked"\n{said}\n')
    program.chmod(0o755)
    return folder
