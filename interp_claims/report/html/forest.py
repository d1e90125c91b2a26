"""A forest plot: effects with intervals and thresholds, on one axis for each kind of number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from interp_claims.report.html.scales import Scale, scale_around
from interp_claims.results import ClaimResult

_HEADINGS = {
    "mean": "Means over mazes",
    "ratio": "Ratios of means",
    "median": "Medians over mazes",
    "approximate": "Coefficients and correlations (approximate)",
}
_WIDEST_RATIO = 8.0


@dataclasses.dataclass(frozen=True)
class ForestRow:
    """One result on the axis of its group; places are in percent of the width.

    Attributes:
        result: the result.
        effect: place of the estimate.
        low: of the interval's lower end.
        high: of its upper end.
        cut_low: whether the interval goes on beyond the axis on the left.
        cut_high: on the right.
        thresholds: places of the threshold, two for claims about the absolute mean.
        claimed: where the claim says that the effect lies: from, to.
    """

    result: ClaimResult
    effect: float
    low: float
    high: float
    cut_low: bool
    cut_high: bool
    thresholds: tuple[float, ...]
    claimed: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class ForestGroup:
    """Results whose effects are numbers of one kind.

    Attributes:
        heading: which kind.
        rows: the results, in the order given.
        ticks: place and text of round numbers.
        zero: place of "no effect" (0, or 1 for ratios), or None where it is off the axis.
    """

    heading: str
    rows: tuple[ForestRow, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float | None


def forest(results: Sequence[ClaimResult]) -> tuple[ForestGroup, ...]:
    """The results that have an effect, an interval and a threshold, by kind of number."""
    groups = []
    for kind, heading in _HEADINGS.items():
        rows = [r for r in results if r.effect is not None and r.threshold is not None and r.interval is not None]
        rows = [r for r in rows if _kind(r) == kind]
        if rows:
            groups.append(_group(kind, heading, rows))
    return tuple(groups)


def _kind(result: ClaimResult) -> str:
    return "approximate" if result.kind == "approximate" else result.statement.strip("|").partition(" ")[0].strip("|")


def _group(kind: str, heading: str, results: Sequence[ClaimResult]) -> ForestGroup:
    ratio = kind == "ratio"
    scale = _ratio_scale(results) if ratio else _linear_scale(results)
    ticks = tuple((scale.place(tick), f"{tick:g}") for tick in scale.ticks())
    none = 1.0 if ratio else 0.0
    zero = scale.place(none) if scale.low < none < scale.high else None
    return ForestGroup(heading, tuple(_row(result, scale) for result in results), ticks, zero)


def _linear_scale(results: Sequence[ClaimResult]) -> Scale:
    values = [v for r in results for v in (*(r.interval or ()), r.threshold, r.effect) if v is not None]
    return scale_around(values, 0, 100, logarithmic=False)


def _ratio_scale(results: Sequence[ClaimResult]) -> Scale:
    """Intervals of ratios may reach from 0 to 1000: as much of them as lies around the estimates and thresholds."""
    middle = [v for r in results for v in (r.threshold, r.effect) if v is not None and v > 0]
    ends = [
        v for r in results for v in r.interval or () if min(middle) / _WIDEST_RATIO < v < max(middle) * _WIDEST_RATIO
    ]
    return scale_around([*middle, *ends, 1.0], 0, 100, logarithmic=True)


def _row(result: ClaimResult, scale: Scale) -> ForestRow:
    assert result.effect is not None and result.interval is not None and result.threshold is not None
    low, high = result.interval
    theta = result.threshold
    at = scale.place(theta)
    thresholds: tuple[float, ...] = (at,)
    claimed = (at, 100.0)
    if result.statement.startswith("|") or result.statement.startswith("within"):
        thresholds = (scale.place(-theta), at)
        claimed = (thresholds[0], thresholds[1])
    elif "at most" in result.statement:
        claimed = (0.0, at)
    return ForestRow(
        result,
        scale.place(result.effect),
        scale.place(low),
        scale.place(high),
        low < scale.low,
        high > scale.high,
        thresholds,
        claimed,
    )
