"""Simulated effects whose mean is known: how often the betting test errs, and how often it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from interp_claims.proof.counts import Counts
from interp_claims.verdicts.betting import log_wealth
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, DEFAULT_BUDGET

THETA = 0.2
#: How far the mean effect lies from the threshold.
OFFSETS = (-0.1, -0.05, 0.0, 0.05, 0.1)
RUNS = 20_000
UNIT = Mean((0.0, 1.0))
_SEED = 20_231
_AT_ONCE = 500

#: Kinds of effects: from randomness, a mean and a shape to effects in [0, 1].
DRAWS: dict[str, Callable[[np.random.Generator, float, tuple[int, int]], np.ndarray]] = {
    "0 or 1": lambda rng, mean, shape: (rng.random(shape) < mean).astype(float),
    "smooth (beta)": lambda rng, mean, shape: rng.beta(6 * mean, 6 * (1 - mean), shape),
    "mostly 0": lambda rng, mean, shape: np.where(rng.random(shape) < 2 * mean, rng.random(shape), 0.0),
}


def simulate(
    kind: str,
    offset: float,
    *,
    runs: int = RUNS,
    alpha: float = DEFAULT_ALPHA,
    budget: int = DEFAULT_BUDGET,
    theta: float = THETA,
) -> Counts:
    """Decide many simulated claims "the mean effect is at least ``theta``", whose mean is .2 + ``offset``.

    All runs are decided at once, by the same evidence and the same rule as :func:`first_crossing`.
    """
    mean = THETA + offset
    rng = np.random.default_rng([_SEED, round(1000 * mean)])
    bar, supported, refuted = -np.log(alpha), 0, 0
    for done in range(0, runs, _AT_ONCE):
        values = DRAWS[kind](rng, mean, (min(_AT_ONCE, runs - done), budget))
        for_it = log_wealth(UNIT.returns_above(values, theta)) >= bar
        against = log_wealth(UNIT.returns_below(values, theta)) >= bar
        first_for = np.where(for_it.any(axis=1), for_it.argmax(axis=1), budget)
        first_against = np.where(against.any(axis=1), against.argmax(axis=1), budget)
        supported += int((first_for < first_against).sum())
        refuted += int((first_against < first_for).sum())
    return Counts(round(mean - theta, 12), runs, supported, refuted)


def simulated_rows(runs: int = RUNS) -> Iterator[tuple[str, Counts]]:
    """The counts of every kind of effect at every offset, one after the other."""
    for kind in DRAWS:
        for offset in OFFSETS:
            yield kind, simulate(kind, offset, runs=runs)
