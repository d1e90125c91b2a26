"""Approximate verdicts for what is no bounded mean: coefficients and rank correlations, by one look at a fixed n.

The interval is a bootstrap over mazes, studentised where the statistic has a standard error; a share of signs, which
jumps where a number is about 0, is bounded by intervals of all the numbers at once. It is no guarantee at finite n, and
is always labelled *approximate*; docs/statistics.md has its measured error rates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

import numpy as np

from interp_claims.verdicts.estimands import EffectError
from interp_claims.verdicts.sequential import Direction, Verdict

#: From a table with one row per maze to an estimate and its standard error.
Studentised = Callable[[np.ndarray], tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class ShareBelow:
    """How many of several numbers are below 0, as a share: of coefficients, say, in as many regressions.

    Attributes:
        numbers: from a table with one row per maze to the numbers, float64 (m,).
    """

    numbers: Callable[[np.ndarray], np.ndarray]

    def __call__(self, table: np.ndarray) -> float:
        """The share in a table; NaN if a number is."""
        numbers = self.numbers(table)
        return float((numbers < 0).mean()) if np.isfinite(numbers).all() else float("nan")


def share_of_ratios_above(ratio: float) -> ShareBelow:
    """How many columns have a mean of more than ``ratio`` times that of the first column, as a share of the others.

    Raises:
        EffectError: a ratio that is not a positive number; the statistic raises one for a table of one column.
    """
    if not (np.isfinite(ratio) and ratio > 0):
        raise EffectError(f"ratio: got {ratio}, wanted a positive number, such as 1.1")

    def shortfalls(table: np.ndarray) -> np.ndarray:
        if table.shape[1] < 2:
            raise EffectError("table: got 1 column, wanted a first one and others to compare with it")
        means = table.mean(axis=0)
        return np.asarray(ratio * means[0] - means[1:])

    return ShareBelow(shortfalls)


Statistic = Union[Studentised, ShareBelow]

RESAMPLES = 2000
_MOSTLY_UNDEFINED = "statistic: undefined on most resamples; it needs more mazes"
LEAST_MAZES = 30


def checked_table(returned: Any, mazes: int) -> np.ndarray:
    """What a claim's function returned for some mazes, as a table: float64 (n, k), k at least 1.

    Args:
        returned: what it returned.
        mazes: the number of mazes that it was given.

    Raises:
        EffectError: no table of numbers with one row per maze, or NaN or infinite values in it.
    """
    try:
        table = np.asarray(returned, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EffectError(f"table: got no numbers ({error}), wanted shape ({mazes}, k), one row per maze") from error
    if table.ndim != 2 or len(table) != mazes or not table.shape[1]:
        raise EffectError(
            f"table: got shape {table.shape}, wanted ({mazes}, k), one row per maze; np.column_stack makes one"
        )
    if not np.isfinite(table).all():
        bad = np.unique(np.argwhere(~np.isfinite(table))[:, 0])[:5].tolist()
        raise EffectError(f"table: NaN or infinite for the mazes {bad} of the batch; an undefined number must raise")
    return table


def bootstrap_interval(
    table: np.ndarray, statistic: Statistic, *, alpha: float, seed: int, resamples: int = RESAMPLES
) -> tuple[float, tuple[float, float]]:
    """An estimate and its bootstrap interval at level 1 - alpha, of the kind that the statistic allows.

    For arguments and errors see :func:`studentised_interval`.
    """
    if isinstance(statistic, ShareBelow):
        return share_interval(table, statistic, alpha=alpha, seed=seed, resamples=resamples)
    return studentised_interval(table, statistic, alpha=alpha, seed=seed, resamples=resamples)


def studentised_interval(
    table: np.ndarray, statistic: Studentised, *, alpha: float, seed: int, resamples: int = RESAMPLES
) -> tuple[float, tuple[float, float]]:
    """An estimate and its studentised bootstrap interval at level 1 - alpha.

    Args:
        table: (n, k), one row per maze, n at least 30.
        statistic: estimate and standard error of a table.
        alpha: error rate of both sides together.
        seed: of the resampling.
        resamples: how often to resample; at least 2 / alpha are used.

    Raises:
        EffectError: too few mazes, NaN, or a statistic that is undefined on the table.
    """
    table = _checked(table)
    estimate, error = statistic(table)
    if not (np.isfinite(estimate) and np.isfinite(error) and error > 0):
        raise EffectError(f"statistic: got estimate {estimate} and standard error {error}, wanted finite and > 0")
    pivots = []
    for resample in _resamples(table, alpha, seed, resamples):
        drawn, drawn_error = statistic(resample)
        if np.isfinite(drawn) and np.isfinite(drawn_error) and drawn_error > 0:
            pivots.append((drawn - estimate) / drawn_error)
    low, high = _ends(pivots, alpha, resamples)
    return float(estimate), (float(estimate - high * error), float(estimate - low * error))


def share_interval(
    table: np.ndarray, statistic: ShareBelow, *, alpha: float, seed: int, resamples: int = RESAMPLES
) -> tuple[float, tuple[float, float]]:
    """A share of numbers below 0 and an interval at level 1 - alpha, from intervals that hold for all numbers at once.

    All numbers lie in b - s * [high, low], where s is each one's standard deviation over the resamples, and low and
    high are quantiles of the smallest and the largest of (resampled b - b) / s. If they do, the share is at least that
    of the numbers whose interval is below 0, and at most that of those whose interval begins there. So it errs on the
    safe side, the more so the less alike the numbers are. For arguments and errors see :func:`studentised_interval`.
    """
    table = _checked(table)
    numbers = statistic.numbers(table)
    if not np.isfinite(numbers).all():
        raise EffectError(f"statistic: got {numbers[~np.isfinite(numbers)][0]} among the numbers, wanted finite ones")
    resampled = [statistic.numbers(resample) for resample in _resamples(table, alpha, seed, resamples)]
    drawn = np.array([row for row in resampled if np.isfinite(row).all()]).reshape(-1, len(numbers))
    if len(drawn) < resamples / 2:
        raise EffectError(_MOSTLY_UNDEFINED)
    spread = drawn.std(axis=0)
    pivots = (drawn - numbers) / np.where(spread > 0, spread, np.inf)  # what never varies is where it is
    low = float(np.quantile(pivots.min(axis=1), alpha / 2))
    high = float(np.quantile(pivots.max(axis=1), 1 - alpha / 2))
    surely, perhaps = (numbers - low * spread < 0).mean(), (numbers - high * spread < 0).mean()
    return float((numbers < 0).mean()), (float(surely), float(perhaps))


def _checked(table: np.ndarray) -> np.ndarray:
    table = np.asarray(table, dtype=np.float64)
    if table.ndim != 2 or len(table) < LEAST_MAZES:
        raise EffectError(f"table: got shape {table.shape}, wanted (n, k) with n of at least {LEAST_MAZES} mazes")
    if not np.isfinite(table).all():
        raise EffectError("table: has NaN or infinite values; an undefined measurement must raise")
    return table


def _resamples(table: np.ndarray, alpha: float, seed: int, resamples: int) -> Iterator[np.ndarray]:
    """Tables of as many mazes, drawn with replacement."""
    rng = np.random.default_rng(seed)
    for _ in range(max(resamples, int(np.ceil(2 / alpha)))):
        yield table[rng.integers(len(table), size=len(table))]


def _ends(drawn: Sequence[float], alpha: float, resamples: int) -> np.ndarray:
    """The quantiles at alpha / 2 on either side: (2,)."""
    if len(drawn) < resamples / 2:
        raise EffectError(_MOSTLY_UNDEFINED)
    return np.asarray(np.quantile(drawn, [alpha / 2, 1 - alpha / 2]))


def verdict_of_interval(interval: tuple[float, float], direction: Direction, theta: float) -> Verdict:
    """Supported if the whole interval satisfies the statement, refuted if none of it does, else undecided."""
    low, high = interval
    if direction == "within":
        supported, refuted = -theta <= low and high <= theta, low > theta or high < -theta
    elif direction == "at least":
        supported, refuted = low >= theta, high < theta
    else:
        supported, refuted = high <= theta, low > theta
    return Verdict.SUPPORTED if supported else Verdict.REFUTED if refuted else Verdict.UNDECIDED
