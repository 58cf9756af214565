"""The cluster's own numbers: service addresses and node ports, each given to one Service at a time."""

from __future__ import annotations

from ipaddress import IPv4Network

from .causes import wrong
from .documents import Obj
from .refusal import Cause

_SERVICES = IPv4Network("10.0.0.0/16")
_FIRST_NODE_PORT = 30000
_NODE_PORTS = 2768


class Addresses:
    """Which cluster IPs and node ports are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._ports: set[int] = set()
        self._next = 10

    def causes(self, service: Obj) -> list[Cause]:
        """What is wrong with the addresses that a new Service asks for itself."""
        wanted = service["spec"].get("clusterIP")
        if wanted and wanted in self._taken:
            return [
                wrong("spec.clusterIPs", [wanted], "failed to allocate IP: provided IP is already allocated")
            ]
        return []

    def fill_in(self, service: Obj) -> None:
        """Give a Service the addresses it needs and has not; `service` is changed, nothing is taken yet."""
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = self._free_address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        if spec["type"] in {"NodePort", "LoadBalancer"}:
            given = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
            for port in spec.get("ports") or ():
                if not port.get("nodePort"):
                    port["nodePort"] = self._free_port(given)
                    given.add(port["nodePort"])

    def take(self, service: Obj) -> None:
        """Mark a Service's addresses as taken."""
        self._taken.add(service["spec"].get("clusterIP", "None"))
        self._taken.discard("None")
        self._ports |= _node_ports(service)

    def release(self, service: Obj) -> None:
        """Give a Service's addresses back."""
        self._taken.discard(service["spec"].get("clusterIP", ""))
        self._ports -= _node_ports(service)

    def _free_address(self) -> str:
        while (address := str(_SERVICES[self._next])) in self._taken:
            self._next = self._next % (_SERVICES.num_addresses - 2) + 1
        return address

    def _free_port(self, given: set[int]) -> int:
        ports = range(_FIRST_NODE_PORT, _FIRST_NODE_PORT + _NODE_PORTS)
        return next(port for port in ports if port not in self._ports and port not in given)


def _node_ports(service: Obj) -> set[int]:
    return {port["nodePort"] for port in service["spec"].get("ports") or () if port.get("nodePort")}
