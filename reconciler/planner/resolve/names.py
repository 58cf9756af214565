"""Names made from other names: the same input gives the same name, and each fits where it is used."""

from __future__ import annotations

import base64
import hashlib
import re

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.identity import WorkspaceName

LONGEST_WORKLOAD = 52
"""Characters of a StatefulSet's or Job's name: pods' label values end in `-` and a hash of 10 (of 63)."""

_LABEL = 63
_NOT_IN_LABEL = re.compile(r"[^a-z0-9-]+")


def pool_name(
    fleet: str, workspace: WorkspaceName, option: Option, os_sku: str = "Ubuntu", *, driver: bool = True
) -> str:
    """An AKS agent pool's name: `w` and 10 base-32 characters.

    What a person chose and Azure cannot change is in it, so that another choice is another pool: the size,
    spot, the zone, the node image, and whether AKS installs the GPU driver. What is usual adds nothing.
    AKS wants `^[a-z][a-z0-9]{0,11}$` for Linux pools.
    """
    unusual = (
        "" if option.capacity_type is CapacityType.ON_DEMAND else f"terms={option.capacity_type}",
        f"zone={option.zone}" if option.zone else "",
        "" if os_sku == "Ubuntu" else f"image={os_sku.lower()}",
        "" if driver else "driver=none",
    )
    size = option.instance_type.lower()
    return "w" + _base32(fleet, workspace.namespace, workspace.name, size, *filter(None, unusual))


def node_claim_name(fleet: str, workspace: WorkspaceName, instance_type: str, ordinal: int) -> str:
    """A NodeClaim's name, which gpu-provisioner makes the name of an agent pool: `ws` and 9 hex digits."""
    parts = (fleet, workspace.namespace, workspace.name, instance_type.lower(), str(ordinal))
    return "ws" + _sha256(*parts).hex()[:9]


def node_pool_name(workspace: WorkspaceName) -> str:
    """A Karpenter NodePool's name: `<namespace>-<workspace>`, cut with a hash where it is over 63."""
    return _short(f"{workspace.namespace}-{workspace.name}")


def leader_address(workspace: WorkspaceName) -> str:
    """The DNS name of pod 0, where a distributed model is led from."""
    name = workspace.name
    return f"{name}-0.{name}-headless.{workspace.namespace}.svc.cluster.local"


def container_name(prefix: str, text: str) -> str:
    """A DNS label out of a prefix and any text, told apart by a hash where characters were lost."""
    plain = _NOT_IN_LABEL.sub("-", text.lower()).strip("-")
    if plain == text and len(prefix) + 1 + len(plain) <= _LABEL:
        return f"{prefix}-{plain}"
    return f"{prefix}-{plain[: _LABEL - len(prefix) - 11]}-{_sha256(text).hex()[:9]}".replace("--", "-")


def _short(full: str) -> str:
    if len(full) <= _LABEL:
        return full
    return f"{full[: _LABEL - 10]}-{_sha256(full).hex()[:9]}"


def _base32(*parts: str) -> str:
    return base64.b32encode(_sha256(*parts)).decode().lower()[:10]


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()
