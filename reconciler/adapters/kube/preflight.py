"""What is needed of a cluster, asked before the first pass: its version, our rights, what is there already.

Nothing is written: a SelfSubjectAccessReview is a question, though it is POSTed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reconciler.domain.preflight import Answer, Check
from reconciler.domain.right import Deed
from reconciler.faults import Fault, Missing, Refused

from .access import open_access
from .allowed import MYSELF, Subject, may_each, service_account
from .gpus import gpu_checks
from .kinds import group_path
from .mends import mend_of
from .seen import Json
from .wire import Patience, Request, Wire

_CONNECTIONS = 9
_OLDEST = (1, 20)
"""The oldest Kubernetes that the tests run against."""

_MOST_NAMED = 6
_WORKSPACES = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_BRING_NODES = (
    "install what makes the nodes (AKS: az aks update --node-provisioning-mode Auto), or choose another"
    " nodeProvisioner"
)
_MONITORS = ("monitoring.coreos.com/v1", "PodMonitor")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a fleet needs of a cluster. `kinds` are (apiVersion, kind) that somebody else brings; `account`
    is the ServiceAccount, as namespace and name, that an installation has; `lease` the same of the Lease."""

    deeds: tuple[Deed, ...]
    namespaces: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...] = ()
    brings_nodes: bool = True
    account: tuple[str, str] = ("towline-system", "towline")
    lease: tuple[str, str] = ("towline-system", "towline-towline")


def kube_checks(kubeconfig: Path | None, context: str, needs: Needs) -> tuple[Check, ...]:
    """Everything that is needed of the cluster, or why it cannot be asked. Raises nothing that it does."""
    try:
        wire = Wire(open_access(kubeconfig, context, connections=_CONNECTIONS), Patience())
    except Refused as broken:
        mend = "name the file with --kubeconfig and one of `kubectl config get-contexts` with --context"
        return (Check("kubernetes", Answer.NO, str(broken), mend),)
    with closing(wire):
        return _checks(wire, context, needs)


def _checks(wire: Wire, context: str, needs: Needs) -> tuple[Check, ...]:
    version = _version(wire)
    if version.answer is Answer.NO:
        return (version,)
    return (
        version,
        Check("who", Answer.YES, _who(wire, context)),
        _rights(wire, "access", needs.deeds, MYSELF),
        *_rights_of_account(wire, context, needs),
        _asked("workspaces", lambda: _definition(wire), Answer.LESS),
        _namespaces(wire, needs.namespaces),
        *gpu_checks(wire, brings_nodes=needs.brings_nodes),
        *_brought(wire, needs),
        Check("pod monitors", Answer.YES, _monitors(wire)),
        _asked("leader", lambda: _leader(wire, *needs.lease), Answer.LESS),
    )


def _version(wire: Wire) -> Check:
    try:
        told = wire.ask(Request("GET", "/version"))
    except Fault as fault:
        return Check("kubernetes", Answer.NO, str(fault), mend_of(fault))
    version = tuple(_digits(told.get(part)) for part in ("major", "minor"))
    said = f"{told.get('gitVersion') or 'of an unknown version'} at {wire.server}"
    if version < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return Check(
            "kubernetes", Answer.LESS, said, f"Towline is tested from {oldest} on: update the cluster"
        )
    return Check("kubernetes", Answer.YES, said)


def _digits(told: object) -> int:
    """Managed clusters say `20+`."""
    text = "".join(each for each in str(told or "") if each.isdigit())
    return int(text) if text else 0


def _who(wire: Wire, context: str) -> str:
    """Our name, where the server tells it: Kubernetes 1.28 does."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = wire.ask(Request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body))
    except Fault:
        return f"whom the context {context or 'in-cluster'} names; this server does not tell the name"
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "somebody unnamed")


def _rights_of_account(wire: Wire, context: str, needs: Needs) -> Iterator[Check]:
    """Those of the ServiceAccount that is installed, where there is one and we are not it ourselves."""
    namespace, name = needs.account
    if not context:
        return
    try:
        wire.ask(Request("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}"))
    except Fault:
        return
    check = _rights(wire, "account", needs.deeds, service_account(namespace, name))
    if check.answer is not Answer.LESS or "not known" not in check.said:
        yield check


def _rights(wire: Wire, subject: str, deeds: tuple[Deed, ...], who: Subject) -> Check:
    """Whether all may be done that a pass does."""
    try:
        refused = [deed for deed, may in may_each(wire, deeds, who) if not may]
    except Fault as fault:
        return Check(subject, Answer.LESS, f"what may be done is not known: {fault}", mend_of(fault))
    name = f"{who.name}: " if who.name else ""
    if not refused:
        return Check(subject, Answer.YES, f"{name}all {len(deeds)} things that a pass does are allowed")
    answer = Answer.NO if any(deed.right.needed for deed in refused) else Answer.LESS
    more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
    said = f"{name}not allowed: {', '.join(map(str, refused[:_MOST_NAMED]))}{more}"
    why = ", ".join(dict.fromkeys(deed.right.why for deed in refused))
    return Check(subject, answer, said, f"needed {why}; `towline install` grants it to its ServiceAccount")


def _definition(wire: Wire) -> str:
    try:
        crd = wire.ask(Request("GET", _WORKSPACES))
    except Missing:
        return "no definition of Workspaces yet; the first pass makes it"
    served = [each["name"] for each in crd["spec"]["versions"] if each.get("served")]
    labels = crd["metadata"].get("labels") or {}
    serves = f"and serves {', '.join(served)}"
    if labels.get(_MANAGED_BY) == "towline":
        return f"the definition is Towline's {serves}"
    return f"the definition is another's, such as KAITO's, {serves}; Towline leaves it alone"


def _namespaces(wire: Wire, names: tuple[str, ...]) -> Check:
    absent, leaving = [], []
    for name in names:
        try:
            phase = (wire.ask(Request("GET", f"/api/v1/namespaces/{name}")).get("status") or {}).get("phase")
        except Missing:
            absent.append(name)
            continue
        except Fault as fault:
            return Check("namespaces", Answer.LESS, f"not known: {fault}", mend_of(fault))
        if phase == "Terminating":
            leaving.append(name)
    if leaving:
        said = f"being deleted: {', '.join(leaving)}"
        return Check("namespaces", Answer.NO, said, "wait until it is gone, or see which finalizer holds it")
    there = ", ".join(name for name in names if name not in absent)
    to_be_made = f"to be made by the first pass: {', '.join(absent)}" if absent else ""
    return Check("namespaces", Answer.YES, "; ".join(each for each in (there, to_be_made) if each))


def _brought(wire: Wire, needs: Needs) -> Iterator[Check]:
    """Kinds without which nobody makes nodes."""
    if not needs.kinds:
        return
    try:
        absent = [f"{kind} in {version}" for version, kind in needs.kinds if not _serves(wire, version, kind)]
    except Fault as fault:
        yield Check("karpenter", Answer.LESS, f"not known: {fault}", mend_of(fault))
        return
    if absent:
        yield Check("karpenter", Answer.NO, f"not served: {', '.join(absent)}", _BRING_NODES)
    else:
        yield Check("karpenter", Answer.YES, ", ".join(kind for _, kind in needs.kinds))


def _serves(wire: Wire, api_version: str, kind: str) -> bool:
    try:
        answer: Json = wire.ask(Request("GET", group_path(api_version)))
    except Missing:
        return False
    return any(each.get("kind") == kind for each in answer.get("resources") or ())


def _monitors(wire: Wire) -> str:
    try:
        if _serves(wire, *_MONITORS):
            return "the Prometheus operator is there: `towline install` makes a PodMonitor"
    except Fault as fault:
        return f"not known: {fault}"
    return "no Prometheus operator; /metrics is served all the same"


def _leader(wire: Wire, namespace: str, name: str) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
    try:
        spec: Json = wire.ask(Request("GET", path)).get("spec") or {}
    except Missing:
        return "nobody has led this fleet yet"
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    return f"{holder} leads, and last said so at {renewed}" if holder else "nobody leads this fleet now"


def _asked(subject: str, ask: Callable[[], str], otherwise: Answer) -> Check:
    try:
        return Check(subject, Answer.YES, ask())
    except Fault as fault:
        return Check(subject, otherwise, str(fault), mend_of(fault))
