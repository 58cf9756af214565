"""What was heard, remembered on the workload itself: an annotation of its StatefulSet or Job.

It dies with the object, and outlives daemon and pods. Anybody may have edited it: it is read as a log is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.domain.moment import is_moment
from reconciler.domain.state import ObservedObject
from reconciler.domain.telemetry import Telemetry
from reconciler.planner.health.verdict import Document
from reconciler.planner.health.verdict import section as part

from .facts import (
    plain_benchmark,
    plain_download,
    plain_training,
    read_benchmark,
    read_download,
    read_training,
)
from .values import LONGEST_NAME, facts_of, line, section

ANNOTATION = "towline.dev/telemetry"
_LONGEST = 1 << 15  # characters; what we write stays below a third of it


@dataclass(frozen=True, slots=True)
class Record:
    """What was heard of the workload with the uid `of`, and when (RFC 3339). `revision` is the pod template
    that the pod was made from, empty of a Job."""

    of: str
    at: str
    telemetry: Telemetry
    revision: str = ""


def read_record(workload: ObservedObject, document: Document) -> Record | None:
    """What is remembered of this very object; None where it is nothing. A benchmark of another pod template
    than the newest tells nothing any more."""
    text = part(part(document, "metadata"), "annotations").get(ANNOTATION)
    facts = facts_of(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if facts is None or facts.get("of") != workload.uid or not is_moment(str(facts.get("at"))):
        return None
    revision = line(facts.get("revision"), LONGEST_NAME)
    newest = str(part(document, "status").get("updateRevision") or revision)
    benchmark = read_benchmark(section(facts, "benchmark") or {}) if revision == newest else None
    heard = Telemetry(
        line(facts.get("pod"), LONGEST_NAME),
        read_download(section(facts, "download") or {}),
        benchmark,
        read_training(section(facts, "training") or {}),
    )
    return Record(workload.uid, str(facts["at"]), heard, revision)


def fields_of(record: Record) -> Mapping[str, object]:
    """The fields to be set on the workload."""
    return {"metadata": {"annotations": {ANNOTATION: written(record)}}}


def written(record: Record) -> str:
    """Compact JSON, the same for the same record."""
    heard = record.telemetry
    facts = {
        "of": record.of,
        "at": record.at,
        "revision": record.revision,
        "pod": heard.pod,
        "download": plain_download(heard.download) if heard.download else None,
        "benchmark": plain_benchmark(heard.benchmark) if heard.benchmark else None,
        "training": plain_training(heard.training) if heard.training else None,
    }
    said = {key: value for key, value in facts.items() if value not in (None, "")}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
