"""What a claim makes a statement about: a mean, a ratio of means or a median of per-maze effects.

Each turns "the estimand is above theta" into bets on a bounded mean: ``returns_above(values, theta)`` is what one unit
staked on it pays back for each maze, at least 0 and at most 1 on average if the estimand is theta or less; likewise
``returns_below``. Both are monotone in theta, which is what makes confidence sequences by bisection possible.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any

import numpy as np

from interp_claims.errors import InterpClaimsError

_LARGEST_RATIO = 1e3


class EffectError(InterpClaimsError, ValueError):
    """Effects that are not numbers, lie outside their declared bounds, or are too few to say anything."""


@dataclasses.dataclass(frozen=True)
class Estimand(abc.ABC):
    """A property of the distribution of per-maze effects.

    Attributes:
        bounds: the smallest and largest value that a measured number can take.
    """

    bounds: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.bounds
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise EffectError(f"bounds: got {self.bounds}, wanted two finite numbers, the smaller first")

    #: How many numbers are measured per maze.
    columns = 1

    @property
    @abc.abstractmethod
    def theta_range(self) -> tuple[float, float]:
        """The open interval in which thresholds make sense."""

    @abc.abstractmethod
    def returns_above(self, values: np.ndarray, theta: float) -> np.ndarray:
        """Returns of bets that the estimand is above theta: (n,)."""

    @abc.abstractmethod
    def returns_below(self, values: np.ndarray, theta: float) -> np.ndarray:
        """Returns of bets that the estimand is below theta: (n,)."""

    @abc.abstractmethod
    def estimate(self, values: np.ndarray) -> float:
        """The plain estimate from n mazes, n at least 1."""

    @abc.abstractmethod
    def scores(self, values: np.ndarray, theta: float) -> np.ndarray:
        """One number per maze whose mean is compared with :meth:`score_threshold`: (n,)."""

    @abc.abstractmethod
    def score_bounds(self, theta: float) -> tuple[float, float]:
        """Smallest and largest possible score."""

    @abc.abstractmethod
    def score_threshold(self, theta: float) -> float:
        """What the mean score is compared with."""

    def check_theta(self, theta: float) -> None:
        """Raise unless theta lies strictly inside :attr:`theta_range`."""
        low, high = self.theta_range
        if not low < theta < high:
            raise EffectError(f"threshold: got {theta}, wanted a number strictly between {low} and {high}")

    def checked(self, values: Any, mazes: int) -> np.ndarray:
        """The measured values as a float64 array: (n,), or (n, columns) where columns > 1.

        Args:
            values: what a claim's function returned; a tuple holds columns.
            mazes: the number of mazes that it was given.

        Raises:
            EffectError: no numbers, wrong shape, NaN or infinite, or outside the bounds.
        """
        wanted = (mazes,) if self.columns == 1 else (mazes, self.columns)
        try:
            array = np.asarray(np.column_stack(values) if isinstance(values, tuple) else values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise EffectError(f"effects: got no numbers ({error}), wanted shape {wanted}, one row per maze") from error
        if array.shape != wanted:
            raise EffectError(f"effects: got shape {array.shape}, wanted {wanted}, one row per maze")
        if not np.isfinite(array).all():
            bad = np.unique(np.argwhere(~np.isfinite(array))[:, 0])[:5].tolist()
            raise EffectError(
                f"effects: NaN or infinite for the mazes {bad} of the batch; an undefined effect must raise"
            )
        low, high = self.bounds
        slack = 1e-9 * (high - low)
        if array.size and (array.min() < low - slack or array.max() > high + slack):
            raise EffectError(
                f"effects: got values from {array.min():.6g} to {array.max():.6g}, wanted {low:g} to {high:g}; correct "
                "the claim's bounds or its measure"
            )
        return np.clip(array, low, high)


@dataclasses.dataclass(frozen=True)
class Mean(Estimand):
    """The mean effect; the accuracy, where effects are 0 and 1."""

    @property
    def theta_range(self) -> tuple[float, float]:
        return self.bounds

    def returns_above(self, values: np.ndarray, theta: float) -> np.ndarray:
        return (values - self.bounds[0]) / (theta - self.bounds[0])

    def returns_below(self, values: np.ndarray, theta: float) -> np.ndarray:
        return (self.bounds[1] - values) / (self.bounds[1] - theta)

    def estimate(self, values: np.ndarray) -> float:
        return float(np.mean(values))

    def scores(self, values: np.ndarray, theta: float) -> np.ndarray:
        return values

    def score_bounds(self, theta: float) -> tuple[float, float]:
        return self.bounds

    def score_threshold(self, theta: float) -> float:
        return theta


@dataclasses.dataclass(frozen=True)
class Ratio(Estimand):
    """The ratio of two means, of numbers from 0 to an upper bound: values are (numerator, denominator) pairs.

    "At least rho" is the statement that the mean of ``numerator - rho * denominator`` is at least 0.
    """

    columns = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bounds[0] != 0:
            raise EffectError(f"bounds: got {self.bounds} for a ratio, wanted (0, largest): both parts are at least 0")

    @property
    def theta_range(self) -> tuple[float, float]:
        return (0.0, _LARGEST_RATIO)

    def scores(self, values: np.ndarray, theta: float) -> np.ndarray:
        return values[..., 0] - theta * values[..., 1]

    def score_bounds(self, theta: float) -> tuple[float, float]:
        return (-theta * self.bounds[1], self.bounds[1])

    def score_threshold(self, theta: float) -> float:
        return 0.0

    def returns_above(self, values: np.ndarray, theta: float) -> np.ndarray:
        return 1 + self.scores(values, theta) / (theta * self.bounds[1])

    def returns_below(self, values: np.ndarray, theta: float) -> np.ndarray:
        return 1 - self.scores(values, theta) / self.bounds[1]

    def estimate(self, values: np.ndarray) -> float:
        numerator, denominator = values.mean(axis=0)
        if denominator == 0:
            raise EffectError("ratio: the denominator is 0 on every maze, so the ratio is undefined")
        return float(numerator / denominator)


@dataclasses.dataclass(frozen=True)
class Median(Estimand):
    """The median effect: "at least q" is the statement that at least half of the mazes have an effect of q or more."""

    @property
    def theta_range(self) -> tuple[float, float]:
        return self.bounds

    def scores(self, values: np.ndarray, theta: float) -> np.ndarray:
        return (values >= theta).astype(np.float64)

    def score_bounds(self, theta: float) -> tuple[float, float]:
        return (0.0, 1.0)

    def score_threshold(self, theta: float) -> float:
        return 0.5

    def returns_above(self, values: np.ndarray, theta: float) -> np.ndarray:
        return 2 * self.scores(values, theta)

    def returns_below(self, values: np.ndarray, theta: float) -> np.ndarray:
        return 2 * (1 - self.scores(values, theta))

    def estimate(self, values: np.ndarray) -> float:
        return float(np.median(values))
