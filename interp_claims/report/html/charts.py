"""The charts of one result as lines in a small drawing: numbers only, drawn by the template."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from interp_claims.report.html.paths import EvidencePath
from interp_claims.report.html.scales import Scale, scale_around
from interp_claims.results import ClaimResult

WIDTH, HEIGHT = 440, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 10, 10, 38
_POINTS = 96


@dataclasses.dataclass(frozen=True)
class Chart:
    """One chart in a frame of :data:`WIDTH` by :data:`HEIGHT`.

    Attributes:
        title: what it shows.
        description: what there is to see, for those who cannot see it.
        x_ticks: place and text below.
        y_ticks: place and text on the left.
        band: an outline to fill, as an SVG path; empty for none.
        claimed: top and bottom of what the claim states, or None.
        lines: class and SVG path of each line.
        levels: class, place and text of horizontal lines.
    """

    title: str
    description: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    band: str
    claimed: tuple[float, float] | None
    lines: tuple[tuple[str, str], ...]
    levels: tuple[tuple[str, float, str], ...]


@dataclasses.dataclass(frozen=True)
class PathCharts:
    """How the evidence for one result grew.

    Attributes:
        interval: the confidence sequence and the threshold.
        evidence: evidence for and against, and the bar that decides.
    """

    interval: Chart
    evidence: Chart


def path_charts(path: EvidencePath, result: ClaimResult) -> PathCharts:
    """The charts of a path."""
    mazes = int(path.looks[-1])
    x = Scale(0, mazes, _LEFT, WIDTH - _RIGHT)
    x_ticks = tuple((x.place(tick), f"{tick:g}") for tick in x.ticks(6) if float(tick).is_integer())
    return PathCharts(_interval_chart(path, result, x, x_ticks), _evidence_chart(path, mazes, x, x_ticks))


def _interval_chart(path: EvidencePath, result: ClaimResult, x: Scale, x_ticks: tuple[tuple[float, str], ...]) -> Chart:
    theta, direction = path.statement.theta, path.statement.direction
    thresholds = [-theta, theta] if direction == "within" else [theta]
    values = [*path.low.tolist(), *path.high.tolist(), *thresholds]
    y = scale_around(values, HEIGHT - _BOTTOM, _TOP, bounds=path.statement.estimand.bounds, logarithmic=False)
    ends = [(x.place(n), y.place(v)) for n, v in zip(path.looks, path.low)]
    back = [(x.place(n), y.place(v)) for n, v in zip(path.looks[::-1], path.high[::-1])]
    claimed = {"at least": (y.high, theta), "at most": (theta, y.low), "within": (theta, -theta)}[direction]
    low, high = path.low[-1], path.high[-1]
    level = f"{100 * (1 - (result.alpha or 0)):g}%"
    return Chart(
        f"{path.unit}, with its {level} confidence sequence",
        f"After {path.looks[-1]} mazes the {path.unit} lies between {low:.3f} and {high:.3f}; the claim states "
        f"{direction} {theta:g}.",
        x_ticks,
        tuple((y.place(tick), f"{tick:g}") for tick in y.ticks()),
        f"{_line([*ends, *back])}Z",
        (y.place(claimed[0]), y.place(claimed[1])),
        (("estimate", _line([(x.place(n), y.place(v)) for n, v in zip(path.looks, path.mean)])),),
        tuple(("threshold", y.place(value), f"{value:g}") for value in thresholds),
    )


def _evidence_chart(path: EvidencePath, mazes: int, x: Scale, x_ticks: tuple[tuple[float, str], ...]) -> Chart:
    looks = np.unique(np.linspace(1, mazes, min(mazes, _POINTS)).round().astype(int))
    least = -path.bar
    y = Scale(least, max(path.bar * 1.25, path.support.max() * 1.05, path.refute.max() * 1.05), HEIGHT - _BOTTOM, _TOP)

    def line(evidence: np.ndarray) -> str:
        return _line([(x.place(0), y.place(0)), *((x.place(n), y.place(evidence[n - 1])) for n in looks)])

    return Chart(
        "evidence for and against, times",
        f"After {mazes} mazes the evidence is 10 to the power of {path.support[-1]:.1f} for the claim and "
        f"{path.refute[-1]:.1f} against it; {path.bar:.1f} decides.",
        x_ticks,
        tuple((y.place(tick), _power(int(tick))) for tick in y.ticks(6) if float(tick).is_integer()),
        "",
        None,
        (("against", line(path.refute)), ("for", line(path.support))),
        (("bar", y.place(path.bar), f"decides: {10**path.bar:.0f}"),),
    )


def _power(exponent: int) -> str:
    """A power of ten, as short as it reads well."""
    if -3 <= exponent <= 4:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _line(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
