"""How the world's troubles, logs and request log reach the Kubernetes API's face."""

from __future__ import annotations

from aiohttp import web

from .kube.face import RequestLine, Trouble, application
from .kube.store import Store
from .requests import Asked, RequestLog
from .trouble import Troubles
from .world.logs import Logs


def kube_application(
    store: Store, token: str, logs: Logs, requests: RequestLog, troubles: Troubles
) -> web.Application:
    """Build the Kubernetes API over a store."""

    def note(line: RequestLine) -> None:
        requests.note(Asked("kube", line.method, line.path, line.query, line.user_agent, line.status))

    def trouble(_: str, path: str) -> Trouble | None:
        if troubles.strikes("hanging-api", "kube", path):
            return Trouble(hang=True)
        if troubles.strikes("reset", "kube", path):
            return Trouble(cut=True)
        return Trouble() if troubles.strikes("api-500", "kube", path) else None

    return application(store, token=token, logs=logs.read, on_request=note, trouble=trouble)
