"""The two worlds: the embedded one, which is the default, and a cluster that was named."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.domain.fleet import AksCluster
from reconciler.faults import Conflict, Refused
from reconciler.settings import IN_CLUSTER, SANDBOX_SPEED, Settings

from .clock import SteadyClock
from .pace import IN_LIFE, Pace
from .runtimes import runtime_of

if TYPE_CHECKING:
    from reconciler.sandbox.server import Sandbox
    from reconciler.sandbox.settings import SandboxSettings

SANDBOX_CONTEXT = "towline-sandbox"
_LONGEST_START = 10.0  # seconds a world that somebody else starts may take


@dataclass(frozen=True, slots=True)
class World:
    """Where the APIs are, and how time passes there. `aks` replaces the Fleet's cluster in the embedded
    world, whose own it is; `runs_containers` is whether Towline's own really run in that."""

    kubeconfig: Path | None
    context: str
    arm_endpoint: str
    azure_login: str
    aks: AksCluster | None = None
    pace: Pace = IN_LIFE
    runs_containers: bool = False
    clock: SteadyClock = field(default_factory=SteadyClock)

    def now(self) -> str:
        """The moment there, RFC 3339."""
        return self.pace.at(self.clock.seconds())

    @property
    def is_sandbox(self) -> bool:
        """Whether this is the embedded world."""
        return self.aks is not None


@contextmanager
def world_of(settings: Settings) -> Iterator[World]:
    """The world that is meant: the named cluster, a sandbox that runs already, or one of our own."""
    if not settings.is_sandbox:
        endpoint = os.environ.get("TOWLINE_AZURE_ENDPOINT", "")
        yield World(*place_of(settings), endpoint, settings.azure_login)
        return
    folder = sandbox_folder(settings.state)
    with ExitStack() as stack:
        yield _running_sandbox(folder) or _own_sandbox(folder, settings.runtime, stack)


def _own_sandbox(folder: Path, runtime: Path | None, stack: ExitStack) -> World:
    """A world of our own; where somebody else starts one in this folder just now, theirs."""
    try:
        stack.enter_context(start_sandbox(sandbox_settings(folder, runtime, speed=SANDBOX_SPEED)))
    except Conflict:
        if (theirs := _started_by_now(folder)) is not None:
            return theirs
        raise
    own = _running_sandbox(folder)
    assert own is not None
    return own


def _started_by_now(folder: Path) -> World | None:
    deadline = time.monotonic() + _LONGEST_START
    while time.monotonic() < deadline:
        if (running := _running_sandbox(folder)) is not None:
            return running
        time.sleep(0.1)
    return None


def sandbox_folder(state: Path) -> Path:
    """Where the embedded world keeps its kubeconfig and its snapshot."""
    return (state / "sandbox").absolute()


def sandbox_settings(
    folder: Path, runtime: Path | None = None, *, hub: Path | None = None, vllm: bool = False, **chosen: Any
) -> SandboxSettings:
    """What an embedded world is started with. With a Python as `runtime` Towline's own containers really run,
    with models of `hub` beside the one that comes along; `vllm` keeps vLLM where it serves. Refused: that
    Python cannot run them."""
    from reconciler.sandbox.settings import SandboxSettings

    from .lore import presets_dir

    own = runtime_of(runtime, hub, keeps_vllm=vllm) if runtime else None
    sizes = presets_dir() / "gpus" / "azure.yaml"
    return SandboxSettings(state=folder, sizes=sizes, runtime=own, **chosen)


def has_sandbox(folder: Path) -> bool:
    """Whether an embedded world runs in this folder."""
    return _running_sandbox(folder) is not None


@contextmanager
def start_sandbox(settings: SandboxSettings) -> Iterator[Sandbox]:
    """An embedded world that others on this machine can find while it runs.

    Conflict: another one lives in this folder. Refused: it cannot start, with the reason.
    """
    with _claimed(settings.state), _started(settings) as sandbox:
        note = settings.state / "world.json"
        urls = {"kube_url": sandbox.kube_url, "arm_url": sandbox.arm_url}
        pace = Pace(settings.speed, time.time(), sandbox.now().timestamp())
        place = {**urls, "pace": asdict(pace), **_aks(sandbox).model_dump()}
        place["runs_containers"] = settings.runtime is not None
        note.write_text(json.dumps(place, indent=2), encoding="utf-8")
        try:
            yield sandbox
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """One world a folder; the kernel gives the folder back when its owner dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")  # a token lies here
        lock = (folder / "lock").open("w", encoding="utf-8")
    except OSError as error:
        raise Refused(f"the embedded world cannot live in {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Conflict(f"another embedded world runs in {folder}; choose another --state") from taken
        yield


@contextmanager
def _started(settings: SandboxSettings) -> Iterator[Sandbox]:
    from reconciler.sandbox.server import Sandbox

    sandbox = Sandbox(settings)
    try:
        sandbox.start()
    except (ValueError, ssl.SSLError) as error:
        again = f"remove {settings.state} to begin with a new one"
        raise Refused(f"the embedded world in {settings.state} is damaged ({error}); {again}") from error
    except OSError as error:
        raise Refused(f"the embedded world cannot start: {error}") from error
    try:
        yield sandbox
    finally:
        sandbox.stop()


def _aks(sandbox: Sandbox) -> AksCluster:
    return AksCluster(
        subscription=sandbox.subscription,
        resource_group=sandbox.resource_group,
        name=sandbox.cluster,
        location=sandbox.location,
    )


def _running_sandbox(folder: Path) -> World | None:
    try:
        place = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        for url in (place["kube_url"], place["arm_url"]):
            address = urlsplit(url)
            with socket.create_connection((address.hostname or "", address.port or 0), timeout=2):
                pass
        names = ("subscription", "resource_group", "name", "location")
        aks, pace = AksCluster(**{key: place[key] for key in names}), Pace(**place["pace"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    runs = bool(place.get("runs_containers"))
    return World(folder / "kubeconfig", SANDBOX_CONTEXT, place["arm_url"], "none", aks, pace, runs)


def place_of(settings: Settings) -> tuple[Path | None, str]:
    """Kubeconfig and context as the Kubernetes door takes them: neither means the cluster we run in."""
    if settings.context == IN_CLUSTER and settings.kubeconfig is None:
        return None, ""
    return _kubeconfig(settings), settings.context


def _kubeconfig(settings: Settings) -> Path:
    """The file that holds the named context; the context itself is never guessed."""
    if settings.kubeconfig is not None:
        return settings.kubeconfig
    return Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")
