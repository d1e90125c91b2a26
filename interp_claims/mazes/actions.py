"""procgen's 15 actions, the 5 directions they come to, and what a step does to a maze."""

from __future__ import annotations

import enum

import numpy as np

from interp_claims.mazes.maze import WORLD_TILES, Facing, Maze, MazeError, Square

NUM_ACTIONS = 15


class Direction(enum.IntEnum):
    """The five things the mouse can do, in the order of every array of direction probabilities."""

    LEFT = 0
    DOWN = 1
    UP = 2
    RIGHT = 3
    STAY = 4


DELTAS: dict[Direction, Square] = {
    Direction.LEFT: (0, -1),
    Direction.DOWN: (-1, 0),
    Direction.UP: (1, 0),
    Direction.RIGHT: (0, 1),
    Direction.STAY: (0, 0),
}

#: The direction of each of procgen's 15 actions; the diagonal ones go sideways, because horizontal beats vertical.
DIRECTION_OF_ACTION = tuple(
    Direction.LEFT if action in (0, 1, 2) else
    Direction.DOWN if action == 3 else
    Direction.UP if action == 5 else
    Direction.RIGHT if action in (6, 7, 8) else
    Direction.STAY
    for action in range(NUM_ACTIONS)
)  # fmt: skip

_TO_DIRECTIONS = np.eye(len(Direction))[list(DIRECTION_OF_ACTION)]


def direction_probabilities(action_probabilities: np.ndarray) -> np.ndarray:
    """Sum the probabilities of procgen's actions by direction: (..., 15) to (..., 5) in the order of `Direction`."""
    return action_probabilities @ _TO_DIRECTIONS


def direction_between(a: Square, b: Square) -> Direction:
    """The direction of the step from ``a`` to its neighbour ``b``.

    Raises:
        MazeError: the squares are no neighbours.
    """
    for direction, (rows, columns) in DELTAS.items():
        if direction is not Direction.STAY and (a[0] + rows, a[1] + columns) == b:
            return direction
    raise MazeError(f"squares {a} and {b}: wanted neighbours, one step apart")


def take_step(maze: Maze, direction: Direction) -> Maze:
    """The maze after one step of the mouse; walls stop it. Trying to go sideways turns the mouse even at a wall."""
    rows, columns = DELTAS[direction]
    row, column = maze.mouse[0] + rows, maze.mouse[1] + columns
    inside = 0 <= row < WORLD_TILES and 0 <= column < WORLD_TILES
    facing = {Direction.LEFT: Facing.LEFT, Direction.RIGHT: Facing.RIGHT}.get(direction, maze.facing)
    return maze.with_mouse((row, column) if inside and maze.free[row, column] else maze.mouse, facing)
