"""How sure a policy is: the entropy of its directions, and what its value head expects."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import entr

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import DISCOVERY, stock_mazes
from interp_claims.policies.policy import Policy, once_per_policy

_MAZES = 256


def entropy_share(policy: Policy, observations: Observations) -> np.ndarray:
    """The entropy of the five directions as a share of the largest: float64 (N,), each from 0 (sure) to 1."""
    probabilities = policy.direction_probabilities(observations)
    return np.asarray(entr(probabilities).sum(axis=1) / np.log(probabilities.shape[1]))


@once_per_policy
def value_spread(policy: Policy) -> float:
    """The standard deviation of the values at the start of 256 discovery mazes: the unit of a value head.

    Raises:
        InterpClaimsError: it is 0.
    """
    spread = float(policy.values(Observations.at_start(stock_mazes().sample(DISCOVERY, _MAZES))).std())
    if not spread:
        raise InterpClaimsError(
            f"value: {policy.name} gives the same one in {_MAZES} discovery mazes, so that a distance has no unit; "
            "wanted a value head that tells mazes apart"
        )
    return spread


def sureness_distance(
    what: Literal["entropy", "value"], policy: Policy, shown: Observations, base: Policy, base_shown: Observations
) -> np.ndarray:
    """How far a policy's entropies, or values, are from those of a base: float64 (N,), each from 0 to 1.

    Entropies are shares of the largest; values are in standard deviations of the base's own (:func:`value_spread`),
    since value heads differ in scale, and what is farther apart than one counts as one.
    """
    if what == "entropy":
        return np.asarray(np.abs(entropy_share(policy, shown) - entropy_share(base, base_shown)))
    apart = np.abs(policy.values(shown).astype(np.float64) - base.values(base_shown))
    return np.asarray(np.minimum(apart / value_spread(base), 1))
