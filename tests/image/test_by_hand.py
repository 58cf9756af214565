"""The steps of the Dockerfile done by hand, and the daemon run as it would be in the image: user 65532, no
home, a root that cannot be written to, nothing but its own packages."""

from __future__ import annotations

import base64
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.planner.install.daemon import UID
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.e2e.person import Person
from tests.image.dockerfile import LOCK, ROOT, of

pytestmark = pytest.mark.slow
ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"
FLEET = "apiVersion: towline.dev/v1alpha1\nkind: Fleet\nspec: {nodeProvisioner: byo}\n"
WORKSPACE = (
    "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {name: own}\n"
    "resource: {labelSelector: {matchLabels: {apps: own}}}\n"
    "inference: {template: {spec: {containers: [{name: srv, image: nginx}]}}}\n"
)
INSIDE = ("unshare", "-U", f"--map-user={UID}", f"--map-group={UID}", "-m", "--keep-caps", "sh", "-euc")
NO_RIGHTS = ("setpriv", "--ambient-caps=-all", "--inh-caps=-all", "--bounding-set=-all")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/opt/towline: the daemon's lock and the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    done(sys.executable, "-m", "venv", "--without-pip", str(folder / "opt"))
    source = folder / "source"
    for copied in (each.split() for each in of("COPY") if "--from=" not in each):
        for name in copied[:-1]:
            copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    built = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(source))
    done(*pip, "wheel", *built)
    into = (*pip, "--python", str(folder / "opt" / "bin" / "python"), "install", "--no-compile", "--no-deps")
    done(*into, "--only-binary", ":all:", "--require-hashes", "--requirement", str(LOCK))
    done(*into, "--no-index", *map(str, (folder / "dist").glob("*.whl")))
    (compiled,) = [run.split(" && ")[-1] for run in of("RUN") if "compileall" in run]
    words = [word.replace("/opt/towline", str(folder / "opt")) for word in shlex.split(compiled)]
    done(*words)
    return folder / "opt"


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def done(*words: str) -> None:
    run = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]


class Contained:
    """A process in a root that it cannot write to but for `state` and `tmp`."""

    def __init__(self, packages: Path, folder: Path) -> None:
        self.packages, self.folder = packages, folder
        self.environment = {"PATH": f"{packages}/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
        self.environment |= {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("state", "tmp"):
            (folder / name).mkdir()
        self.environment["TMPDIR"] = str(folder / "tmp")

    def run(self, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
        writable = [self.folder / name for name in ("state", "tmp", "srv") if (self.folder / name).exists()]
        mounts = [f"mount --bind {shlex.quote(str(each))} {shlex.quote(str(each))}" for each in writable]
        steps = [*mounts, *([before] if before else []), "mount -o remount,bind,ro /"]
        script = "; ".join((*steps, f"exec {shlex.join((*NO_RIGHTS, *words))}"))
        return subprocess.run(
            (*INSIDE, script),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def contained(packages: Path, tmp_path: Path) -> Contained:
    programs = [name for name in ("unshare", "setpriv") if shutil.which(name) is None]
    if (
        programs
        or subprocess.run((*INSIDE, "true"), capture_output=True, timeout=20, check=False).returncode != 0
    ):
        pytest.skip("this kernel or user may make no namespaces (unshare -U -m)")
    return Contained(packages, tmp_path)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    person = Person.arrives(tmp_path)
    person.push({"towline.yaml": FLEET, "workspaces/own.yaml": WORKSPACE})
    return person


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "world")) as running:
        yield running


def test_it_says_its_version_where_nothing_can_be_written(contained: Contained) -> None:
    run = contained.run("towline", "--version")

    assert (run.returncode, run.stdout.split(",")[0]) == (0, "towline"), run.stderr
    assert "Read-only file system" in contained.run("touch", str(contained.folder / "file")).stderr
    assert contained.run("id", "-u").stdout.strip() == str(UID)


def test_it_is_small(packages: Path) -> None:
    (installed,) = packages.glob("lib/python3.*/site-packages")
    size = sum(each.stat().st_size for each in installed.rglob("*") if each.is_file())
    assert size < 180e6, f"{size / 1e6:.0f} MB"


def test_a_pass_runs_in_the_embedded_world(contained: Contained, person: Person) -> None:
    words = (
        "run",
        "--once",
        "--offline",
        "--repo",
        str(person.bare),
        "--state",
        str(contained.folder / "state"),
    )

    run = contained.run("towline", *words)

    assert run.returncode == 0, run.stderr[-3000:]
    assert person.told("own")["phase"] == "Pending"


def test_a_pass_runs_in_the_cluster_it_is_in(contained: Contained, person: Person, world: Sandbox) -> None:
    told = yaml.safe_load(world.kubeconfig.read_text())
    account = contained.folder / "account"
    account.mkdir()
    (account / "token").write_text(told["users"][0]["user"]["token"])
    certificate = told["clusters"][0]["cluster"]
    (account / "ca.crt").write_bytes(authority(certificate))
    host, port = world.kube_url.removeprefix("https://").split(":")
    contained.environment |= {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    mounted = f"mount -t tmpfs none /run; mkdir -p {ACCOUNT}; cp {shlex.quote(str(account))}/* {ACCOUNT}/"
    place = ("--repo", str(person.bare), "--state", str(contained.folder / "state"))

    run = contained.run(
        "towline", "run", "--once", "--offline", "--context", "in-cluster", *place, before=mounted
    )

    assert run.returncode == 0, run.stderr[-3000:]
    assert person.told("own")["phase"] == "Pending"
    assert world.requests.count(api="kube", agent="towline/", method="PATCH") > 0


def authority(cluster: dict[str, str]) -> bytes:
    """The certificate that a kubeconfig trusts."""
    if "certificate-authority" in cluster:
        return Path(cluster["certificate-authority"]).read_bytes()
    return base64.b64decode(cluster["certificate-authority-data"])
