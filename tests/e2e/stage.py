"""A whole world for one test: a person, a repository, the embedded cluster and cloud, and Towline typed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.domain.cloud import Option
from reconciler.domain.identity import WorkspaceName
from reconciler.planner.resolve.names import pool_name
from reconciler.sandbox.server import Sandbox
from reconciler.wiring.worlds import sandbox_folder, sandbox_settings, start_sandbox
from tests.e2e.outlook import Outlook
from tests.e2e.person import Person
from tests.e2e.typed import Daemon, becomes, environment, running_daemon, type_towline

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example-repo"
SPEED = 600.0


@dataclass
class Stage:
    """Everything in `folder`; `url` is the repository as Towline is told of it."""

    folder: Path
    person: Person
    sandbox: Sandbox
    outlook: Outlook
    url: str
    variables: dict[str, str] = field(default_factory=dict)
    logs: int = 0

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def words(self, *more: str) -> tuple[str, ...]:
        return ("--repo", self.url, "--state", str(self.state), "--offline", *more)

    def type(self, verb: str, *more: str) -> subprocess.CompletedProcess[str]:
        """A verb typed to its end."""
        return type_towline((verb, *self.words(*more)), self.surroundings, self.folder)

    def settle(self, *more: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """`towline run --until-settled`, which must end well."""
        ended = self.type("run", "--until-settled", "--timeout", str(seconds), *more)
        assert ended.returncode == 0, ended.stderr[-4000:]
        return ended

    def daemon(self, *more: str) -> AbstractContextManager[Daemon]:
        """`towline run` while the block lasts."""
        self.logs += 1
        log = self.folder / f"daemon-{self.logs}.log"
        return running_daemon(self.words(*more), self.surroundings, log)

    def becomes(self, question: object, daemon: Daemon, seconds: float = 60) -> None:
        """Wait for the world to be so; fail with the daemon's last words and the status page."""
        becomes(question, seconds, lambda: f"{daemon.said[-6000:]}\n\n{self.person.page()}")

    def becomes_phase(self, name: str, phase: str, daemon: Daemon, seconds: float = 60) -> None:
        self.becomes(lambda: self.person.phase(name) == phase, daemon, seconds)

    @property
    def surroundings(self) -> dict[str, str]:
        return environment(self.folder, **self.variables)


@contextmanager
def staged(folder: Path, speed: float = SPEED, **chosen: Any) -> Iterator[Stage]:
    """The world set up and taken down; `chosen` are settings of the sandbox."""
    person = Person.arrives(folder)
    settings = sandbox_settings(sandbox_folder(folder / "state"), speed=speed, **chosen)
    with start_sandbox(settings) as sandbox:
        yield Stage(folder, person, sandbox, Outlook(sandbox), str(person.bare))


def example() -> dict[str, str]:
    """The files of example-repo."""
    files = (path for path in EXAMPLE.rglob("*") if path.is_file())
    return {path.relative_to(EXAMPLE).as_posix(): path.read_text() for path in files}


def fleet(more: str = "", **spec: str) -> str:
    """A towline.yaml; `spec` are flat fields, `more` whole lines under spec."""
    fields = {"namespaces": "[default]", "onImmutableChange": "replace", "intervalSeconds": "60", **spec}
    lines = "".join(f"  {name}: {value}\n" for name, value in fields.items())
    return f"apiVersion: towline.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: demo\nspec:\n{lines}{more}"


def workspace(
    name: str,
    preset: str = "phi-4-mini-instruct",
    size: str = "Standard_NC24ads_A100_v4",
    notes: Mapping[str, str] | None = None,
) -> str:
    """An inference workspace as people write one; `notes` are its annotations."""
    lines = "".join(f"    {key}: {value!r}\n" for key, value in (notes or {}).items())
    noted = f"  annotations:\n{lines}" if lines else ""
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata:\n  name: {name}\n{noted}"
        f"resource:\n  instanceType: {size}\n  labelSelector:\n    matchLabels:\n      apps: {name}\n"
        f"inference:\n  preset:\n    name: {preset}\n"
    )


def pool_of(name: str, option: Option) -> str:
    """What the agent pool of a workspace of the Fleet `demo` is called."""
    return pool_name("demo", WorkspaceName("default", name), option)


def config_repo(*names: str, towline: str = "") -> dict[str, str]:
    """A repository with a Fleet and these workspaces, a file each."""
    return {
        "towline.yaml": towline or fleet(),
        **{f"workspaces/{name}.yaml": workspace(name) for name in names},
    }
