"""The commit message of a status commit: what happened, the most important first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.moment import clock
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.telemetry import BENCHMARK, Training

from .figures import loss_words
from .heard import beside_phase, training_words
from .readable import readable

_LONGEST = 120
_MOST_LINES = 200
_WEIGHT = {
    phase: weight
    for weight, phase in enumerate(
        (
            Phase.FAILED,
            Phase.INVALID,
            Phase.NOT_READY,
            Phase.READY,
            Phase.SUCCEEDED,
            Phase.HELD,
            Phase.RUNNING,
            Phase.PENDING,
            Phase.DELETING,
        )
    )
}


def status_message(
    report: Report,
    changed: Sequence[WorkspaceReport],
    names: Mapping[WorkspaceName, str],
    gone: Sequence[str],
) -> str:
    """`gone` are the removed files; a removed workspace is told by its status file."""
    left = sorted(path[len("status/") : -len(".yaml")] for path in gone if path.startswith("status/"))
    first = sorted(changed, key=lambda each: (_WEIGHT[each.phase], each.name))
    told = [_sentence(each, names[each.name]) for each in first]
    told += [f"{path.removeprefix('default/')} is gone" for path in left]
    if not told:
        return f"{readable(report.fleet, 60)} as of {report.commit[:7] or 'no commit'}"
    more = f"; {len(told) - 1} more changed" if len(told) > 1 else ""
    lines = [_line(each) for each in first] + [f"{path}: gone" for path in left]
    return "\n".join([told[0] + more, "", *lines[:_MOST_LINES], *_and_more(len(lines))])


def _sentence(report: WorkspaceReport, name: str) -> str:
    """Who is how, and either where or why."""
    who = readable(name, 80)
    where = f" on {report.nodes_wanted}× {readable(report.instance_type, 60)}" if report.instance_type else ""
    match report.phase:
        case Phase.READY if report.awaiting and report.choice and report.choice.setback:
            return readable(f"{who} serves on; new nodes: {report.choice.trouble}", _LONGEST)
        case Phase.READY if report.awaiting and report.awaiting != BENCHMARK:
            return readable(f"{who} serves on while it waits for {report.awaiting}", _LONGEST)
        case Phase.RUNNING if told := _of_its_training(report.telemetry.training):
            return readable(f"{who}: {told}", _LONGEST)
        case Phase.READY | Phase.RUNNING:
            figure = beside_phase(report)
            return f"{who} is {report.phase}{where}{f', {figure}' if figure else ''}"
        case Phase.SUCCEEDED | Phase.FAILED:
            told = _of_its_end(report.telemetry.training)
            return readable(f"{who} has {report.phase}{f': {told}' if told else ''}", _LONGEST)
        case Phase.PENDING | Phase.NOT_READY if told := _of_its_nodes(report):
            return readable(f"{who} {told}", _LONGEST)
        case Phase.PENDING | Phase.NOT_READY if report.message.endswith(report.awaiting):
            return readable(f"{who} is {report.phase}, {_as_clause(report.message)}", _LONGEST)
    return readable(f"{who} is {report.phase}: {report.message}", _LONGEST)


def _of_its_nodes(report: WorkspaceReport) -> str:
    """Why its nodes do not come, or come in another way than its owner likes best; empty when they do."""
    choice = report.choice
    if choice is None or len(report.nodes_ready) >= report.nodes_wanted:
        return ""
    if choice.setback is None:
        return _of_another_way(choice, report.message)
    step = choice.next_step
    if choice.needs_a_person:
        return f"waits for a person: {choice.trouble}{f'; {step}' if step else ''}"
    until = f" until {clock(choice.until, choice.until)}" if choice.until else ""
    return f"waits{until}: {choice.trouble}"


def _of_another_way(choice: NodeChoice, message: str) -> str:
    """What is tried instead of what is not to be had; or why nothing is."""
    if choice.move is Move.WAIT and choice.because:
        told = message.casefold().startswith(choice.because.casefold())
        return f"waits: {choice.because}" if told else ""
    if not choice.passed_over or choice.passed_over[0] not in message:
        return ""
    return f"waits: {choice.passed_over[0]}; trying {_instead(choice)}"


def _instead(choice: NodeChoice) -> str:
    """The way that is tried, as far as it is another one."""
    option = choice.option
    if option.instance_type not in choice.passed_over[0]:
        return str(option)
    return f"zone {option.zone}" if option.zone else option.capacity_type


def _of_its_training(training: Training | None) -> str:
    """How far it has come; how long it takes is for who looks at the page."""
    return training_words(replace(training, eta_seconds=None)) if training else ""


def _of_its_end(training: Training | None) -> str:
    """How well it learned, or its own last words."""
    if training is None:
        return ""
    if training.state == "failed":
        return training.message
    return f"eval loss {loss_words(training.eval_loss)}" if training.eval_loss is not None else ""


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _line(report: WorkspaceReport) -> str:
    return readable(f"{report.name}: {report.phase}, {report.message}", 400)


def _and_more(count: int) -> list[str]:
    return [f"and {count - _MOST_LINES} more"] if count > _MOST_LINES else []
