"""What finished tunings ask to be proposed, and how that stands."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.config import Config, Declared
from reconciler.domain.finding import has_errors
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.proposal import PROPOSED, Proposed, read_proposed
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import ObservedState
from reconciler.domain.telemetry import Training
from reconciler.domain.workspace import PROPOSE_TO
from reconciler.planner.rules.proposal import targets

from .pin import Pin, digest_of, pin_of, serves

NO_DIGEST = "not proposed: the container did not say which digest it pushed"


@dataclass(frozen=True, slots=True)
class Wish:
    """A finished tuning whose adapter is to be proposed. `pin` is None where its digest is not known;
    `served` are the workspaces that name the adapter, `standing` those it was proposed to, `due` the others.
    `proposed` is what was last proposed of it, be it another adapter."""

    declared: Declared
    training: Training
    job: Ref
    pin: Pin | None
    served: tuple[WorkspaceName, ...]
    standing: tuple[WorkspaceName, ...]
    due: tuple[WorkspaceName, ...]
    proposed: Proposed | None = None

    @property
    def name(self) -> WorkspaceName:
        """The tuning."""
        return self.declared.name

    @property
    def digest(self) -> str:
        """The adapter's digest; empty where it is not known."""
        return digest_of(self.training.digest)

    @property
    def line(self) -> str:
        """How it stands, but for what is due: one sentence without a stop, for the status."""
        if self.pin is None:
            return NO_DIGEST
        parts = [f"accepted by {_list(self.served)}"] if self.served else []
        if self.standing and self.proposed:
            branch, asked = self.proposed.branch, _list(self.standing)
            parts.append(f"proposed to {asked} on branch {branch}: merge it to accept, delete it to decline")
        return "; ".join(parts)

    @property
    def is_known(self) -> bool:
        """Whether this very adapter was proposed to somebody, as far as is remembered."""
        return self.proposed is not None and self.proposed.digest == self.digest


def wish_of(report: WorkspaceReport, config: Config, observed: ObservedState) -> Wish | None:
    """What this workspace asks for; None where it asks for nothing or is not that far."""
    declared, training = config.workspaces.get(report.name), report.telemetry.training
    if declared is None or report.phase is not Phase.SUCCEEDED:
        return None
    if PROPOSE_TO not in declared.manifest.annotations or _is_unheard(training, config):
        return None
    output = declared.manifest.tuning.output if declared.manifest.tuning else None
    if output is None or output.image is None or has_errors(declared.findings):
        return None
    job = Ref("batch/v1", "Job", report.name.namespace, report.name.name)
    seen = observed.objects.get(job)
    if seen is None:
        return None
    annotations = seen.document["metadata"].get("annotations") or {}
    proposed = read_proposed(annotations.get(PROPOSED, ""))
    return _sorted(declared, training or Training("done"), job, proposed, config)


def _sorted(
    declared: Declared, training: Training, job: Ref, proposed: Proposed | None, config: Config
) -> Wish:
    digest = digest_of(training.digest)
    pin = pin_of(declared.name, declared.manifest, digest)
    asked = [each for each in targets(declared.name, declared.manifest) if _can_serve(each, config)]
    known = proposed.targets if proposed and proposed.digest == digest else ()
    served = tuple(each for each in asked if serves(config.workspaces[each].manifest, digest))
    rest = [each for each in asked if each not in served] if pin else []
    standing = tuple(each for each in rest if each in known)
    due = tuple(each for each in rest if each not in known)
    return Wish(declared, training, job, pin, served if pin else (), standing, due, proposed)


def _is_unheard(training: Training | None, config: Config) -> bool:
    """Our own container says its digest with its last words; KAITO's never does."""
    has_ended = training is not None and (training.state == "done" or training.digest)
    return not has_ended and config.fleet.spec.runtime == "towline"


def _can_serve(name: WorkspaceName, config: Config) -> bool:
    target = config.workspaces.get(name)
    return target is not None and target.manifest.inference is not None


def _list(names: tuple[WorkspaceName, ...]) -> str:
    return ", ".join(map(str, names))
