"""Where the mouse dwells in the long run: the stationary distribution of the policy's walk over a maze's squares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import spsolve

from interp_claims.mazes.actions import DELTAS, Direction
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.measures.changes import total_variation
from interp_claims.policies.policy import Policy

#: In each step the walk begins anew at the start with this probability, so that its stationary distribution is unique.
RESTART = 0.01


def stationary_distribution(maze: Maze, squares: Sequence[Square], probabilities: np.ndarray) -> np.ndarray:
    """The share of time that the mouse spends on each free square.

    The walk begins anew at the start with probability .01 a step, and whenever the mouse gets the cheese.

    Args:
        maze: the maze.
        squares: every free square but the cheese's.
        probabilities: (len(squares), 5), of the five directions on each.

    Returns:
        float64 (len(squares) + 1,), adding up to 1; the last is the cheese's square (0 without cheese).

    Raises:
        MazeError: a free square is missing.
    """
    places = {square: i for i, square in enumerate(squares)}
    missing = [square for square in maze.free_squares if square not in places and square != maze.cheese]
    if maze.start == maze.cheese:
        raise MazeError(f"stationary distribution: the cheese is on the start of {maze!r}, so that no walk begins")
    if missing or maze.start not in places:
        raise MazeError(f"stationary distribution: wanted every free square of {maze!r}, missing {missing[:3]}")
    end = len(squares)
    rows, columns, values = [end], [places[maze.start]], [1.0]
    for square, i in places.items():
        for direction in Direction:
            target = (square[0] + DELTAS[direction][0], square[1] + DELTAS[direction][1])
            rows.append(i)
            columns.append(end if target == maze.cheese else places.get(target, i))
            values.append(float(probabilities[i, direction]))
    steps = csc_matrix((values, (rows, columns)), shape=(end + 1, end + 1))
    anew = np.zeros(end + 1)
    anew[places[maze.start]] = RESTART
    shares = spsolve((identity(end + 1, format="csc") - (1 - RESTART) * steps).T.tocsc(), anew)
    return np.asarray(shares / shares.sum())


def dwelling_change(policy: Policy, other: Policy, mazes: Sequence[Maze], squares: Observations) -> np.ndarray:
    """Total variation between the stationary distributions of two policies in each maze: (n,), each from 0 to 1.

    Args:
        policy, other: the policies.
        mazes: the mazes.
        squares: all free squares of each maze but the cheese's.
    """
    ends = np.cumsum(np.bincount(squares.owner_array, minlength=len(mazes)))[:-1]
    places = np.split(np.array([maze.mouse for maze in squares.mazes]), ends)
    changes = []
    both = [np.split(which.direction_probabilities(squares), ends) for which in (policy, other)]
    for maze, own, p, q in zip(mazes, places, *both):
        on = [(int(row), int(column)) for row, column in own]
        changes.append(total_variation(stationary_distribution(maze, on, p), stationary_distribution(maze, on, q)))
    return np.array(changes)
