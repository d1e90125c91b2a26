"""How readily the policy walks a given path."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from interp_claims.mazes.actions import direction_between
from interp_claims.mazes.geometry import NoPathError, distances_to_nearest_steps, shortest_path
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.policies.policy import Policy


def normalised_path_probability(policy: Policy, mazes: Sequence[Maze], targets: Sequence[Square]) -> np.ndarray:
    """Geometric mean of the step probabilities along the shortest path from the start to a target, per maze.

    The mouse faces as after a reset on every square. Source: arXiv 2310.08043.

    Args:
        policy: the policy, edited or not.
        mazes: the mazes.
        targets: one square per maze, not the start.

    Returns:
        float64 array of shape (n,), each from 0 to 1.

    Raises:
        MazeError: a target is the start square.
        NoPathError: a target cannot be reached.
    """
    if len(mazes) != len(targets):
        raise MazeError(f"path probability: got {len(mazes)} mazes and {len(targets)} targets, wanted one for each")
    paths = [shortest_path(maze, maze.start, target) for maze, target in zip(mazes, targets)]
    for maze, path in zip(mazes, paths):
        if len(path) == 1:
            raise MazeError(f"path probability: the target is the start of {maze!r}; an empty path has no probability")
    observations = Observations.at_squares(mazes, [path[:-1] for path in paths])
    steps = [int(direction_between(a, b)) for path in paths for a, b in pairwise(path)]
    chosen = policy.direction_probabilities(observations)[np.arange(len(steps)), steps]
    with np.errstate(divide="ignore"):  # a step of probability 0 makes the whole path impossible
        return np.exp(observations.mean_per_maze(np.log(chosen)))


def steps_from_top_right_path(maze: Maze, square: Square) -> int:
    """How many steps a square lies off the path from the start to the top-right corner; 0 on it.

    Raises:
        NoPathError: no path leads from the square to that path.
    """
    steps = steps_off_top_right_path(maze)[square]
    if steps < 0:
        raise NoPathError(f"no path leads from {square} to the way to the corner of {maze!r}")
    return int(steps)


def steps_off_top_right_path(maze: Maze) -> np.ndarray:
    """:func:`steps_from_top_right_path` of every square: int32 array (25, 25), -1 where no path leads to that path."""
    return distances_to_nearest_steps(maze, shortest_path(maze, maze.start, maze.top_right))
