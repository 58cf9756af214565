"""A daemon that lives through bad days, one after the other, and what must hold of each of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import RealFleet, own_pod
from tests.cluster.mishaps import Road, road_to
from tests.e2e.person import Person
from tests.e2e.typed import Daemon

CORE, KAITO = "/api/v1", "/apis/kaito.sh/v1beta1"
_KINDS = (("statefulsets", "/apis/apps/v1"), ("services", CORE), ("workspaces", KAITO))
_NAMED = frozenset(plural for plural, _ in _KINDS)


@dataclass
class Day:
    """A fleet that has workspaces, a road that its daemon goes along, and that daemon."""

    fleet: RealFleet
    road: Road
    daemon: Daemon

    @property
    def plane(self) -> ControlPlane:
        return self.fleet.plane

    def add(self, *names: str) -> None:
        """Somebody wants more workspaces."""
        self.fleet.person.push({f"workspaces/{name}.yaml": own_pod(name, self.fleet.name) for name in names})

    def until(self, question: object) -> None:
        """Wait for it to be so."""
        self.fleet.becomes(question, self.daemon)

    def page_says(self, *words: str) -> None:
        """Wait for the status branch to say it of the fleet."""
        self.until(lambda: all(each in self.fleet.person.page() for each in words))

    def says(self, name: str, *words: str) -> None:
        """Wait for the status branch to say it of a workspace."""
        self.until(lambda: all(each in self.fleet.message(name) for each in words))

    def are_well(self, *names: str) -> None:
        """Wait for them to be Ready and for the page to name no problem."""
        self.until(lambda: all(self.fleet.phase(name) == "Ready" for name in names))
        self.until(lambda: "Problems" not in self.fleet.person.page())

    @contextmanager
    def harmless(self, *but: str) -> Iterator[None]:
        """Whatever happens in the block: all that was there before it is there after it, nothing was deleted,
        nothing made twice, and the daemon has not so much as stumbled. `but` are kinds that
        others delete."""
        before, since = self._things(but), self.plane.so_far()
        yield
        after, events = self._things(but), self._written(since)
        assert {name: after.get(name) for name in before} == before
        assert [_name(each) for each in events if each["verb"].startswith("delete")] == []
        made = Counter(_name(each) for each in events if each["responseStatus"].get("code") == 201)
        assert [name for name, times in made.items() if times > 1 + (name.split()[0] in but)] == []
        assert self.daemon.is_running()
        assert "Traceback" not in self.daemon.said

    def _things(self, but: tuple[str, ...]) -> dict[str, str]:
        """What there is of the fleet: kind and name to UID."""
        found: dict[str, str] = {}
        for plural, group in (each for each in _KINDS if each[0] not in but):
            for each in (self.plane.ask("GET", self.fleet.at(plural, group=group)) or {}).get("items", ()):
                found[f"{plural} {each['metadata']['name']}"] = each["metadata"]["uid"]
        return found

    def _written(self, since: int) -> list[dict[str, Any]]:
        """What Towline wrote of the fleet since that line of the audit log."""
        lines = (self.plane.folder / "audit.log").read_text().splitlines()[since:]
        events = (json.loads(line) for line in lines)
        return [each for each in events if "towline/" in each.get("userAgent", "") and self._is_ours(each)]

    def _is_ours(self, event: dict[str, Any]) -> bool:
        thing = event.get("objectRef", {})
        return thing.get("namespace") == self.fleet.name and thing.get("resource") in _NAMED


@contextmanager
def lived_through(
    name: str, folder: Path, plane: ControlPlane, *, by_road: bool = True, **surroundings: str
) -> Iterator[Day]:
    """A day on which all is well so far: workspace `first` is Ready. `by_road` is whether the daemon
    takes the road, or goes straight to the plane."""
    plane.so_far()  # of a cluster that is not ours there is no audit log: such a test is skipped
    with road_to(plane) as road:
        fleet = RealFleet(name, folder, Person.arrives(folder), plane, road.kubeconfig() if by_road else None)
        fleet.bring_nodes("n1")
        fleet.push(first=own_pod("first", name))
        try:
            with fleet.daemon(**surroundings) as daemon:
                day = Day(fleet, road, daemon)
                day.are_well("first")
                yield day
        finally:
            for each in (name, f"{name}-too"):
                plane.ask("DELETE", f"/api/v1/namespaces/{each}")


def _name(event: dict[str, Any]) -> str:
    thing = event["objectRef"]
    return f"{thing['resource']} {thing.get('name')}"
