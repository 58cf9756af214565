"""The health of a Job: batch/v1. A finished Job stays finished whatever becomes of its pods."""

from __future__ import annotations

from reconciler.domain.report import Health

from .verdict import (
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    is_true,
    number,
    progressing,
    section,
    sentence,
)

_DEFAULT_BACKOFF_LIMIT = 6  # batch/v1 JobSpec.backoffLimit
STARTED = frozenset({"Running", "Complete"})


def job(document: Document) -> Health:
    """Healthy when complete, Degraded when it has failed for good, Progressing while it may still succeed."""
    if is_deleting(document):
        return progressing("Terminating", "being deleted")
    for kind in ("Failed", "FailureTarget"):
        if is_true(document, kind):
            failed = condition(document, kind)
            return degraded(str(failed.get("reason") or kind), sentence(failed, "the Job has failed"))
    if is_true(document, "Complete") or is_true(document, "SuccessCriteriaMet"):
        return healthy("Complete", "the Job is complete")
    if is_true(document, "Suspended"):
        return progressing("Suspended", "the Job is suspended: set spec.suspend to false to go on")
    return _unfinished(document)


def _unfinished(document: Document) -> Health:
    """`ready` counts pods that run and are Ready; a Job of one pod needs no more to have started."""
    status = section(document, "status")
    failed = number(status, "failed")
    attempts = number(section(document, "spec"), "backoffLimit", _DEFAULT_BACKOFF_LIMIT) + 1
    attempt = f", attempt {failed + 1} of {attempts}" if failed else ""
    if number(status, "ready") or number(status, "succeeded"):
        return progressing("Running", f"the Job is running{attempt}")
    if number(status, "active"):
        return progressing("Starting", f"the Job's pod is starting{attempt}")
    return progressing("Pending", f"the Job has no pod yet{attempt}")
