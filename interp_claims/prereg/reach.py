"""Whether a prediction can be decided within its budget at all, and how probably."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from interp_claims.claims import ClaimSpec
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, Hypothesis, Verdict, first_crossing

MARGINS = (0.05, 0.1, 0.2)
_RUNS = 200
_SEED = 20_230_311


@dataclasses.dataclass(frozen=True)
class Reach:
    """What a budget can decide.

    Attributes:
        can_support, can_refute: whether the most favourable effects lead to that verdict within the budget.
        power: for each margin, the share of simulated runs that support a true mean that far inside the statement, and
            that refute one that far outside; NaN where no effect is so far. Effects are taken at their bounds, where
            their spread is largest, so that real effects are decided sooner.
    """

    can_support: bool
    can_refute: bool
    power: dict[float, tuple[float, float]]


def reach_of(spec: ClaimSpec, margins: Sequence[float] = MARGINS) -> Reach:
    """What the budget of a claim with one threshold can decide.

    Args:
        spec: the claim.
        margins: distances from the threshold, as shares of the distance between the bounds of the scores.
    """
    ((_, hypothesis),) = spec.hypotheses.items()
    statement = _about_scores(hypothesis)
    best, worst = (_extreme(statement, good, spec.budget) for good in (True, False))
    power = {margin: (_share(statement, margin, spec.budget, True), _share(statement, margin, spec.budget, False))
             for margin in margins}  # fmt: skip
    return Reach(best is Verdict.SUPPORTED, worst is Verdict.REFUTED, power)


def _about_scores(hypothesis: Hypothesis) -> Hypothesis:
    """The same statement about the mean of the scores, which all estimands come down to."""
    if isinstance(hypothesis.estimand, Mean):
        return hypothesis
    bounds = hypothesis.estimand.score_bounds(hypothesis.theta)
    return Hypothesis(Mean(bounds), hypothesis.direction, hypothesis.estimand.score_threshold(hypothesis.theta))


def _target(statement: Hypothesis, distance: float, inside: bool) -> float:
    """A mean that lies ``distance`` inside or outside the statement."""
    if statement.direction == "within":
        return statement.theta - distance if inside else statement.theta + distance
    upward = (statement.direction == "at least") == inside
    return statement.theta + (distance if upward else -distance)


def _extreme(statement: Hypothesis, good: bool, budget: int) -> Verdict:
    low, high = statement.estimand.bounds
    if statement.direction == "within":
        value = 0.0 if good else high
    else:
        value = high if (statement.direction == "at least") == good else low
    return first_crossing(np.full(budget, value), statement, DEFAULT_ALPHA, DEFAULT_ALPHA)[0]


def _share(statement: Hypothesis, margin: float, budget: int, inside: bool) -> float:
    low, high = statement.estimand.bounds
    mean = _target(statement, margin * (high - low), inside)
    if not low <= mean <= high or (statement.direction == "within" and inside and mean < 0):
        return float("nan")
    rng = np.random.default_rng([_SEED, int(margin * 1000), inside])
    wanted = Verdict.SUPPORTED if inside else Verdict.REFUTED
    runs = np.where(rng.random((_RUNS, budget)) < (mean - low) / (high - low), high, low)
    verdicts = [first_crossing(run, statement, DEFAULT_ALPHA, DEFAULT_ALPHA)[0] for run in runs]
    return float(np.mean([verdict is wanted for verdict in verdicts]))
