"""The loss curve of a tuning as SVG: own paper, light and dark, no script, no font, nothing from elsewhere.

The two lines differ in more than their colour, and title and description say in words what they show
(https://www.w3.org/TR/WCAG22/#use-of-color, https://www.w3.org/TR/svg-aam-1.0/).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reconciler.domain.telemetry import Training

from .axes import Frame, framed, tick_label
from .badge_widths import text_width
from .figures import loss_words
from .readable import cut_in_the_middle, readable

WIDTH, HEIGHT = 720, 348
_BOX = (32, WIDTH - 36, 92, HEIGHT - 52)
_MOST = 1e12  # beyond it, it is no loss
_MOST_STEPS = 10**9
_LEAST = 1e-12
_LONGEST_NAME = 46  # characters that leave room for the steps beside them
_SMOOTH_FROM = 24  # points; fewer are a line by themselves
_WINDOW = 0.06  # of all points, to either side
_STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#59636e}"
    ".title{font-size:15px;font-weight:600;fill:#1f2328}.figure{font-weight:600;fill:#1f2328}"
    ".paper{fill:#fff;stroke:#d1d9e0}.grid{stroke:#d1d9e0;stroke-width:.7}.axis{stroke:#818b98;fill:none}"
    "polyline,.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".raw{stroke-width:1;opacity:.4}.area{opacity:.08}.train{stroke:#0969da}.eval{stroke:#bc4c00}"
    ".train-in{fill:#0969da}.eval-in{fill:#bc4c00}.ring{fill:none}"
    "@media (prefers-color-scheme:dark){text{fill:#9198a1}.title,.figure{fill:#f0f6fc}"
    ".paper{fill:#0d1117;stroke:#3d444d}.grid{stroke:#30363d}.axis{stroke:#656c76}.train{stroke:#58a6ff}"
    ".eval{stroke:#f0883e}.train-in{fill:#58a6ff}.eval-in{fill:#f0883e}}"
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One of the two: its kind (train, eval), its name, and its points (step, loss), at least one."""

    kind: str
    name: str
    points: tuple[tuple[int, float], ...]

    @property
    def last(self) -> float:
        return self.points[-1][1]

    @property
    def lowest(self) -> tuple[int, float]:
        return min(self.points, key=lambda point: (point[1], point[0]))


def loss_curve(name: str, training: Training) -> bytes | None:
    """The picture of a tuning called so; None while there is no loss to draw."""
    lines = tuple(_lines(training))
    if not lines:
        return None
    last_step = max(step for line in lines for step, _ in line.points)
    steps = max(last_step, min(training.steps, _MOST_STEPS))
    frame = framed(_BOX, steps, [loss for line in lines for _, loss in line.points])
    title = f"Loss of {cut_in_the_middle(readable(name), _LONGEST_NAME)}"
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(lines, steps))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>',
        _text(24, 32, title, "title"),
        _text(WIDTH - 24, 32, f"step {last_step:,} of {steps:,}", anchor="end"),
        *_axes(frame),
        *(part for line in lines for part in _drawn(frame, line)),
        *_legend(frame, lines),
        "</svg>",
    )
    return ("\n".join(parts) + "\n").encode()


def has_curve(training: Training | None) -> bool:
    """Whether there is a loss to draw."""
    return training is not None and any(True for _ in _lines(training))


def _lines(training: Training) -> Iterator[_Line]:
    """Training first; a line without a point is none."""
    told = (
        ("train", "training loss", [(point.step, point.loss) for point in training.curve]),
        ("eval", "eval loss", [(point.step, point.eval_loss) for point in training.curve]),
    )
    for kind, name, points in told:
        drawn = [(step, _plain(loss)) for step, loss in points if loss is not None and _is_drawn(step, loss)]
        if drawn:
            yield _Line(kind, name, tuple(sorted(drawn)))


def _is_drawn(step: int, loss: float) -> bool:
    return math.isfinite(loss) and abs(loss) <= _MOST and 0 <= step <= _MOST_STEPS


def _plain(loss: float) -> float:
    return 0.0 if abs(loss) < _LEAST else loss


def _axes(frame: Frame) -> Iterator[str]:
    for loss in frame.ticks:
        y = frame.y(loss)
        yield f'<path class="grid" d="M{frame.left} {y}H{frame.right}"/>'
        yield _text(frame.left - 8, y + 4, tick_label(loss), anchor="end")
    for step in frame.step_ticks:
        yield f'<path class="axis" d="M{frame.x(step)} {frame.floor}v5"/>'
        yield _text(frame.x(step), frame.floor + 19, f"{step:,}", anchor="middle")
    yield f'<path class="axis" d="M{frame.left} {frame.floor}H{frame.right}"/>'
    yield _text((frame.left + frame.right) / 2, frame.floor + 38, "step", anchor="middle")
    unit = "nats a token, logarithmic" if frame.logarithmic else "nats a token"
    yield _text(24, frame.top - 14, unit)


def _drawn(frame: Frame, line: _Line) -> Iterator[str]:
    if line.kind == "eval":
        yield _polyline(frame, line.points, "eval", ' stroke-dasharray="5 5"')
        yield from (_dot(frame, point, "eval-in", 3) for point in line.points)
        if _lowest(line):
            yield _dot(frame, line.lowest, "eval ring", 6)
        return
    smooth = line.points if frame.logarithmic else _smoothed(line.points)
    yield _area(frame, smooth)
    if smooth != line.points:
        yield _polyline(frame, line.points, "train raw")
    yield _polyline(frame, smooth, "train")
    yield _dot(frame, line.points[-1], "train-in", 3.5)


def _smoothed(points: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    """Each on the straight line that fits its neighbours best; few points stay as they are."""
    if len(points) < _SMOOTH_FROM:
        return points
    reach = max(3, round(len(points) * _WINDOW))
    losses = [loss for _, loss in points]
    return tuple((step, _fitted(losses, index, reach)) for index, (step, _) in enumerate(points))


def _fitted(losses: Sequence[float], index: int, reach: int) -> float:
    """The least-squares line through the losses in reach, here; never beyond what they span."""
    first = max(0, index - reach)
    near = losses[first : index + reach + 1]
    middle, mean = (len(near) - 1) / 2, sum(near) / len(near)
    slope = sum((place - middle) * (loss - mean) for place, loss in enumerate(near))
    slope /= sum((place - middle) ** 2 for place in range(len(near)))
    return min(max(near), max(min(near), mean + slope * (index - first - middle)))


def _area(frame: Frame, points: Sequence[tuple[int, float]]) -> str:
    places = "L".join(f"{frame.x(step)} {frame.y(loss)}" for step, loss in points)
    first, last = frame.x(points[0][0]), frame.x(points[-1][0])
    return f'<path class="train-in area" d="M{first} {frame.floor}L{places}L{last} {frame.floor}Z"/>'


def _polyline(frame: Frame, points: Sequence[tuple[int, float]], kind: str, dashes: str = "") -> str:
    places = " ".join(f"{frame.x(step)},{frame.y(loss)}" for step, loss in points)
    return f'<polyline class="{kind}"{dashes} points="{places}"/>'


def _dot(frame: Frame, point: tuple[int, float], kind: str, radius: float) -> str:
    step, loss = point
    return f'<circle class="{kind}" cx="{frame.x(step)}" cy="{frame.y(loss)}" r="{radius}"/>'


def _legend(frame: Frame, lines: Sequence[_Line]) -> Iterator[str]:
    """The lines by name with their last value, side by side under the title."""
    x = 24.0
    for line in lines:
        dashes = ' stroke-dasharray="5 5"' if line.kind == "eval" else ""
        yield f'<path class="line {line.kind}"{dashes} d="M{x:g} 50h26"/>'
        name, last, more = line.name, loss_words(line.last), _lowest(line) or _smoothness(frame, line)
        yield (f'<text x="{x + 34:g}" y="54">{name} <tspan class="figure">{last}</tspan>{more}</text>')
        x = round(x + 34 + text_width(f"{name} {last}{more}", 12) + 28, 1)


def _lowest(line: _Line) -> str:
    """Where it was lower than it is; of the training loss, which goes up and down, that tells nothing."""
    step, loss = line.lowest
    is_told = line.kind == "eval" and loss_words(loss) != loss_words(line.last)
    return f", lowest {loss_words(loss)} at step {step:,}" if is_told else ""


def _smoothness(frame: Frame, line: _Line) -> str:
    is_smoothed = line.kind == "train" and not frame.logarithmic and len(line.points) >= _SMOOTH_FROM
    return ", thick line smoothed" if is_smoothed else ""


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    worn = f' class="{kind}"' if kind else ""
    held = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text{worn} x="{round(x, 1):g}" y="{round(y, 1):g}"{held}>{escape(words)}</text>'


def _described(lines: Sequence[_Line], steps: int) -> str:
    told = (
        f"The {line.name} went from {loss_words(line.points[0][1])} at step {line.points[0][0]:,} "
        f"to {loss_words(line.last)} at step {line.points[-1][0]:,} of {steps:,}{_lowest(line)}."
        for line in lines
    )
    return " ".join(told)
