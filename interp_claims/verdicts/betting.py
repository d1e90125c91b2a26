"""The betting test: evidence that a bounded mean lies above or below a threshold, valid at any stopping time.

For X in [0, 1] and a threshold m, a gambler who stakes the fraction f of their wealth on "the mean is above m" holds
``prod(1 - f + f * X_i / m)`` after the mazes i. If the mean is at most m, no gambler expects to gain, and by Ville's
inequality the wealth ever reaches 1 / alpha with probability at most alpha. The evidence is the average wealth of
twelve gamblers with fixed stakes: nothing is tuned, and none ever goes bankrupt.

Source: Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting" (arXiv 2010.09686).
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

#: The gamblers' stakes.
STAKES = np.geomspace(0.02, 0.98, 12)


def best_log_wealth(returns: np.ndarray) -> float:
    """Log of the richest gambler's wealth after all n mazes."""
    gains = np.log1p(STAKES[:, None] * (np.asarray(returns, dtype=np.float64) - 1))
    return float(gains.sum(axis=-1).max())


def log_wealth(returns: np.ndarray) -> np.ndarray:
    """Log of the average wealth after each maze.

    Args:
        returns: what a stake of 1 pays back, for example X / m, at least 0: (..., n) over n mazes.

    Returns:
        (..., n): the logarithm of the mixture's wealth after 1, 2, ..., n mazes.

    >>> bool(log_wealth(np.ones(5)).max() < 1e-12)
    True
    """
    gains = np.log1p(STAKES[:, None] * (np.asarray(returns, dtype=np.float64)[..., None, :] - 1))
    return logsumexp(np.cumsum(gains, axis=-1), axis=-2) - np.log(len(STAKES))
