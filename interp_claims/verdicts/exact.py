"""Exact intervals of rates, where the number of runs or mazes was fixed before any was seen."""

from __future__ import annotations

from scipy import stats

_LEVEL = 0.99


def exact_interval(count: int, runs: int, level: float = _LEVEL) -> tuple[float, float]:
    """Clopper and Pearson's interval of a rate, at 99% unless told."""
    interval = stats.binomtest(count, runs).proportion_ci(confidence_level=level, method="exact")
    return float(interval.low), float(interval.high)


def least_rate(count: int, runs: int) -> float:
    """The exact one-sided 99% lower bound on a rate: an error rate is too high if this exceeds what was promised."""
    interval = stats.binomtest(count, runs).proportion_ci(confidence_level=2 * _LEVEL - 1, method="exact")
    return float(interval.low)
