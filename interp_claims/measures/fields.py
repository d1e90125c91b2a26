"""Vector fields: what the policy would do on every square of a maze."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from interp_claims.mazes.actions import Direction
from interp_claims.mazes.maze import Facing, Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.policies.policy import Policy


@dataclasses.dataclass(frozen=True)
class VectorField:
    """Direction probabilities on the squares of one maze.

    Attributes:
        maze: the maze.
        squares: the squares the mouse was put on, n of them.
        probabilities: (n, 5), in the order of `Direction`.
    """

    maze: Maze
    squares: tuple[Square, ...]
    probabilities: np.ndarray

    @property
    def net_vectors(self) -> np.ndarray:
        """(n, 2): probability of RIGHT minus LEFT, and of UP minus DOWN, on each square."""
        p = self.probabilities
        across = p[:, Direction.RIGHT] - p[:, Direction.LEFT]
        return np.stack([across, p[:, Direction.UP] - p[:, Direction.DOWN]], axis=1)


def field_squares(maze: Maze) -> tuple[Square, ...]:
    """The squares of a vector field: every free one but the cheese's, where the episode would be over."""
    return tuple(square for square in maze.free_squares if square != maze.cheese)


def vector_fields(policy: Policy, mazes: Sequence[Maze], facing: Facing = Facing.LEFT) -> list[VectorField]:
    """The vector field of each maze, with the mouse facing as after a reset unless said otherwise."""
    squares = [field_squares(maze) for maze in mazes]
    probabilities = policy.direction_probabilities(Observations.at_squares(mazes, squares, facing))
    ends = np.cumsum([len(s) for s in squares])[:-1]
    return [VectorField(*parts) for parts in zip(mazes, squares, np.split(probabilities, ends))]
