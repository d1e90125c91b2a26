"""What a claim loses from an older policy to a newer one, by the scores of both on the same mazes."""

from __future__ import annotations

import dataclasses

import numpy as np

from interp_claims.verdicts.estimands import EffectError, Mean
from interp_claims.verdicts.sequential import Hypothesis, confidence_interval


@dataclasses.dataclass(frozen=True)
class Loss:
    """The statement that a claim loses at most a margin from an older policy to a newer one.

    Of a claim "at least", that the mean score is smaller by at most the margin; of one "at most", that it is larger by
    at most the margin. A claim of no effect is about the absolute mean: of it, that the absolute mean is larger by at
    most the margin m. With the differences d = new - old and the sums s = new + old of each maze,

        |mean new| <= |mean old| + m   if and only if   (mean d <= m or mean s <= m) and (mean d >= -m or mean s >= -m).

    Evidence for "or" is the average of that for either part, for "and" the smaller one, so that error rates hold.

    Attributes:
        claim: what the claim states.
        margin: the largest loss that counts as none, in the units of the claim's scores.

    Raises:
        EffectError: the margin is below 0.
    """

    claim: Hypothesis
    margin: float

    def __post_init__(self) -> None:
        if not self.margin >= 0:
            raise EffectError(f"margin: got {self.margin}, wanted 0 or more: the largest loss that counts as none")

    def log_evidence(self, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log evidence for and against the statement after each maze: two arrays (n,), as of a :class:`Hypothesis`.

        Args:
            pairs: (n, 2), the newer policy's score and the older one's of each maze.

        Raises:
            EffectError: scores outside the claim's bounds, or a margin that is no smaller than they are wide.
        """
        sides = self._sides(pairs)
        above = [Hypothesis(mean, "at least", -self.margin).log_evidence(values) for values, mean in sides]
        if len(sides) == 1:
            return above[0]
        below = [Hypothesis(mean, "at most", self.margin).log_evidence(values) for values, mean in sides]
        inside = np.minimum(_either(above[0][0], above[1][0]), _either(below[0][0], below[1][0]))
        outside = _either(np.minimum(above[0][1], above[1][1]), np.minimum(below[0][1], below[1][1]))
        return inside, outside

    def difference(self, pairs: np.ndarray) -> float:
        """What the newer policy gained, in the mean of n >= 1 mazes: positive favours the claim."""
        means = [float(values.mean()) for values, _ in self._sides(pairs)]
        return means[0] if len(means) == 1 else _nearer(*means)

    def interval(self, pairs: np.ndarray, alpha: float) -> tuple[float, float]:
        """A confidence interval of :meth:`difference` at level 1 - alpha, valid at any stopping time."""
        sides = self._sides(pairs)
        ends = [confidence_interval(values, mean, alpha / len(sides)) for values, mean in sides]
        if len(ends) == 1:
            return ends[0]
        corners = [_nearer(d, s) for d in ends[0] for s in ends[1]]  # it is monotone in d, and in s
        return min(corners), max(corners)

    def _sides(self, pairs: np.ndarray) -> list[tuple[np.ndarray, Mean]]:
        """What is bet on: differences, turned to favour the claim; for a claim of no effect, differences and sums."""
        low, high = self.claim.estimand.score_bounds(self.claim.theta)
        apart, new, old = Mean((low - high, high - low)), pairs[:, 0], pairs[:, 1]
        if self.claim.direction != "within":
            differences = new - old if self.claim.direction == "at least" else old - new
            return [(apart.checked(differences, len(pairs)), apart)]
        together = Mean((2 * low, 2 * high))
        return [(apart.checked(new - old, len(pairs)), apart), (together.checked(new + old, len(pairs)), together)]


def _either(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Log evidence for one statement or another: the log of the average."""
    return np.logaddexp(first, second) - np.log(2)


def _nearer(difference: float, total: float) -> float:
    """How much nearer to 0 the newer of two means is, by their difference, new minus old, and their sum."""
    return (abs(total - difference) - abs(total + difference)) / 2
