"""Simulated effects with a known truth: how often the betting test errs, and how often it decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Optional

import numpy as np

from interp_claims.proof.counts import Counts
from interp_claims.verdicts.estimands import Mean, Median, Ratio
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, DEFAULT_BUDGET, Hypothesis

#: The threshold of means.
THETA = 0.2
#: How far the truth lies beyond the threshold, on the side of the claim; below 0, the claim is false.
OFFSETS = (-0.1, -0.05, 0.0, 0.05, 0.1)
RUNS = 20_000
_SEED = 20_231
_AT_ONCE = 500
_RATIO = 1.1

Draw = Callable[[np.random.Generator, float, tuple[int, int]], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Simulated:
    """A claim about effects of one kind.

    Attributes:
        hypothesis: the claim.
        draw: from randomness, what is true of the estimand and (runs, mazes) to what is measured.
    """

    hypothesis: Hypothesis
    draw: Draw

    def truth(self, offset: float) -> float:
        """What is true of the estimand where the claim is true by ``offset``."""
        return self.hypothesis.theta + (offset if self.hypothesis.direction == "at least" else -offset)


def _zero_or_one(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> np.ndarray:
    return (rng.random(shape) < mean).astype(float)


def _smooth(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> np.ndarray:
    return rng.beta(6 * mean, 6 * (1 - mean), shape)


def _mostly_zero(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> np.ndarray:
    return np.where(rng.random(shape) < 2 * mean, rng.random(shape), 0.0)


def _pairs(rng: np.random.Generator, ratio: float, shape: tuple[int, int]) -> np.ndarray:
    """Denominators, and numerators that are ``ratio`` times as large on average, maze by maze: (runs, mazes, 2)."""
    denominators = 0.8 * _smooth(rng, 0.6, shape)
    goals = ratio * denominators
    return np.stack([rng.beta(6 * goals, 6 * (1 - goals)), denominators], axis=-1)


def _around_median(rng: np.random.Generator, median: float, shape: tuple[int, int]) -> np.ndarray:
    return median + rng.uniform(-0.2, 0.2, shape)


def _either_sign(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> np.ndarray:
    return 2 * _smooth(rng, (1 + mean) / 2, shape) - 1


def _less_a_control(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> np.ndarray:
    """A claim's effects, 0 or 1, less those of a control, which has .3 on average and most where the claim has."""
    drawn = rng.random(shape)
    return (drawn < mean + 0.3) - 0.6 * (drawn < 0.5)


_MEAN = Hypothesis(Mean((0.0, 1.0)), "at least", THETA)
_SIGNED = Mean((-1.0, 1.0))

#: Kinds of effects by name.
KINDS = {
    "0 or 1": Simulated(_MEAN, _zero_or_one),
    "smooth (beta)": Simulated(_MEAN, _smooth),
    "mostly 0": Simulated(_MEAN, _mostly_zero),
    "less a control's": Simulated(_MEAN.contrast(), _less_a_control),
    "of either sign": Simulated(Hypothesis(_SIGNED, "at most", THETA), _either_sign),
    "of either sign, none": Simulated(Hypothesis(_SIGNED, "within", THETA), _either_sign),
    "ratio of means": Simulated(Hypothesis(Ratio((0.0, 1.0)), "at least", _RATIO), _pairs),
    "median": Simulated(Hypothesis(Median((-1.0, 1.0)), "at least", THETA), _around_median),
}


def simulate(
    kind: str,
    offset: float,
    *,
    runs: int = RUNS,
    alpha: float = DEFAULT_ALPHA,
    budget: int = DEFAULT_BUDGET,
    theta: Optional[float] = None,
) -> Counts:
    """Decide many simulated claims of a kind that are true by ``offset``; with ``theta``, at another threshold.

    All runs are decided at once, by the same evidence and the same rule as :func:`first_crossing`.
    """
    simulated = KINDS[kind]
    truth = simulated.truth(offset)
    hypothesis = simulated.hypothesis if theta is None else dataclasses.replace(simulated.hypothesis, theta=theta)
    true_by = truth - hypothesis.theta if hypothesis.direction == "at least" else hypothesis.theta - truth
    rng = np.random.default_rng([_SEED, round(1000 * truth)])
    bar, supported, refuted = -np.log(alpha), 0, 0
    for done in range(0, runs, _AT_ONCE):
        values = simulated.draw(rng, truth, (min(_AT_ONCE, runs - done), budget))
        for_it, against = (evidence >= bar for evidence in hypothesis.log_evidence(values))
        first_for = np.where(for_it.any(axis=1), for_it.argmax(axis=1), budget)
        first_against = np.where(against.any(axis=1), against.argmax(axis=1), budget)
        supported += int((first_for < first_against).sum())
        refuted += int((first_against < first_for).sum())
    return Counts(round(true_by, 12), runs, supported, refuted)
