"""Approximate verdicts for what is no bounded mean: coefficients and rank correlations, by one look at a fixed n.

The interval is a bootstrap over mazes, studentised where the statistic has a standard error; a share of signs, which
jumps where a number is about 0, is bounded by intervals of all the numbers at once. It is no guarantee at finite n, and
is always labelled *approximate*; docs/statistics.md has its measured error rates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, Optional, Union

import numpy as np
from scipy import stats
from scipy.special import expit

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


Statistic = Union[Studentised, ShareBelow]

RESAMPLES = 2000
_MOSTLY_UNDEFINED = "statistic: undefined on most resamples; it needs more mazes"
_SINGULAR, _PART_OUTSIDE = 1e-6, 1e-3
LEAST_MAZES = 30
_NEWTON_STEPS = 25
_NEWTON_TOLERANCE = 1e-8


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


def _check_column(column: Any, predictors: Optional[int] = None) -> None:
    """Raise an :class:`EffectError` unless ``column`` is the number of a predictor, of as many as there are.

    A negative one would be counted from behind, where the intercept stands.
    """
    if not isinstance(column, Integral) or isinstance(column, bool) or column < 0:
        raise EffectError(f"statistic: got column {column!r}, wanted the number of a predictor, 0 for the first")
    if predictors is not None and column >= predictors:
        raise EffectError(
            f"statistic: got column {column} of a table of {predictors} predictors, which are counted from 0; return "
            "it from the claim's function, or name another"
        )


def rank_correlation(table: np.ndarray) -> tuple[float, float]:
    """Spearman's rank correlation of two columns, with Bonett and Wright's (2000) standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = stats.rankdata(table, axis=0)
        r = float(np.corrcoef(ranks[:, 0], ranks[:, 1])[0, 1])
    return r, float(np.sqrt((1 + r * r / 2) * (1 - r * r) ** 2 / (len(table) - 3)))


def linear_coefficient(column: int) -> Studentised:
    """The coefficient of one column in the least-squares regression of the last column on the others.

    Columns are z-scored, an intercept is added, and the standard error is robust to unequal variances (HC1).

    Raises:
        EffectError: a negative column; the statistic raises one for a column that is no predictor.
    """
    _check_column(column)

    def statistic(table: np.ndarray) -> tuple[float, float]:
        _check_column(column, table.shape[1] - 1)
        spread = table.std(axis=0)
        if not spread.all():
            return float("nan"), float("nan")
        z = (table - table.mean(axis=0)) / spread
        x = np.column_stack([z[:, :-1], np.ones(len(z))])
        inverse = np.linalg.pinv(x.T @ x)
        beta = inverse @ x.T @ z[:, -1]
        residual = z[:, -1] - x @ beta
        cover = inverse @ (x.T * residual**2) @ x @ inverse * len(z) / (len(z) - x.shape[1])
        return float(beta[column]), float(np.sqrt(cover[column, column]))

    return statistic


def logistic_coefficient(column: int) -> Studentised:
    """The coefficient of one column in the unpenalised logistic regression of the last column (0 or 1) on the others.

    Columns but the last are z-scored, an intercept is added; the standard error is that of maximum likelihood. Where
    the two outcomes can be separated, there is no finite coefficient and the answer is NaN.

    Raises:
        EffectError: as for :func:`linear_coefficient`.
    """
    _check_column(column)

    def statistic(table: np.ndarray) -> tuple[float, float]:
        _check_column(column, table.shape[1] - 1)
        spread = table.std(axis=0)
        if not spread.all():
            return float("nan"), float("nan")
        x = np.column_stack([(table[:, :-1] - table[:, :-1].mean(axis=0)) / spread[:-1], np.ones(len(table))])
        beta = np.zeros(x.shape[1])
        for _ in range(_NEWTON_STEPS):
            p = expit(x @ beta)
            information = (x.T * (p * (1 - p))) @ x
            try:
                step = np.linalg.solve(information, x.T @ (table[:, -1] - p))
            except np.linalg.LinAlgError:
                return float("nan"), float("nan")
            beta += step
            if np.abs(step).max() < _NEWTON_TOLERANCE:
                return float(beta[column]), float(np.sqrt(np.linalg.inv(information)[column, column]))
        return float("nan"), float("nan")

    return statistic


def correlation(table: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation of two columns, with its large-sample standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = float(np.corrcoef(table[:, 0], table[:, 1])[0, 1])
    return r, float((1 - r * r) / np.sqrt(len(table) - 3))


def variance_inflation(column: int) -> Studentised:
    """The variance inflation factor of one column given the others: 1 / (1 - R^2), with its delta-method error.

    All columns are predictors.

    Raises:
        EffectError: as for :func:`linear_coefficient`.
    """
    _check_column(column)

    def statistic(table: np.ndarray) -> tuple[float, float]:
        _check_column(column, table.shape[1])
        n, k = table.shape
        if not table.std(axis=0).all():
            return float("nan"), float("nan")
        try:
            factor = float(np.linalg.inv(np.corrcoef(table, rowvar=False))[column, column])
        except np.linalg.LinAlgError:
            return float("nan"), float("nan")
        r2 = max(1 - 1 / factor, 1 / n)
        return factor, float(2 * np.sqrt(r2 / n) * factor * np.sqrt((n - k) / n))

    return statistic


def _coefficients(gram: np.ndarray, chosen: np.ndarray, column: int) -> np.ndarray:
    """One column's coefficient in the least-squares regressions of the last column on several choices of columns.

    Args:
        gram: correlations of all columns (k + 1, k + 1).
        chosen: bool (n, k), each with ``column`` among them.
        column: whose coefficient.

    Returns:
        (n,).
    """
    among, with_last = gram[:-1, :-1], gram[:-1, -1]
    found, regular = np.empty(len(chosen)), _are_regular(among, chosen)
    together = chosen[regular]
    pairs = together[:, :, None] & together[:, None, :]
    left_out = np.eye(len(among)) * ~together[:, None, :]  # columns left out stand alone
    solved = np.linalg.solve(np.where(pairs, among, left_out), (together * with_last)[:, :, None])
    found[regular] = solved[:, column, 0]
    for i in np.flatnonzero(~regular):
        columns = chosen[i]
        beta, *_ = np.linalg.lstsq(among[np.ix_(columns, columns)], with_last[columns], rcond=None)
        found[i] = beta[columns[:column].sum()]
    return found


def _are_regular(among: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which choices (n, k) of columns have well-conditioned correlations, given those of all columns (k, k): bool (n,).

    A combination of columns that vanishes matters only to choices that hold all of its columns: to those whose columns
    left out have no part in it.
    """
    values, vectors = np.linalg.eigh(among)
    vanishing = vectors[:, values <= _SINGULAR * values[-1]]
    if not vanishing.shape[1]:
        return np.ones(len(chosen), dtype=bool)
    outside = np.einsum("ki,nk,kj->nij", vanishing, (~chosen).astype(np.float64), vanishing)
    return np.linalg.eigvalsh(outside)[:, 0] > _PART_OUTSIDE


def negative_share(column: int, subsets: int = 200, seed: int = 0) -> ShareBelow:
    """How often one column's coefficient is negative, whatever other columns are chosen.

    The last column is regressed (least squares) on random subsets of the others, each of which holds ``column``; the
    estimate is the share of subsets in which its coefficient is below 0. How far that varies with the mazes has nothing
    to do with the number of subsets, which are the same for all samples of mazes.

    Raises:
        EffectError: as for :func:`linear_coefficient`.
    """
    _check_column(column)

    def coefficients(table: np.ndarray) -> np.ndarray:
        _check_column(column, table.shape[1] - 1)
        if not table.std(axis=0).all():
            return np.full(subsets, np.nan)
        gram = np.corrcoef(table, rowvar=False)
        return _coefficients(gram, _chosen(table.shape[1] - 1, column, subsets, seed), column)

    return ShareBelow(coefficients)


#: What makes the statistic of a column; none of these is one itself.
OF_A_COLUMN = (linear_coefficient, logistic_coefficient, variance_inflation, negative_share)


def _chosen(columns: int, column: int, subsets: int, seed: int) -> np.ndarray:
    """Random subsets of columns, each with ``column``: bool (subsets, columns)."""
    others = [i for i in range(columns) if i != column]
    chosen = np.ones((subsets, columns), dtype=bool)
    chosen[:, others] = np.random.default_rng(seed).random((subsets, len(others))) < 0.5
    return chosen
