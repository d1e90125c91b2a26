"""How the evidence for a claim grew, maze by maze: computed again from the scores of its result."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.results import ClaimResult
from interp_claims.verdicts.estimands import Estimand, Mean, Median, Ratio
from interp_claims.verdicts.sequential import Direction, Hypothesis, confidence_interval

_ESTIMANDS: dict[str, type[Estimand]] = {"mean": Mean, "ratio": Ratio, "median": Median}
_LOOKS = 36


class PathError(InterpClaimsError):
    """A result from which no path can be computed."""


@dataclasses.dataclass(frozen=True, eq=False)
class EvidencePath:
    """What was known of a claim's mean score after the first n mazes, for some n.

    A score is the effect; for a ratio, numerator minus threshold times denominator; for a median, whether the effect
    reaches the threshold. The statement about the score is decided exactly as that about the effect.

    Attributes:
        statement: about the mean score.
        unit: what a score is, in words.
        looks: the numbers of mazes, int array (k,).
        low: lower end of the confidence sequence after each look, (k,).
        high: its upper end, (k,).
        mean: the mean score so far, (k,).
        support: log10 of the evidence for the statement after each of the n mazes, (n,).
        refute: log10 of the evidence against it, (n,).
        bar: log10 of the evidence that decides.
    """

    statement: Hypothesis
    unit: str
    looks: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    support: np.ndarray
    refute: np.ndarray
    bar: float


def evidence_path(result: ClaimResult) -> EvidencePath:
    """The path of a sampled claim.

    Raises:
        PathError: the result has no scores, or was written before bounds were.
    """
    scores = np.array([score for _, score in result.scores[: result.mazes]], dtype=np.float64)
    if not len(scores) or result.alpha is None or result.threshold is None:
        raise PathError("no scores: the claim was not decided maze by maze")
    if result.bounds is None:
        raise PathError("the results do not tell the bounds of the effect: an older version wrote them; run it again")
    statement, unit = _about_scores(result.statement, result.bounds, result.threshold)
    scores = statement.estimand.checked(scores, len(scores))  # scores are rounded, and may lie past their bounds by it
    looks = np.unique(np.geomspace(1, len(scores), _LOOKS).round().astype(int))
    ends = np.array([confidence_interval(scores[:n], statement.estimand, result.alpha) for n in looks])
    support, refute = (evidence / np.log(10) for evidence in statement.log_evidence(scores))
    mean = np.array([scores[:n].mean() for n in looks])
    return EvidencePath(
        statement, unit, looks, ends[:, 0], ends[:, 1], mean, support, refute, float(-np.log10(result.alpha))
    )


def _about_scores(statement: str, bounds: tuple[float, float], theta: float) -> tuple[Hypothesis, str]:
    """What a statement such as "ratio at least 1.1" says about the mean score, and what a score is."""
    name, _, rest = statement.replace("|", "").partition(" ")
    directions: list[Direction] = [each for each in get_args(Direction) if rest.startswith(each)]
    if name not in _ESTIMANDS or not directions:
        raise PathError(f"got the statement {statement!r}, wanted one about a mean, a ratio or a median")
    direction: Direction = "within" if statement.startswith("|") else directions[0]
    estimand = _ESTIMANDS[name](bounds)
    unit = {
        "mean": "mean effect",
        "ratio": f"mean of numerator less {theta:g} times denominator",
        "median": f"share of mazes with an effect of {theta:g} or more",
    }[name]
    low, high = estimand.score_bounds(theta)
    slack = 1e-6 * (high - low)
    return Hypothesis(Mean((low - slack, high + slack)), direction, estimand.score_threshold(theta)), unit
