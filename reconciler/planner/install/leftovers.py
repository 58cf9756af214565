"""What an older installation made and this one does not know any more."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject


def leftovers(
    found: Iterable[ObservedObject], rendered: Iterable[Ref], name: str
) -> tuple[ObservedObject, ...]:
    """Those of the objects that carry the installation's labels which are no longer rendered and bear a name
    that installations give, in order of their refs. Namespaces and definitions are never among them: with
    those everything inside would go."""
    wanted = {(each.kind, each.namespace, each.name) for each in rendered}
    gone = (
        each
        for each in found
        if each.ref.kind not in ("Namespace", "CustomResourceDefinition")
        and (each.ref.kind, each.ref.namespace, each.ref.name) not in wanted
        and (each.ref.name == name or each.ref.name.startswith(f"{name}-"))
        and not each.deleting
    )
    return tuple(sorted(gone, key=lambda each: each.ref))
