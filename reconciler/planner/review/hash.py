"""What an approval of a Review would name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from reconciler.domain.review import Machines, Review, WorkspaceReview

_DIGITS = 40


def review_hash(review: Review) -> str:
    """Forty hex digits over base, head, what comes of them and what was there of it.

    So many, for whoever writes the head may try as often as they like: of twelve digits two heads that agree
    are found in seconds, and the one would be approved for the other. The moment is no part of it; which
    machines were chosen, and what they cost, is.
    """
    return hashlib.sha256(_canonical(review)).hexdigest()[:_DIGITS]


def _canonical(review: Review) -> bytes:
    asked, rules = review.asked, review.rules
    document = {
        "review": 1,
        "fleet": review.fleet,
        "base": asked.base,
        "head": asked.head,
        "tree": asked.tree,
        "state": review.sight.state,
        "rules": [[each.path, each.before, each.after] for each in rules.fields] if rules else [],
        "workspaces": sorted(_plain(review.workspaces), key=lambda each: str(each[0])),
        "objects": sorted([each.target, each.fate.value] for each in review.objects),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _plain(workspaces: Iterable[WorkspaceReview]) -> Iterable[list[object]]:
    for each in workspaces:
        digests = [each.digest_before, each.digest_after]
        yield [str(each.name), each.fate.value, *digests, *_bought(each.before), *_bought(each.after)]


def _bought(machines: Machines) -> tuple[object, ...]:
    price = machines.dollars_per_hour
    return machines.option, machines.nodes, None if price is None else f"{price:.4f}"
