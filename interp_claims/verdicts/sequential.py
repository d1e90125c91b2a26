"""From per-maze effects to a verdict: the two-sided betting test, decided maze by maze in the order of the seeds."""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal, Protocol

import numpy as np

from interp_claims.verdicts.betting import STAKES, best_log_wealth, log_wealth
from interp_claims.verdicts.estimands import EffectError, Estimand, Mean, Median

Direction = Literal["at least", "at most", "within"]

DEFAULT_ALPHA = 0.001
DEFAULT_BUDGET = 1024
_BISECTIONS = 60


class Verdict(str, enum.Enum):
    """What the mazes said. NOT_EVALUATED: the question was not decided, because a control shows it says nothing."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_EVALUATED = "not evaluated"

    def __str__(self) -> str:
        return self.value


class Statement(Protocol):
    """What mazes can speak for and against."""

    def log_evidence(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log evidence for and against the statement after each maze: two arrays (n,)."""


@dataclasses.dataclass(frozen=True)
class Hypothesis:
    """A statement about an estimand, such as "the mean effect is at least 0.384".

    Attributes:
        estimand: what the statement is about.
        direction: ``"at least"``, ``"at most"``, or ``"within"``: the absolute mean is at most theta.
        theta: the threshold.
    """

    estimand: Estimand
    direction: Direction
    theta: float

    def __post_init__(self) -> None:
        if self.direction == "within":
            if not isinstance(self.estimand, Mean) or self.theta <= 0:
                raise EffectError(
                    f"within: got {self.theta} of a {type(self.estimand).__name__}, wanted a mean and > 0"
                )
            self.estimand.check_theta(-self.theta)
        self.estimand.check_theta(self.theta)

    def log_evidence(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log evidence for and against the statement after each maze: two arrays (n,).

        Each is the log of an e-process: under the opposite of what it speaks for, it exceeds log(1 / alpha) at any
        time with probability at most alpha.
        """

        def above(theta: float) -> np.ndarray:
            return log_wealth(self.estimand.returns_above(values, theta))

        def below(theta: float) -> np.ndarray:
            return log_wealth(self.estimand.returns_below(values, theta))

        if self.direction == "at least":
            return above(self.theta), below(self.theta)
        if self.direction == "at most":
            return below(self.theta), above(self.theta)
        inside = np.minimum(below(self.theta), above(-self.theta))
        outside = np.logaddexp(above(self.theta), below(-self.theta)) - np.log(2)
        return inside, outside

    def opposing_order(self, values: np.ndarray) -> np.ndarray:
        """Indices of the mazes, the one that speaks most against the statement first."""
        scores = self.estimand.scores(values, self.theta)
        if self.direction == "within":
            return np.argsort(-np.abs(scores), kind="stable")
        return np.argsort(scores if self.direction == "at least" else -scores, kind="stable")

    def contrast(self) -> Hypothesis:
        """The statement that the effect, less a control's effect on the same maze, reaches the same threshold."""
        if self.direction == "within":
            raise EffectError("contrast: a claim of no effect has no contrast control; give it null controls that act")
        if isinstance(self.estimand, Median):
            raise EffectError("contrast: is not defined for medians; make a claim about the mean effect")
        if isinstance(self.estimand, Mean) and (self.theta < 0 if self.direction == "at least" else self.theta > 0):
            raise EffectError(
                f"contrast: a control equal to the edit would exceed it by {self.direction} {self.theta:g}; "
                "turn the effect round so that its threshold lies on the side of the claim"
            )
        low, high = self.estimand.score_bounds(self.theta)
        return Hypothesis(Mean((low - high, high - low)), self.direction, self.estimand.score_threshold(self.theta))

    def contrast_scores(self, values: np.ndarray, control: np.ndarray) -> np.ndarray:
        """What :meth:`contrast` is about: the claim's score less the control's, maze by maze."""
        return self.estimand.scores(values, self.theta) - self.estimand.scores(control, self.theta)

    def __str__(self) -> str:
        name = type(self.estimand).__name__.lower()
        return (
            f"|{name}| at most {self.theta:g}"
            if self.direction == "within"
            else f"{name} {self.direction} {self.theta:g}"
        )


@dataclasses.dataclass(frozen=True)
class Decision:
    """What some mazes say about a statement.

    Attributes:
        verdict: supported, refuted or undecided.
        mazes: how many mazes count; those after the decision are left out.
        effect: the estimate from these mazes. After early stopping it is biased: the interval is the result.
        interval: confidence interval that holds at any stopping time, at level 1 - alpha.
        log_support: log evidence for the statement at the end.
        log_refute: log evidence against it.
    """

    verdict: Verdict
    mazes: int
    effect: float
    interval: tuple[float, float]
    log_support: float
    log_refute: float


def first_crossing(
    values: np.ndarray, hypothesis: Statement, alpha_support: float, alpha_refute: float
) -> tuple[Verdict, int]:
    """The verdict at the first maze where the evidence suffices, and how many mazes that took (all, if undecided)."""
    support, refute = hypothesis.log_evidence(values)
    supported, refuted = support >= -np.log(alpha_support), refute >= -np.log(alpha_refute)
    crossed = supported | refuted
    if not crossed.any():
        return Verdict.UNDECIDED, len(values)
    first = int(np.argmax(crossed))
    return (Verdict.SUPPORTED if supported[first] else Verdict.REFUTED), first + 1


def out_of_reach(values: np.ndarray, hypothesis: Hypothesis, alpha: float, budget: int) -> bool:
    """Whether evidence that grows as on these mazes, or 1.5 times as fast, decides nothing within the budget.

    Used to give up on controls early, such as a ratio of two numbers that are almost always 0. Giving up says
    "undecided", which is no statement, so that no error rate is touched.
    """
    estimand, theta = hypothesis.estimand, hypothesis.theta
    low = -theta if hypothesis.direction == "within" else theta
    rates = [
        best_log_wealth(estimand.returns_above(values, theta)) / len(values),
        best_log_wealth(estimand.returns_below(values, low)) / len(values),
    ]
    if hypothesis.direction == "within":
        inside = (estimand.returns_below(values, theta), estimand.returns_above(values, -theta))
        rates.append(min(best_log_wealth(returns) / len(values) for returns in inside))
    return bool(1.5 * max(rates) * budget - np.log(len(STAKES)) < -np.log(alpha))


def decide(
    values: np.ndarray,
    hypothesis: Hypothesis,
    *,
    alpha_support: float = DEFAULT_ALPHA,
    alpha_refute: float = DEFAULT_ALPHA,
    budget: int = DEFAULT_BUDGET,
) -> Decision:
    """Decide a statement from per-maze values in the order of the seeds.

    Args:
        values: (n,) or (n, columns), as the estimand wants them; those beyond the budget are ignored.
        hypothesis: the statement.
        alpha_support: bound on the probability of "supported" where the statement is false.
        alpha_refute: bound on the probability of "refuted" where it is true.
        budget: the largest number of mazes.

    Raises:
        EffectError: no values, or values outside the bounds.
    """
    if not (0 < alpha_support < 1 and 0 < alpha_refute < 1 and budget >= 1):
        raise EffectError(
            f"got alphas {alpha_support} and {alpha_refute} and budget {budget}, wanted 0 < alpha < 1 and budget >= 1"
        )
    values = hypothesis.estimand.checked(values, len(values))[:budget]
    if not len(values):
        raise EffectError("got no effects: a mean of no mazes is undefined")
    verdict, mazes = first_crossing(values, hypothesis, alpha_support, alpha_refute)
    used = values[:mazes]
    support, refute = hypothesis.log_evidence(used)
    return Decision(
        verdict,
        mazes,
        hypothesis.estimand.estimate(used),
        confidence_interval(used, hypothesis.estimand, min(alpha_support, alpha_refute)),
        float(support[-1]),
        float(refute[-1]),
    )


def confidence_interval(values: np.ndarray, estimand: Estimand, alpha: float) -> tuple[float, float]:
    """All thetas that the betting test at 2 / alpha a side has not excluded after any of the n mazes.

    The intersection over time of a confidence sequence: it covers the estimand at every n at once with probability at
    least 1 - alpha. Evidence is monotone in theta, so the largest evidence over time is too, and bisection finds its
    crossing.
    """
    bar = np.log(2 / alpha)

    low, high = estimand.theta_range

    def excluded_above(theta: float) -> bool:  # where all values are as small as can be, bisection ends at the end
        return theta > low and bool(log_wealth(estimand.returns_above(values, theta)).max() >= bar)

    def excluded_below(theta: float) -> bool:
        return theta < high and bool(log_wealth(estimand.returns_below(values, theta)).max() >= bar)

    lower, upper = (low, high), (low, high)
    for _ in range(_BISECTIONS):
        middle = (lower[0] + lower[1]) / 2
        lower = (middle, lower[1]) if excluded_above(middle) else (lower[0], middle)
        middle = (upper[0] + upper[1]) / 2
        upper = (upper[0], middle) if excluded_below(middle) else (middle, upper[1])
    return (lower[0], upper[1])
