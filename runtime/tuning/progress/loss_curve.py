"""Progress rows → the loss curve as SVG. Pure: the same rows give the same bytes.

Readable by people who do not see it (title, description), in light and dark, and without
telling the two lines apart by colour alone (https://www.w3.org/TR/WCAG22/#use-of-color).
Colours: Okabe and Ito's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from runtime.tuning.progress.rows import Row
from runtime.tuning.progress.ticks import label, ticks

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 96, 40, 48
_MOST_POINTS = 600

_STYLE = """
  svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
  .paper { fill: #fff; } .ink { fill: #1f2328; } .faint { fill: #59636e; }
  .grid { stroke: #d1d9e0; } .axis { stroke: #59636e; }
  .train { stroke: #0072b2; fill: none; } .eval { stroke: #b34a00; fill: none; }
  .train-ink { fill: #0072b2; } .eval-ink { fill: #b34a00; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .ink { fill: #f0f6fc; } .faint { fill: #9198a1; }
    .grid { stroke: #30363d; } .axis { stroke: #9198a1; }
    .train { stroke: #56b4e9; } .eval { stroke: #e69f00; }
    .train-ink { fill: #56b4e9; } .eval-ink { fill: #e69f00; }
  }
"""


class Point(NamedTuple):
    """A loss at a step."""

    step: int
    loss: float


def loss_curve(rows: Iterable[Row], name: str = "") -> str:
    """The curve of a course of rows; `name` is whose it is. Without a row: the empty axes, which say so."""
    known = tuple(rows)
    train = _thinned([Point(r.step, r.loss) for r in known if r.loss is not None])
    held = _thinned([Point(r.step, r.eval_loss) for r in known if r.eval_loss is not None])
    steps = max((row.steps for row in known), default=0) or 1
    frame = _Frame(steps, *_bounds([p.loss for p in (*train, *held)]))
    title = f"Loss of {name}" if name else "Loss"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(train, held, steps))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>',
        f'<text class="ink" x="{_LEFT}" y="24" font-weight="600">{escape(title)}</text>',
        *frame.axes(),
        *frame.line(train, "train", ""),
        *frame.line(held, "eval", ' stroke-dasharray="6 4"'),
        *_names(frame, train, held),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Frame(NamedTuple):
    """Where a step and a loss lie on the paper."""

    steps: int
    low: float
    high: float

    def x(self, step: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(step / self.steps, 1), 1)

    def y(self, loss: float) -> float:
        share = (loss - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share, 1)

    def axes(self) -> list[str]:
        right, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        parts = []
        for loss in ticks(self.low, self.high, 5):
            y = self.y(loss)
            parts.append(f'<path class="grid" d="M{_LEFT} {y}H{right}"/>')
            parts.append(_text(_LEFT - 8, y + 4, label(loss), "faint", "end"))
        for step in ticks(0, self.steps, 6, whole=True):
            parts.append(f'<path class="axis" d="M{self.x(step)} {floor}v5"/>')
            parts.append(_text(self.x(step), floor + 20, label(step), "faint", "middle"))
        parts.append(f'<path class="axis" fill="none" d="M{_LEFT} {_TOP}V{floor}H{right}"/>')
        parts.append(_text((_LEFT + right) / 2, _HEIGHT - 8, "step", "faint", "middle"))
        parts.append(_text(right, 24, "nats a token", "faint", "end"))
        return parts

    def line(self, points: Sequence[Point], kind: str, dashes: str) -> list[str]:
        if not points:
            return []
        places = " ".join(f"{self.x(p.step)},{self.y(p.loss)}" for p in points)
        drawn = (
            f'<polyline class="{kind}" stroke-width="2" stroke-linejoin="round"{dashes} points="{places}"/>'
        )
        marked = points if kind == "eval" else points[-1:]
        dots = (
            f'<circle class="{kind}-ink" cx="{self.x(p.step)}" cy="{self.y(p.loss)}" r="3"/>' for p in marked
        )
        return [drawn, *dots]


def _names(frame: _Frame, train: Sequence[Point], held: Sequence[Point]) -> list[str]:
    """The lines are named at their ends; names that would lie on each other are moved apart."""
    ends = [(points[-1], kind) for points, kind in ((train, "train"), (held, "eval")) if points]
    ends.sort(key=lambda end: frame.y(end[0].loss))
    placed: list[str] = []
    least = float(_TOP)
    for point, kind in ends:
        y = max(frame.y(point.loss) + 4, least)
        least = y + 16
        placed.append(_text(frame.x(point.step) + 8, y, f"{kind} {point.loss:.3f}", f"{kind}-ink", "start"))
    if not ends:
        placed.append(_text(_WIDTH / 2, _HEIGHT / 2, "no step was logged yet", "faint", "middle"))
    return placed


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}">{words}</text>'


def _bounds(losses: Sequence[float]) -> tuple[float, float]:
    if not losses:
        return 0.0, 1.0
    low, high = min(losses), max(losses)
    room = (high - low) * 0.08 or max(abs(high) * 0.1, 0.1)
    return max(0.0, low - room), high + room


def _thinned(points: list[Point]) -> list[Point]:
    """At most 600 points, the first and the last among them."""
    finite = [p for p in points if p.loss == p.loss and abs(p.loss) != float("inf")]
    every = -(-len(finite) // _MOST_POINTS) or 1
    kept = finite[::every]
    return kept if not finite or kept[-1] == finite[-1] else [*kept, finite[-1]]


def _described(train: Sequence[Point], held: Sequence[Point], steps: int) -> str:
    told = [
        f"{what} loss went from {points[0].loss:.3f} at step {points[0].step} "
        f"to {points[-1].loss:.3f} at step {points[-1].step} of {steps}."
        for points, what in ((train, "Training"), (held, "Evaluation"))
        if points
    ]
    return " ".join(told) or "No step was logged yet."
