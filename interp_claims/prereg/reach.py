"""Whether a prediction can be decided within its budget at all, and how probably."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from interp_claims.claims import ClaimSpec
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, Hypothesis, Verdict, first_crossing

MARGINS = (0.05, 0.1, 0.2)
_RUNS = 200
_SEED = 20_230_311
_MOST_MAZES = 2**17


@dataclasses.dataclass(frozen=True)
class Reach:
    """What a budget can decide.

    Powers are shares of simulated runs with effects at their bounds, where they spread most, so that real ones are
    decided sooner; NaN where no mean is so far. Margins are shares of the distance between the bounds.

    Attributes:
        budget: the largest number of mazes.
        mazes_to_support, mazes_to_refute: how many mazes that verdict takes with the most favourable effects; infinite
            where no number of mazes that could be paid for is enough.
        mazes_to_contrast: how many it takes, with the most favourable effects, that the claim's effect less a contrast
            control's reaches the threshold, without which nothing is supported; None where it has no such controls.
        power: for each margin, that a mean so far inside the statement is supported, and one so far outside refuted.
        power_to_contrast: for each margin, that a mean difference to a contrast control that is so far beyond the
            threshold suffices; empty without such controls.
        power_at_zero: of a claim of no effect, that a mean of 0 is supported; None for others.
    """

    budget: int
    mazes_to_support: float
    mazes_to_refute: float
    mazes_to_contrast: float | None
    power: dict[float, tuple[float, float]]
    power_to_contrast: dict[float, float]
    power_at_zero: float | None

    @property
    def can_support(self) -> bool:
        """Whether the most favourable effects are supported, and exceed contrast controls, within the budget."""
        return max(self.mazes_to_support, self.mazes_to_contrast or 0) <= self.budget

    @property
    def can_refute(self) -> bool:
        """Whether the least favourable effects are refuted within the budget."""
        return self.mazes_to_refute <= self.budget

    def obstacle(self) -> str:
        """Why one of the two verdicts cannot come, with what is needed; empty where both can."""
        if self.can_support and self.can_refute:
            return ""
        if self.mazes_to_support > self.budget:
            verdict, needs, what = "supported", self.mazes_to_support, "that"
        elif not self.can_support:
            assert self.mazes_to_contrast is not None
            verdict, needs, what = "supported", self.mazes_to_contrast, "exceeding a contrast control by the threshold"
        else:
            verdict, needs, what = "refuted", self.mazes_to_refute, "that"
        least = f"at least {_count(needs)}" if needs < math.inf else f"more than {_MOST_MAZES:,}"
        return (
            f"cannot be {verdict} within {self.budget} mazes whatever they say: {what} takes {least}; give it a larger "
            "budget or another threshold"
        )

    def text(self) -> str:
        """What the budget can decide, in three lines or four."""
        contrast = self.mazes_to_contrast
        beyond = "" if contrast is None else f", beyond a contrast control after {_count(contrast)}"
        zero = "" if self.power_at_zero is None else f"if the mean is 0: {_share_text(self.power_at_zero)} / –, "  # noqa: RUF001
        shares = [f"{m:g} away: {_share_text(yes)} / {_share_text(no)}" for m, (yes, no) in self.power.items()]
        lines = [
            f"at the best supported after {_count(self.mazes_to_support)} mazes{beyond}, refuted after "
            f"{_count(self.mazes_to_refute)}",
            f"power to support / refute with {self.budget} mazes at most, where effects spread most, {zero}at shares "
            f"of the range {', '.join(shares)}",
        ]
        if contrast is not None:
            shares = [f"{margin:g} away: {_share_text(share)}" for margin, share in self.power_to_contrast.items()]
            lines.append(
                "power to exceed a contrast control by the threshold, which it takes to be supported, with a "
                f"difference {', '.join(shares)}"
            )
        return "\n".join(lines)


def reach_of(spec: ClaimSpec, margins: Sequence[float] = MARGINS) -> Reach:
    """What the budget of a claim with one threshold can decide.

    Args:
        spec: the claim.
        margins: distances from the threshold, as shares of the distance between the bounds of the scores.
    """
    ((_, hypothesis),) = spec.hypotheses.items()
    statement, budget = _about_scores(hypothesis), spec.budget
    low, high = statement.estimand.bounds
    distances = {margin: margin * (high - low) for margin in margins}
    contrast = hypothesis.contrast() if spec.contrast_controls else None
    zero = statement.direction == "within"
    return Reach(
        budget,
        _mazes_at_best(statement, Verdict.SUPPORTED),
        _mazes_at_best(statement, Verdict.REFUTED),
        None if contrast is None else _mazes_at_best(contrast, Verdict.SUPPORTED),
        {
            margin: (_share_away(statement, distance, budget, True), _share_away(statement, distance, budget, False))
            for margin, distance in distances.items()
        },
        {m: _share_away(contrast, distance, budget, True) for m, distance in distances.items()} if contrast else {},
        _share(statement, 0.0, budget, Verdict.SUPPORTED, _SEED) if zero else None,
    )


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


def _mazes_at_best(statement: Hypothesis, wanted: Verdict) -> float:
    """How many mazes a verdict takes where every effect is the one that speaks most for it."""
    low, high = statement.estimand.bounds
    if statement.direction == "within":
        values = [0.0] if wanted is Verdict.SUPPORTED else [low, high]
    else:
        values = [high if (statement.direction == "at least") == (wanted is Verdict.SUPPORTED) else low]
    return min(_mazes_of(value, statement, wanted) for value in values)


def _mazes_of(value: float, statement: Hypothesis, wanted: Verdict) -> float:
    mazes = 128
    while mazes <= _MOST_MAZES:
        verdict, needed = first_crossing(np.full(mazes, value), statement, DEFAULT_ALPHA, DEFAULT_ALPHA)
        if verdict is not Verdict.UNDECIDED:
            return needed if verdict is wanted else math.inf
        mazes *= 4
    return math.inf


def _share_away(statement: Hypothesis, distance: float, budget: int, inside: bool) -> float:
    """Power where the mean lies ``distance`` inside or outside the statement; NaN where none does."""
    low, high = statement.estimand.bounds
    mean = _target(statement, distance, inside)
    if not low <= mean <= high or (statement.direction == "within" and inside and mean < 0):
        return float("nan")
    wanted = Verdict.SUPPORTED if inside else Verdict.REFUTED
    return _share(statement, mean, budget, wanted, _SEED, int(1000 * distance / (high - low)), int(inside))


def _share(statement: Hypothesis, mean: float, budget: int, wanted: Verdict, *seed: int) -> float:
    """The share of runs with a true mean that come to a verdict."""
    low, high = statement.estimand.bounds
    rng = np.random.default_rng(seed)
    runs = np.where(rng.random((_RUNS, budget)) < (mean - low) / (high - low), high, low)
    verdicts = [first_crossing(run, statement, DEFAULT_ALPHA, DEFAULT_ALPHA)[0] for run in runs]
    return float(np.mean([verdict is wanted for verdict in verdicts]))


def _count(mazes: float) -> str:
    return f"{mazes:,}" if mazes < math.inf else "more than can be measured"


def _share_text(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.0%}"  # noqa: RUF001
