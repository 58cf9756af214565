"""The same random writes to the real server and to the sandbox: answers, objects and owners are the same.

TOWLINE_FUZZ_SEQUENCES and TOWLINE_FUZZ_SEED make a longer run or another one, which may miss what is rare.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from reconciler.planner.desire.desire import desire_cluster
from reconciler.wiring.lore import load_templates
from tests.builders import config
from tests.cluster.control_plane import control_plane, program
from tests.cluster.differences import known, unlike
from tests.cluster.dreams import NAMESPACE, SUBJECTS
from tests.cluster.fuzz import Step, Subject, steps
from tests.cluster.likeness import differing
from tests.cluster.planes import MERGE, Plane, RealPlane, Said, SandboxPlane
from tests.gitserver import until
from tests.sandbox.kube.served import Served

MISSING = [name for name in ("etcd", "kube-apiserver") if program(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"{' and '.join(MISSING)} not found: set KUBEBUILDER_ASSETS to the folder they are in",
)
SEED = int(os.environ.get("TOWLINE_FUZZ_SEED", "2"))
SEQUENCES = int(os.environ.get("TOWLINE_FUZZ_SEQUENCES", "150"))
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plane, Plane]]:
    """A real server without controllers, so that nobody else writes, and the sandbox's."""
    with control_plane(tmp_path_factory.mktemp("plane"), {}) as running, Served() as served:
        both = RealPlane(running), SandboxPlane(served)
        for plane in both:
            prepare(plane)
        yield both


@pytest.mark.timeout(180 + SEQUENCES)
def test_writes_end_alike_but_for_what_is_known(planes: tuple[Plane, Plane]) -> None:
    found: set[str] = set()
    written = 0
    for sequence in range(SEQUENCES):
        hand = Random(f"{SEED}-{sequence}")
        subject = hand.choice(SUBJECTS)
        for differences in followed(planes, subject, f"f{sequence}", hand):
            written += 1
            found |= differences

    told = unlike(found, "writes")
    assert told == "" or (is_another_run() and "new: " not in told), told
    assert written > 4 * SEQUENCES


def is_another_run() -> bool:
    """Whether somebody chose its length or its seed."""
    return not os.environ.keys().isdisjoint({"TOWLINE_FUZZ_SEED", "TOWLINE_FUZZ_SEQUENCES"})


def followed(planes: tuple[Plane, Plane], subject: Subject, name: str, hand: Random) -> Iterator[set[str]]:
    """What each write's answers differ in, up to the first after which the two objects are not the same."""
    for step in steps(subject, name, hand):
        real, sandbox = (write(plane, subject, name, step) for plane in planes)
        yield (differences := differing(subject.kind, real, sandbox))
        if real.code != sandbox.code or unlike_others(differences):
            break
    for plane in planes:
        plane.call("PATCH", f"{subject.collection}/{name}", {"metadata": {"finalizers": None}}, MERGE)
        plane.call("DELETE", f"{subject.collection}/{name}", {"propagationPolicy": "Background"})


def unlike_others(differences: set[str]) -> bool:
    """Whether there is one that is not known, after which all that follows would differ as well."""
    return "new: " in unlike(differences, "writes")


def write(plane: Plane, subject: Subject, name: str, step: Step) -> Said:
    """Do one step on one plane, from the object as it stands there."""
    place = f"{subject.collection}/{name}"
    live = plane.call("GET", place)
    body = step.change(live.body if live.code == 200 else None)
    asked = f"?fieldManager={step.manager}" + ("&force=true" if step.force else "")
    method = "PUT" if step.verb == "update" else "PATCH"
    return plane.call(method, f"{place}{step.subresource}{asked}", body, step.content)


def prepare(plane: Plane) -> None:
    """A namespace, and the kind of Workspaces served."""
    plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    plane.call("POST", CRDS, definition())
    assert until(lambda: plane.call("GET", SUBJECTS[-1].collection).code == 200, 20)


def definition() -> dict[str, Any]:
    """The definition of Workspaces, as Towline applies it."""
    cluster = desire_cluster(config(), load_templates())
    return next(dict(each.document) for each in cluster if each.ref.kind == "CustomResourceDefinition")


def test_every_known_difference_says_why() -> None:
    assert all(each.why and each.real and each.sandbox for each in known("writes"))
