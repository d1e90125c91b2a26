"""How much an edit changes the policy's action probabilities."""

from __future__ import annotations

import numpy as np

from interp_claims.mazes.actions import Direction
from interp_claims.mazes.maze import MazeError
from interp_claims.mazes.observations import Observations
from interp_claims.policies.policy import Policy

_MOVES = [Direction.LEFT, Direction.DOWN, Direction.UP, Direction.RIGHT]


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Total variation distance of distributions along the last axis: half the sum of absolute differences."""
    return 0.5 * np.abs(p - q).sum(axis=-1)


def mean_total_variation(policy: Policy, other: Policy, observations: Observations) -> np.ndarray:
    """Total variation between two policies' direction probabilities, averaged over each maze's observations.

    Returns:
        float64 array of shape (num_mazes,), each from 0 to 1.
    """
    p, q = (which.direction_probabilities(observations) for which in (policy, other))
    return observations.mean_per_maze(total_variation(p, q))


def published_change(policy: Policy, other: Policy, observations: Observations) -> np.ndarray:
    """The change in action probabilities as the authors' code computes it, per maze: shape (num_mazes,).

    Half the Frobenius norm of the difference over N squares x 4 moves, divided by N. It shrinks like 1 / sqrt(N), so it
    compares only mazes with as many squares; :func:`mean_total_variation` is the main figure.
    """
    p, q = (which.direction_probabilities(observations)[:, _MOVES] for which in (policy, other))
    squared = np.bincount(observations.owner_array, ((p - q) ** 2).sum(axis=1), observations.num_mazes)
    counts = np.bincount(observations.owner_array, minlength=observations.num_mazes)
    if not counts.all():
        raise MazeError(f"published change: the mazes {np.flatnonzero(counts == 0).tolist()} have no observation")
    return np.sqrt(squared) / counts / 2
