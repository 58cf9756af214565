"""The story the demo tells, act by act. Every act ends when the world has come to what was pushed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report

from .demo_stage import Stage, edit

_CHAT = WorkspaceName("default", "phi-4-chat")
_TUNING = WorkspaceName("default", "phi-3-support-tuning")
_REAL = WorkspaceName("default", "smollm2-chat")
_PROVISIONER = "  nodeProvisioner: agentPool"
_OWN_CONTAINERS = "  runtime: towline\n  imageRegistry: registry.example.com/towline"
_SMALL, _LARGE = "Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5"


def tell_story(stage: Stage) -> bool:
    """True when every act came to its end."""
    acts: tuple[Callable[[Stage], bool], ...] = (
        _begin, _propose, _merge, _read_back, _change, _revert, *_real_acts(stage), _end,
    )  # fmt: skip
    return all(act(stage) for act in acts)


def _real_acts(stage: Stage) -> tuple[Callable[[Stage], bool], ...]:
    """Those that need a runtime on this machine."""
    return (_serve_really, _ask) if stage.runtime else ()


def _begin(stage: Stage) -> bool:
    _title(stage, "A config repository, an embedded world, and Towline watching")
    stage.console.print(f"  repository  {stage.bare}")
    stage.start_world()
    stage.console.print(f"  kubeconfig  {stage.kubeconfig}")
    stage.console.print("  [dim]Nodes and pods are simulated; time runs faster than life.[/]")
    if stage.runtime is None:
        stage.console.print("  [dim]With --runtime a real model is served at the end.[/]")
    return True


def _propose(stage: Stage) -> bool:
    _title(stage, "Propose a model and a fine-tuning on a branch, and see the plan")
    stage.git("switch", "-q", "-c", "add-phi")
    for name in ("phi-4-chat.yaml", "phi-3-support-tuning.yaml"):
        (stage.work / "workspaces" / name).write_text(stage.example(f"workspaces/{name}"), encoding="utf-8")
    stage.git("add", "workspaces")
    stage.git("commit", "-q", "-m", "Serve phi-4-mini, tune phi-3 for support")
    stage.git("push", "-q", "origin", "add-phi")
    stage.plan("add-phi")
    return True


def _merge(stage: Stage) -> bool:
    _title(stage, "Merge and push: nodes, workloads, ready")
    stage.git("switch", "-q", "main")
    stage.git("merge", "-q", "add-phi")
    stage.git("push", "-q", "origin", "main")
    return _wait(stage, lambda report: _is(report, Phase.READY, _SMALL) and _has_tuned(report))


def _read_back(stage: Stage) -> bool:
    _title(stage, "Read the truth back: in Kubernetes, and in Git")
    stage.kubectl("get", "workspace")
    stage.kubectl("get", "service,pod")
    stage.git("fetch", "-q", "origin")
    for line in stage.git("log", "--format=%h %s", "origin/towline/status").splitlines():
        stage.say(line)
    status = stage.git("show", "origin/towline/status:status/default/phi-4-chat.yaml")
    for line in status.partition("\nconditions:")[0].splitlines():
        stage.say(line)
    stage.console.print("  [dim]… and its conditions, as kubectl describe shows them[/]")
    return True


def _change(stage: Stage) -> bool:
    _title(stage, "Change the machine: the new pool comes first, the old one serves until then")
    edit(stage.work / "workspaces" / "phi-4-chat.yaml", {_SMALL: _LARGE})
    stage.show_edit()
    stage.git("commit", "-q", "-a", "-m", "Move phi-4-chat to an H100")
    stage.git("push", "-q", "origin", "main")
    return _wait(stage, lambda report: _is(report, Phase.READY, _LARGE))


def _revert(stage: Stage) -> bool:
    _title(stage, "Roll back with git revert")
    stage.git("revert", "--no-edit", "HEAD")
    stage.git("push", "-q", "origin", "main")
    return _wait(stage, lambda report: _is(report, Phase.READY, _SMALL))


def _serve_really(stage: Stage) -> bool:
    _title(stage, "Remove both, and serve a small model that really answers")
    edit(stage.work / "towline.yaml", {_PROVISIONER: f"{_OWN_CONTAINERS}\n{_PROVISIONER}"})
    stage.show_edit()
    text = stage.example(f"laptop/{_REAL.name}.yaml")
    (stage.work / "workspaces" / f"{_REAL.name}.yaml").write_text(text, encoding="utf-8")
    stage.git("rm", "-q", "workspaces/phi-4-chat.yaml", "workspaces/phi-3-support-tuning.yaml")
    stage.git("add", "towline.yaml", "workspaces")
    stage.git("commit", "-q", "-m", "Serve SmolLM2 in Towline's own container")
    stage.git("push", "-q", "origin", "main")
    return _wait(stage, _answers)


def _ask(stage: Stage) -> bool:
    _title(stage, "Ask it: KAITO's /chat, and OpenAI's API")
    address = stage.service_address(_REAL)
    answer = stage.ask(f"{address}/chat", {"prompt": "What is the capital of France?", "temperature": 0})
    stage.say(str(answer["Result"]).strip())
    message = {"role": "user", "content": "What is Kubernetes? Answer in one sentence."}
    asked = {"model": "smollm2-135m-instruct", "messages": [message], "max_tokens": 60, "temperature": 0}
    answer = stage.ask(f"{address}/v1/chat/completions", asked)
    stage.say(str(answer["choices"][0]["message"]["content"]).strip())
    stage.git("fetch", "-q", "origin")
    stage.say(stage.git("log", "-1", "--format=%h %s", "origin/towline/status"))
    return True


def _end(stage: Stage) -> bool:
    stage.quiet_git("fetch", "-q", "origin")
    badges = stage.folder / "status"
    stage.quiet_git("worktree", "add", "-q", "--detach", str(badges), "origin/towline/status")
    _title(stage, "That is all of it. Now yours")
    stage.say(f"The status branch, its page and badges:  {badges}/README.md")
    towline = _typed_here()
    for line in (
        *_go_on(stage, towline),
        f"{towline} size llama-3.3-70b-instruct   # what does a model need, and what does it cost",
        f"{towline} check PATH                    # judge your own KAITO workspaces",
        f"{'To stop: Ctrl-C. ' if stage.stays else ''}To clean up: rm -rf {stage.folder}",
    ):
        stage.say(line)
    return True


def _go_on(stage: Stage, towline: str) -> tuple[str, ...]:
    """What to type at this world: while it is open, or to open it again."""
    if stage.stays:
        return (
            f"cd {stage.work}   # edit, commit, push: Towline acts at once while this demo runs",
            f"kubectl --kubeconfig {stage.kubeconfig} get workspace -w",
        )
    return (f"{towline} run --repo {stage.bare} --state {stage.folder}   # go on with this world",)


def _typed_here() -> str:
    """How this program is called by whoever has just seen it: by its name, or where it lies."""
    return "towline" if shutil.which("towline") else os.path.relpath(sys.argv[0])


def _title(stage: Stage, text: str) -> None:
    stage.console.print()
    stage.console.rule(f"[bold]{text}[/]", align="left", style="dim")


def _wait(stage: Stage, done: Callable[[Report], bool]) -> bool:
    if stage.wait_for(done):
        return True
    stage.console.print(f"  It did not come to that in time. The log: {stage.folder / 'towline.log'}")
    return False


def _is(report: Report, phase: Phase, instance_type: str) -> bool:
    chat = report.workspaces.get(_CHAT)
    return (
        chat is not None and (chat.phase, chat.instance_type) == (phase, instance_type) and not chat.awaiting
    )


def _answers(report: Report) -> bool:
    """Whether the real model is Ready and measured, and the others are gone."""
    real = report.workspaces.get(_REAL)
    return (
        len(report.workspaces) == 1 and real is not None and real.phase is Phase.READY and not real.awaiting
    )


def _has_tuned(report: Report) -> bool:
    tuning = report.workspaces.get(_TUNING)
    return tuning is not None and tuning.phase is Phase.SUCCEEDED
