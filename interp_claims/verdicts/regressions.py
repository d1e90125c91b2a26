"""Statistics of a table with one row per maze, for approximate verdicts: correlations and coefficients of regressions.

Each but :func:`negative_share` comes with the standard error by which its bootstrap interval is studentised.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, Optional

import numpy as np
from scipy import stats
from scipy.special import expit

from interp_claims.verdicts.approximate import ShareBelow, Studentised
from interp_claims.verdicts.estimands import EffectError

_SINGULAR, _PART_OUTSIDE = 1e-6, 1e-3
_NEWTON_STEPS = 25
_NEWTON_TOLERANCE = 1e-8


def rank_correlation(table: np.ndarray) -> tuple[float, float]:
    """Spearman's rank correlation of two columns, with Bonett and Wright's (2000) standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = stats.rankdata(table, axis=0)
        r = float(np.corrcoef(ranks[:, 0], ranks[:, 1])[0, 1])
    return r, float(np.sqrt((1 + r * r / 2) * (1 - r * r) ** 2 / (len(table) - 3)))


def correlation(table: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation of two columns, with its large-sample standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = float(np.corrcoef(table[:, 0], table[:, 1])[0, 1])
    return r, float((1 - r * r) / np.sqrt(len(table) - 3))


def _z_scored(table: np.ndarray, column: int) -> Optional[np.ndarray]:
    """A table of predictors and an outcome, each z-scored; None where one never varies.

    Raises:
        EffectError: ``column`` is no predictor of it.
    """
    _check_column(column, table.shape[1] - 1)
    spread = table.std(axis=0)
    return (table - table.mean(axis=0)) / spread if spread.all() else None


def linear_coefficient(column: int) -> Studentised:
    """The coefficient of one column in the least-squares regression of the last column on the others.

    Columns are z-scored, an intercept is added, and the standard error is robust to unequal variances (HC1).

    Raises:
        EffectError: a negative column; the statistic raises one for a column that is no predictor.
    """
    _check_column(column)

    def statistic(table: np.ndarray) -> tuple[float, float]:
        z = _z_scored(table, column)
        if z is None:
            return float("nan"), float("nan")
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
        z = _z_scored(table, column)
        if z is None:
            return float("nan"), float("nan")
        x = np.column_stack([z[:, :-1], np.ones(len(z))])
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


def _chosen(columns: int, column: int, subsets: int, seed: int) -> np.ndarray:
    """Random subsets of columns, each with ``column``: bool (subsets, columns)."""
    others = [i for i in range(columns) if i != column]
    chosen = np.ones((subsets, columns), dtype=bool)
    chosen[:, others] = np.random.default_rng(seed).random((subsets, len(others))) < 0.5
    return chosen


#: What makes the statistic of a column; none of these is one itself.
OF_A_COLUMN = (linear_coefficient, logistic_coefficient, variance_inflation, negative_share)


def _check_column(column: Any, predictors: Optional[int] = None) -> None:
    """Raise an :class:`EffectError` unless ``column`` is the number of a predictor, of as many as there are.

    A negative one would be counted from behind, where the intercept stands.
    """
    whole = isinstance(column, Integral) and not isinstance(column, bool)
    if not whole or column < 0:
        raise EffectError(f"statistic: got column {column!r}, wanted the number of a predictor, 0 for the first")
    if predictors is not None and column >= predictors:
        raise EffectError(
            f"statistic: got column {column} of a table of {predictors} predictors, which are counted from 0; return "
            "it from the claim's function, or name another"
        )
