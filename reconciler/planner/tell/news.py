"""What stands in a workspace's report that is worth telling once, when it comes to be so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.domain.event import gist
from reconciler.domain.finding import Severity
from reconciler.domain.report import Condition, Phase, WorkspaceReport
from reconciler.domain.telemetry import Training

from .figures import counted
from .heard import benchmark_words, training_words

_WARNED = frozenset({Phase.NOT_READY, Phase.FAILED, Phase.INVALID, Phase.HELD})
_UNTOLD = frozenset({Phase.PENDING})
_BY_FINDINGS = frozenset({Phase.INVALID, Phase.HELD})
_TROUBLED = ("NodeClaimReady", "NodesReady", "InferenceReady")
_CALM = frozenset(
    {"NodeClaimNotReady", "NodeNotReady", "NodePluginsNotReady", "WorkspaceInferenceStatusPending"}
)
"""The reasons of conditions that are False because it is not yet time (conditions.py)."""
_MOST_NODES = 5
_APPROVAL = "a person's approval"


@dataclass(frozen=True, slots=True)
class News:
    """Something worth an Event of the workspace it is about; what is `settled` is news by its reason alone,
    whatever else its note tells beside."""

    is_warning: bool
    reason: str
    note: str
    settled: bool = False

    @property
    def gist(self) -> str:
        """What makes it the same news once more."""
        return self.reason if self.settled else gist(self.reason, self.note)


def standing_news(report: WorkspaceReport) -> Iterator[News]:
    """Everything that is so, the most important first. The reasons are those of KAITO's conditions and of
    Kubernetes where they have a word for it."""
    yield from _phase(report)
    yield from _trouble(report)
    yield from _nodes(report)
    yield from _measured(report)
    yield from _trained(report.telemetry.training)
    if report.proposal:
        yield News(is_warning=False, reason="CommitProposed", note=_capital(report.proposal))


def _phase(report: WorkspaceReport) -> Iterator[News]:
    phase = report.phase
    if phase in _UNTOLD:
        return
    is_asked = phase is Phase.HELD and report.awaiting == _APPROVAL
    reason = "ApprovalRequired" if is_asked else str(phase)
    is_warning = phase in _WARNED
    note = f"Tuning {report.model}" if phase is Phase.RUNNING else report.message
    yield News(is_warning, reason, _mistakes(report) or note, settled=not is_warning)


def _mistakes(report: WorkspaceReport) -> str:
    """What is wrong in Git, where that is why it is held back; empty where it is not."""
    errors = [each for each in report.findings if each.severity is Severity.ERROR]
    if report.phase not in _BY_FINDINGS or not errors:
        return ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{report.message.partition(':')[0]}: {errors[0]}{more}"


def _trouble(report: WorkspaceReport) -> Iterator[News]:
    """What keeps it from running, by its condition's reason; where agent pools are made, what is wrong with
    its nodes is told in Azure's words."""
    for each in report.conditions:
        if _is_trouble(each) and not (report.choice is not None and each.type == "NodesReady"):
            yield News(is_warning=True, reason=each.reason, note=_capital(each.message))


def _is_trouble(condition: Condition) -> bool:
    return condition.type in _TROUBLED and condition.status == "False" and condition.reason not in _CALM


def _nodes(report: WorkspaceReport) -> Iterator[News]:
    choice, ready, wanted = report.choice, report.nodes_ready, report.nodes_wanted
    if 0 < wanted <= len(ready) and report.phase is not Phase.DELETING:
        more = f" and {len(ready) - _MOST_NODES} more" if len(ready) > _MOST_NODES else ""
        names = f"{', '.join(ready[:_MOST_NODES])}{more}"
        told = "Its node is ready" if wanted == 1 else f"All {wanted} nodes are ready"
        yield News(is_warning=False, reason="NodesReady", note=f"{told}: {names}")
    if choice is not None and choice.setback is not None:
        step = f"; {choice.next_step}" if choice.next_step else ""
        yield News(is_warning=True, reason="NodesRefused", note=_capital(f"{choice.trouble}{step}"))


def _measured(report: WorkspaceReport) -> Iterator[News]:
    if (benchmark := report.telemetry.benchmark) is not None:
        reason = "BenchmarkFailed" if benchmark.error else "BenchmarkCompleted"
        yield News(bool(benchmark.error), reason, _capital(benchmark_words(benchmark)))


def _trained(training: Training | None) -> Iterator[News]:
    """The turns of a training, not its steps; how it ended is its phase."""
    match training:
        case Training(state="training", steps=steps):
            yield News(is_warning=False, reason="TrainingStarted", note=f"Training, {counted(steps)} steps")
        case Training(state="interrupted"):
            yield News(is_warning=True, reason="TrainingInterrupted", note=_capital(training_words(training)))
        case Training(state="delivering"):
            yield News(is_warning=False, reason="DeliveringAdapter", note="Trained; delivering the adapter")


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"
