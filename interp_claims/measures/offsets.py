"""Where the cheese lies, seen from the top-right corner, and how often the mouse gets it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from interp_claims.mazes.maze import Maze, MazeError, Square


def success_by_offset(mazes: Sequence[Maze], got_cheese: np.ndarray) -> dict[Square, float]:
    """The share of mazes in which the mouse gets the cheese, for each place of the cheese.

    Args:
        mazes: the mazes, with cheese.
        got_cheese: bool (n,).

    Returns:
        Shares by offset from the maze's top-right corner: (rows up, columns to the right), 0 or less.

    Raises:
        MazeError: a maze has no cheese, or there are not as many outcomes as mazes.
    """
    if len(mazes) != len(got_cheese):
        raise MazeError(f"success by offset: got {len(mazes)} mazes and {len(got_cheese)} outcomes, wanted as many")
    outcomes: dict[Square, list[bool]] = defaultdict(list)
    for maze, got in zip(mazes, got_cheese):
        if maze.cheese is None:
            raise MazeError(f"success by offset: {maze!r} has no cheese")
        outcomes[maze.cheese[0] - maze.top_right[0], maze.cheese[1] - maze.top_right[1]].append(bool(got))
    return {offset: float(np.mean(of)) for offset, of in sorted(outcomes.items())}
