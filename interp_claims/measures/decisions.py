"""What the policy does where the ways to the cheese and to the top-right corner part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from interp_claims.mazes.actions import direction_between
from interp_claims.mazes.geometry import decision_square, shortest_path
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.policies.policy import Policy


@dataclasses.dataclass(frozen=True)
class Decision:
    """Probabilities at the decision square, one per maze: float64 arrays of shape (n,) that add up to 1.

    Attributes:
        cheese: of the step towards the cheese.
        top_right: of the step towards the top-right corner.
        other: of everything else.
    """

    cheese: np.ndarray
    top_right: np.ndarray
    other: np.ndarray


def decision_observations(mazes: Sequence[Maze]) -> Observations:
    """Each maze with its mouse on the decision square.

    Raises:
        MazeError: a maze has no decision square.
    """
    return Observations.one_each([maze.with_mouse(_decision_square(maze)) for maze in mazes])


def _decision_square(maze: Maze) -> Square:
    square = decision_square(maze)
    if square is None:
        raise MazeError(f"{maze!r} has no decision square; sample mazes with with_decision_square()")
    return square


def decide(policy: Policy, mazes: Sequence[Maze], steps_of: Sequence[Maze] | None = None) -> Decision:
    """Probabilities of the two ways at each maze's decision square.

    Args:
        policy: the policy, edited or not.
        mazes: the mazes shown to the policy, with their mouse moved to the decision square.
        steps_of: the mazes that define square and steps, where they differ from those shown (cheese taken away, say).

    Raises:
        MazeError: a maze has no decision square.
    """
    defining = mazes if steps_of is None else steps_of
    if len(defining) != len(mazes):
        raise MazeError(f"decide: got {len(mazes)} mazes shown and {len(defining)} defining them, wanted as many")
    squares = [_decision_square(maze) for maze in defining]
    shown = Observations.one_each([maze.with_mouse(square) for maze, square in zip(mazes, squares)])
    probabilities = policy.direction_probabilities(shown)
    rows = np.arange(len(mazes))
    cheese = probabilities[rows, [_step(m, s, m.cheese) for m, s in zip(defining, squares)]]
    corner = probabilities[rows, [_step(m, s, m.top_right) for m, s in zip(defining, squares)]]
    return Decision(cheese, corner, 1 - cheese - corner)


def _step(maze: Maze, square: Square, target: Square | None) -> int:
    assert target is not None, "a maze with a decision square has a cheese"
    path = shortest_path(maze, maze.start, target)
    return int(direction_between(square, path[path.index(square) + 1]))


def p_cheese(policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
    """P(cheese): probability, at the decision square, of the step towards the cheese; float64 of shape (n,)."""
    return decide(policy, mazes).cheese


def p_top_right(policy: Policy, mazes: Sequence[Maze], steps_of: Sequence[Maze] | None = None) -> np.ndarray:
    """P(top-right): probability, at the decision square, of the step towards the top-right corner; shape (n,)."""
    return decide(policy, mazes, steps_of).top_right
