"""Approximate verdicts on simulated tables: how often the bootstrap interval leaves out a truth that is known."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import expit

from interp_claims.verdicts.approximate import Statistic, bootstrap_interval
from interp_claims.verdicts.exact import exact_interval
from interp_claims.verdicts.regressions import (
    correlation,
    logistic_coefficient,
    negative_share,
    rank_correlation,
    variance_inflation,
)
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

RUNS = 500
AT_ONCE = 100
_SEED = 20_239
_COLUMNS, _COMMON = 11, 4


@dataclasses.dataclass(frozen=True)
class Tables:
    """Simulated tables of one kind.

    Attributes:
        statistic: what is asked of them.
        mazes: how many rows they have, as many as the claims that ask for it look at.
        draw: from randomness and a number of rows to a table.
        truth: what the statistic is of infinitely many rows.
    """

    statistic: Statistic
    mazes: int
    draw: Callable[[np.random.Generator, int], np.ndarray]
    truth: float


@dataclasses.dataclass(frozen=True)
class Misses:
    """How many intervals of some runs left out the truth: they lay wholly above it, or wholly below."""

    runs: int
    above: int
    below: int

    def __add__(self, other: Misses) -> Misses:
        return Misses(self.runs + other.runs, self.above + other.above, self.below + other.below)


def misses(kind: str, first: int, runs: int, *, alpha: float = DEFAULT_ALPHA) -> Misses:
    """Draw an interval as claims do, in each of some runs with seeds of their own.

    Args:
        kind: a name from :func:`kinds`.
        first: the first run.
        runs: how many.
        alpha: the error rate of one side.
    """
    tables, above, below = kinds()[kind], 0, 0
    for run in range(first, first + runs):
        rng = np.random.default_rng([_SEED, zlib.crc32(kind.encode()), run])
        table = tables.draw(rng, tables.mazes)
        _, (low, high) = bootstrap_interval(table, tables.statistic, alpha=2 * alpha, seed=run)
        above += low > tables.truth
        below += high < tables.truth
    return Misses(runs, int(above), int(below))


@lru_cache(maxsize=1)
def kinds() -> dict[str, Tables]:
    """The kinds of tables by name: one for each statistic that shipped claims ask for."""
    together = np.array([[1.0, 0.886], [0.886, 1.0]])
    three = np.array([[1.0, 0.3, 0.3], [0.3, 1.0, 0.886], [0.3, 0.886, 1.0]])
    many = _many_columns()
    share = negative_share(0)
    return {
        "rank correlation": Tables(
            rank_correlation, 256, _normal(np.array([[1.0, -0.3], [-0.3, 1.0]])), -6 / np.pi * np.arcsin(0.3 / 2)
        ),
        "correlation": Tables(correlation, 1500, _normal(together), 0.886),
        "variance inflation": Tables(variance_inflation(1), 1500, _normal(three), float(np.linalg.inv(three)[1, 1])),
        "logistic coefficient": Tables(logistic_coefficient(0), 1500, _outcomes, -0.6),
        "share of negative signs": Tables(share, 1500, _normal(many), share(_table_with(many))),
    }


def _normal(covariance: np.ndarray) -> Callable[[np.random.Generator, int], np.ndarray]:
    root = np.linalg.cholesky(covariance)
    return lambda rng, rows: rng.standard_normal((rows, len(root))) @ root.T


def _outcomes(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Two correlated columns and an outcome, 0 or 1, whose log-odds fall by .6 with the first."""
    x = _normal(np.array([[1.0, 0.5], [0.5, 1.0]]))(rng, rows)
    return np.column_stack([x, rng.random(rows) < expit(0.5 - 0.6 * x[:, 0] + 0.3 * x[:, 1])])


def _many_columns() -> np.ndarray:
    """The covariance of eleven columns that share four causes, and of an outcome of all of them."""
    rng = np.random.default_rng(_SEED)
    loadings, weights = rng.normal(size=(_COLUMNS, _COMMON)), rng.normal(size=_COLUMNS)
    columns = loadings @ loadings.T + 0.25 * np.eye(_COLUMNS)
    with_outcome = np.zeros((_COLUMNS + 1, _COLUMNS + 1))
    with_outcome[:-1, :-1] = columns
    with_outcome[:-1, -1] = with_outcome[-1, :-1] = columns @ weights
    with_outcome[-1, -1] = weights @ columns @ weights + float(np.trace(columns))
    return with_outcome


def _table_with(covariance: np.ndarray) -> np.ndarray:
    """A table whose sample covariance is proportional to this one, so that what is asked of it is the truth."""
    drawn = np.random.default_rng(_SEED).standard_normal((4 * len(covariance), len(covariance)))
    alike, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    return np.asarray(alike @ np.linalg.cholesky(covariance).T)


def misses_markdown(rows: Sequence[tuple[str, Misses]]) -> str:
    """A Markdown table: per statistic, how often the interval missed the truth, with exact 99% intervals."""
    lines = ["| statistic | mazes | runs | wholly above the truth | wholly below |", "|---|---|---|---|---|"]
    for kind, counted in rows:
        cells = [_share(count, counted.runs) for count in (counted.above, counted.below)]
        lines.append(f"| {kind} | {kinds()[kind].mazes:,} | {counted.runs:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(count: int, runs: int) -> str:
    low, high = exact_interval(count, runs)
    return f"{count:,} [{low:.2%}, {high:.2%}]"
