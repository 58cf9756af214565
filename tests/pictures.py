"""Make the pictures of README.md anew: `python -m tests.pictures`. Terminals as SVG, from what the commands
really print; status pages as PNG, when a Chromium is on PATH: of fleets that ran, but for `tuning`, which is
made up around what two containers once said of themselves."""

from __future__ import annotations

import io
import os
import pty
import shutil
import subprocess
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.domain.telemetry import Benchmark, Telemetry
from reconciler.planner.assess.heard import tuning
from reconciler.planner.hear.words import read_words
from reconciler.planner.tell.status import compose_status
from tests.e2e.stage import config_repo, staged
from tests.planner.scenes import fleet_report, workspace_report

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".readme"
QUICK_START = """\
apiVersion: kaito.sh/v1alpha1
kind: Workspace
metadata:
  name: workspace-tuning-phi-3
resource:
  instanceType: "Standard_NC6s_v3"
  labelSelector:
    matchLabels:
      app: tuning-phi-3
tuning:
  preset:
    name: phi-3-mini-128k-instruct
  method: qlora
  input:
    urls:
      - "https://example.com/dolly-15k.parquet?download=true"
  output:
    image: "ACR_REPO_HERE.azurecr.io/IMAGE_NAME_HERE:0.0.1"
    imagePushSecret: ACR_REGISTRY_SECRET_HERE
"""
BAD_DAY = {
    "audited": ("Standard_NC80adis_H100_v5", ""),
    "chat": ("Standard_NC24ads_A100_v4", ""),
    "cheap": ("Standard_NC40ads_H100_v5", 'towline.dev/capacity-type: "spot,on-demand"'),
    "long-context": ("Standard_NC48ads_A100_v4", ""),
    "support-bot": ("Standard_NV36ads_A10_v5", ""),
}
"""Workspaces by name: the size they want, and annotations."""

RECORDED = Path(__file__).parent / "recorded" / "docs-tuning.jsonl"
"""The last words of a real tuning of SmolLM2-135M-Instruct on questions about Python's own documentation:
LoRA, by runtime.tuning on one processor core, ended by hand after 108 of 200 steps."""

MEASURED = Benchmark(tokens_per_second=273.0, ttft_seconds=0.56, tpot_seconds=0.0586, clients=16)
"""SmolLM2-135M-Instruct served by vLLM's CPU build on one core, 16 clients at once, 64 tokens an answer."""

TROUBLES = ("no-quota@NC48ads", "no-capacity@spot", "no-device-plugin@NV36ads", "policy@NC80adis")
STYLE = (
    "body{font:16px/1.5 'DejaVu Sans',Helvetica,Arial,sans-serif;color:#1f2328;background:#fff;width:980px;"
    "margin:20px;padding:24px;border:1px solid #d1d9e0;border-radius:6px}table{border-collapse:collapse}"
    "th,td{border:1px solid #d1d9e0;padding:6px 13px}h1{border-bottom:1px solid #d1d9e0;padding-bottom:.3em}"
    "code{background:#eff1f3;border-radius:6px;padding:.2em .4em;font-size:85%}img{vertical-align:middle}"
)
THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        (72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34),
        (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196),
    ],
)  # fmt: skip


def main() -> None:
    """All of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        towline = str(ROOT / ".venv/bin/towline")
        told = _typed([towline, "demo", "--no-stay", "--folder", str(folder / "demo")], folder)
        told = told.replace(str(folder / "demo"), ".towline/demo")
        _terminal("plan", "towline plan", _between(told, "$ towline plan", "Merge and push"))
        _terminal("kubectl", "read it back", _between(told, "$ kubectl get workspace", "$ git show"))
        (folder / "quick-start.yaml").write_text(QUICK_START)
        _terminal("check", "towline check", _typed([towline, "check", "quick-start.yaml"], folder))
        _terminal("size", "towline size", _typed([towline, "size", "phi-4", "--context", "16384"], folder))
        for badge in ("fleet", "default/phi-4-chat"):
            source = folder / "demo/status/badges" / f"{badge}.svg"
            shutil.copy(source, FOLDER / f"badge-{Path(badge).name}.svg")
        _page("status", folder / "demo" / "status", "1080,500")
        _bad_day(folder)
        _heard(folder)
        if runtime := os.environ.get("TOWLINE_RUNTIME"):
            words = [towline, "demo", "--no-stay", "--runtime", runtime, "--folder", str(folder / "real")]
            _terminal("answer", "ask it", _between(_typed(words, folder), "$ curl", "$ git fetch"))


def _typed(argv: list[str], folder: Path) -> str:
    """What a command prints on a terminal 132 columns wide."""
    ours, theirs = pty.openpty()
    size = {
        "COLUMNS": "132",
        "LINES": "200",
        "TERM": "xterm-256color",
        "PATH": os.environ["PATH"],
        "HOME": str(Path.home()),
    }
    process = subprocess.Popen(argv, stdout=theirs, stderr=subprocess.DEVNULL, cwd=folder, env=size)
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 65536):
            told += part
    except OSError:
        pass  # Linux ends a terminal whose other side is closed with EIO
    process.wait()
    return told.decode(errors="replace").replace("\r\n", "\n")


def _between(told: str, first: str, last: str) -> str:
    lines = told.splitlines()
    start = next(number for number, line in enumerate(lines) if first in line)
    end = next(number for number, line in enumerate(lines) if number > start and last in line)
    return "\n".join(line[2:] if line.startswith("  ") else line for line in lines[start:end]).rstrip()


def _terminal(name: str, title: str, told: str) -> None:
    text = Text.from_ansi(told.rstrip())
    width = min(132, max(len(line) for line in text.plain.splitlines()) + 1)
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(text, soft_wrap=False, overflow="fold")
    form = CONSOLE_SVG_FORMAT[: CONSOLE_SVG_FORMAT.index("@font-face")] + CONSOLE_SVG_FORMAT[
        CONSOLE_SVG_FORMAT.index(".{unique_id}-matrix") :
    ].replace("Fira Code, monospace", "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace")
    svg = console.export_svg(title=title, theme=THEME, code_format=form, unique_id=f"t-{name}")
    (FOLDER / f"{name}.svg").write_text(svg)


def _bad_day(folder: Path) -> None:
    """A fleet whose nodes do not all come: its page, and what it costs."""
    (folder / "day").mkdir()
    with staged(folder / "day", speed=600) as stage:
        stage.sandbox.ask(*TROUBLES)
        files = {f"workspaces/{name}.yaml": _workspace(name, *asked) for name, asked in BAD_DAY.items()}
        stage.person.push({**config_repo(), **files})
        with stage.daemon("--poll", "1") as daemon:
            stage.becomes(lambda: "waits for a person" in stage.person.page(), daemon)
            stage.becomes(lambda: stage.person.phase("chat") == "Ready", daemon)
            stage.becomes(lambda: stage.person.phase("cheap") == "Ready", daemon)
        for path, text in stage.person.status_files().items():
            (folder / "branch" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "branch" / path).write_text(text)
        _terminal("cost", "towline cost", stage.type("cost").stdout)
    _page("nodes", folder / "branch", "1080,1010")


def _heard(folder: Path) -> None:
    """What containers say of themselves: a page of a fleet made up around what two of them really said."""
    heard = {"docs-tuning": read_words(RECORDED.read_text()), "smollm2-chat": Telemetry(benchmark=MEASURED)}
    reports = (_report(name, telemetry) for name, telemetry in heard.items())
    status = compose_status(fleet_report(*reports, subject="Tune SmolLM2 on our docs"), {}, {})
    for path, data in (status.files if status else {}).items():
        (folder / "heard" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "heard" / path).write_bytes(data or b"")
    _page("tuning", folder / "heard", "1080,1040")


def _report(name: str, telemetry: Telemetry) -> WorkspaceReport:
    model = "smollm2-135m-instruct"
    told = tuning(model, telemetry) if telemetry.training else f"Serving {model}"
    return workspace_report(
        name,
        phase=Phase.RUNNING if telemetry.training else Phase.READY,
        message=told,
        model=model,
        instance_type="",
        cost=Cost(0.0, "", ""),
        telemetry=telemetry,
    )


def _workspace(name: str, size: str, annotations: str) -> str:
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata:\n  name: {name}\n"
        f"  annotations: {{{annotations}}}\nresource:\n  instanceType: {size}\n"
        f"  labelSelector: {{matchLabels: {{app: {name}}}}}\n"
        "inference:\n  preset:\n    name: phi-4-mini-instruct\n"
    )


def _page(name: str, status: Path, window: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        return
    html = MarkdownIt("commonmark").enable("table").render((status / "README.md").read_text())
    page = status / "page.html"
    page.write_text(f"<meta charset=utf-8><style>{STYLE}</style>{html}")
    quiet = [
        "--headless",
        "--hide-scrollbars",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-sync",
    ]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    shot = [
        f"--user-data-dir={status / 'chromium'}",
        f"--window-size={window}",
        f"--screenshot={FOLDER}/{name}.png",
    ]
    subprocess.run([chromium, *quiet, *shot, page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
