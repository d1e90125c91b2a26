"""Distances in a maze that may tell whether the mouse goes to the cheese: the features of the published regressions.

Source: "Understanding and controlling a maze-solving policy network" (2023), footnote 3, and "Behavioural statistics
for a maze-solving agent" (2023). *Steps* are those of the shortest path, *Euclidean* distances are in tiles, and the
region is the top-right 5 x 5 corner, to the nearest of whose free squares distances are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from interp_claims.mazes.geometry import decision_square, distances_steps, euclidean
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.sampling import corner_squares

REGION = 5


def _region(maze: Maze) -> tuple[Square, ...]:
    return corner_squares(maze, REGION)


def _steps(maze: Maze, source: Square, targets: Sequence[Square]) -> float:
    steps = [int(distances_steps(maze, source)[target]) for target in targets]
    reached = [s for s in steps if s >= 0]
    if not reached:
        raise MazeError(f"distance: no path leads from {source} to {targets} in {maze!r}")
    return float(min(reached))


def _euclidean(source: Square, targets: Sequence[Square]) -> float:
    return min(euclidean(source, target) for target in targets)


_Measure = Callable[[Maze, Square, Square], float]

#: Each feature by name, from the maze, its cheese and its decision square.
FEATURES: dict[str, _Measure] = {
    "Euclidean cheese to region": lambda m, cheese, ds: _euclidean(cheese, _region(m)),
    "Euclidean cheese to top-right": lambda m, cheese, ds: euclidean(cheese, m.top_right),
    "Euclidean decision square to cheese": lambda m, cheese, ds: euclidean(ds, cheese),
    "steps decision square to cheese": lambda m, cheese, ds: _steps(m, ds, [cheese]),
    "steps cheese to region": lambda m, cheese, ds: _steps(m, cheese, _region(m)),
    "steps cheese to top-right": lambda m, cheese, ds: _steps(m, cheese, [m.top_right]),
    "Euclidean decision square to top-right": lambda m, cheese, ds: euclidean(ds, m.top_right),
    "Euclidean decision square to region": lambda m, cheese, ds: _euclidean(ds, _region(m)),
    "steps decision square to top-right": lambda m, cheese, ds: _steps(m, ds, [m.top_right]),
    "steps decision square to region": lambda m, cheese, ds: _steps(m, ds, _region(m)),
    "norm of the cheese's coordinates": lambda m, cheese, ds: euclidean(cheese, (0, 0)),
}

#: The six that predicted on their own in the source, and the five that did not.
PREDICTIVE = tuple(FEATURES)[:6]
NOT_PREDICTIVE = tuple(FEATURES)[6:]

#: What a regression may use beyond the published features.
MORE_FEATURES: dict[str, _Measure] = {
    **FEATURES,
    "size": lambda m, cheese, ds: float(m.size),
    "cheese row": lambda m, cheese, ds: float(cheese[0]),
    "cheese column": lambda m, cheese, ds: float(cheese[1]),
    "rows from cheese to top": lambda m, cheese, ds: float(m.top_right[0] - cheese[0]),
    "columns from cheese to right": lambda m, cheese, ds: float(m.top_right[1] - cheese[1]),
    "decision square row": lambda m, cheese, ds: float(ds[0]),
    "decision square column": lambda m, cheese, ds: float(ds[1]),
    "steps start to decision square": lambda m, cheese, ds: _steps(m, m.start, [ds]),
    "steps start to cheese": lambda m, cheese, ds: _steps(m, m.start, [cheese]),
    "rows from decision square to cheese": lambda m, cheese, ds: float(cheese[0] - ds[0]),
    "columns from decision square to cheese": lambda m, cheese, ds: float(cheese[1] - ds[1]),
    "background": lambda m, cheese, ds: float(m.theme.background_index),
}


@lru_cache(maxsize=50_000)
def _all_features(maze: Maze) -> np.ndarray:
    square = decision_square(maze)
    if square is None or maze.cheese is None:
        raise MazeError(f"{maze!r} has no decision square; sample mazes with with_decision_square()")
    return np.array([measure(maze, maze.cheese, square) for measure in MORE_FEATURES.values()])


def maze_features(mazes: Sequence[Maze], names: Sequence[str] = tuple(FEATURES)) -> np.ndarray:
    """The features of each maze: float64 array of shape (n, len(names)).

    Raises:
        MazeError: a feature that there is not, or a maze without a decision square.
    """
    known = list(MORE_FEATURES)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise MazeError(f"features: got {unknown}, wanted names from {known}")
    columns = [known.index(name) for name in names]
    return np.array([_all_features(maze)[columns] for maze in mazes]).reshape(len(mazes), len(columns))
