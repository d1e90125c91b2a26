"""Where the mouse dwells in the long run: the stationary distribution of the policy's walk over a maze's squares.

What the policy sees depends on where the mouse stands and on where it looks, so both together are a state of the walk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import spsolve

from interp_claims.mazes.actions import DELTAS, Direction
from interp_claims.mazes.maze import Facing, Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.measures.changes import total_variation
from interp_claims.measures.fields import field_squares
from interp_claims.policies.policy import Policy

#: In each step the walk begins anew at the start with this probability, so that its stationary distribution is unique.
RESTART = 0.01
_TURNS = {Direction.LEFT: Facing.LEFT, Direction.RIGHT: Facing.RIGHT}


def dwelling_observations(mazes: Sequence[Maze]) -> Observations:
    """The mouse on every free square of each maze but the cheese's, looking left and then right on each."""
    placed = [
        (maze.with_mouse(square, facing), i)
        for i, maze in enumerate(mazes)
        for square in field_squares(maze)
        for facing in Facing
    ]
    return Observations(tuple(maze for maze, _ in placed), tuple(owner for _, owner in placed), len(mazes))


def stationary_distribution(maze: Maze, squares: Sequence[Square], probabilities: np.ndarray) -> np.ndarray:
    """The share of time that the mouse spends on each free square, wherever it looks.

    The walk begins anew at the start, looking left, with probability .01 a step and whenever the mouse gets the cheese.
    Trying to go left or right turns the mouse, even at a wall.

    Args:
        maze: the maze.
        squares: every free square but the cheese's, n of them.
        probabilities: (n, 2, 5), of the five directions on each, looking left and looking right.

    Returns:
        float64 (n + 1,), adding up to 1; the last is the cheese's square (0 without cheese).

    Raises:
        MazeError: a free square is missing, or the probabilities are not those of both facings.
    """
    places = {square: i for i, square in enumerate(squares)}
    missing = [square for square in maze.free_squares if square not in places and square != maze.cheese]
    if maze.start == maze.cheese:
        raise MazeError(f"stationary distribution: the cheese is on the start of {maze!r}, so that no walk begins")
    if missing or maze.start not in places:
        raise MazeError(f"stationary distribution: wanted every free square of {maze!r}, missing {missing[:3]}")
    got, wanted = np.shape(probabilities), (len(squares), len(Facing), len(Direction))
    if got != wanted:
        raise MazeError(f"stationary distribution: got probabilities of shape {got}, wanted {wanted}, for both facings")

    def state(square: Square, facing: Facing) -> int:
        return len(Facing) * places[square] + facing.value

    end = len(Facing) * len(squares)
    first = state(maze.start, Facing.LEFT)
    rows, columns, values = [end], [first], [1.0]
    for square in squares:
        for facing in Facing:
            for direction in Direction:
                target = (square[0] + DELTAS[direction][0], square[1] + DELTAS[direction][1])
                turned = _TURNS.get(direction, facing)
                rows.append(state(square, facing))
                columns.append(end if target == maze.cheese else state(target if target in places else square, turned))
                values.append(float(probabilities[places[square], facing.value, direction]))
    steps = csc_matrix((values, (rows, columns)), shape=(end + 1, end + 1))
    anew = np.zeros(end + 1)
    anew[first] = RESTART
    shares = spsolve((identity(end + 1, format="csc") - (1 - RESTART) * steps).T.tocsc(), anew)
    by_square = np.append(shares[:end].reshape(-1, len(Facing)).sum(axis=1), shares[end])
    return np.asarray(by_square / by_square.sum())


def dwelling_change(policy: Policy, other: Policy, mazes: Sequence[Maze], shown: Observations) -> np.ndarray:
    """Total variation between the stationary distributions of two policies in each maze: (n,), each from 0 to 1.

    Args:
        policy, other: the policies.
        mazes: the mazes.
        shown: what :func:`dwelling_observations` gives for them.

    Raises:
        MazeError: it is something else.
    """
    wanted = dwelling_observations(mazes)
    if shown != wanted:
        raise MazeError("dwelling: got other observations than dwelling_observations(mazes); ask about both facings")
    ends = np.cumsum([len(Facing) * len(field_squares(maze)) for maze in mazes])[:-1]
    both = [np.split(which.direction_probabilities(shown), ends) for which in (policy, other)]
    changes = []
    for maze, p, q in zip(mazes, *both):
        squares = field_squares(maze)
        one, two = (
            stationary_distribution(maze, squares, rows.reshape(len(squares), len(Facing), -1)) for rows in (p, q)
        )
        changes.append(total_variation(one, two))
    return np.array(changes)
