"""Distances, shortest paths and decision squares, by breadth-first search in scipy's compiled graph routines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Optional

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from interp_claims.mazes.maze import WORLD_TILES, Maze, MazeError, Square

UNREACHABLE = -1


class NoPathError(MazeError):
    """Two squares of a maze that no path connects."""


def _adjacency(free: np.ndarray) -> csr_matrix:
    """The graph of the free squares of (N, 25, 25) tiles, mazes side by side (node = maze * 625 + row * 25 + column).

    Each edge appears once, from the smaller node to the larger.
    """
    nodes = np.arange(free.size).reshape(free.shape)
    across = free[:, :, :-1] & free[:, :, 1:]
    upward = free[:, :-1] & free[:, 1:]
    tails = np.concatenate([nodes[:, :, :-1][across], nodes[:, :-1][upward]])
    heads = np.concatenate([nodes[:, :, 1:][across], nodes[:, 1:][upward]])
    return csr_matrix((np.ones(len(tails)), (tails, heads)), shape=(free.size, free.size))


@lru_cache(maxsize=256)
def _graph(free: bytes) -> csr_matrix:
    return _adjacency(np.frombuffer(free, dtype=bool).reshape(1, WORLD_TILES, WORLD_TILES))


@lru_cache(maxsize=16_384)  # of some 5 KB each; every claim goes through the same mazes
def _search(free: bytes, source: Square) -> tuple[np.ndarray, np.ndarray]:
    """Steps from ``source`` to every node, and each node's predecessor on its shortest path from there (-1 for none).

    Of several predecessors that are equally near, the one with the smallest node number is taken.
    """
    steps = dijkstra(_graph(free), directed=False, unweighted=True, indices=source[0] * WORLD_TILES + source[1])
    steps = np.where(np.isinf(steps), UNREACHABLE, steps).astype(np.int32)
    padded = np.pad(steps.reshape(WORLD_TILES, WORLD_TILES), 1, constant_values=UNREACHABLE)
    nodes = np.arange(WORLD_TILES**2, dtype=np.int16)
    predecessors = np.full(WORLD_TILES**2, -1, dtype=np.int16)
    for rows, columns in ((1, 0), (0, 1), (0, -1), (-1, 0)):  # the last to fit stays: the smallest node number
        first_row, first_column = 1 + rows, 1 + columns
        neighbour = padded[first_row : first_row + WORLD_TILES, first_column : first_column + WORLD_TILES].ravel()
        before = (neighbour == steps - 1) & (steps > 0)
        predecessors[before] = nodes[before] + rows * WORLD_TILES + columns
    for array in (steps, predecessors):
        array.setflags(write=False)  # callers share them
    return steps, predecessors


def _check_free(maze: Maze, what: str, square: Square) -> None:
    if not all(0 <= i < WORLD_TILES for i in square):
        raise MazeError(f"{what}: got square {square}, wanted row and column from 0 to {WORLD_TILES - 1}")
    if not maze.free[square]:
        raise MazeError(f"{what}: square {square} is a wall of {maze!r}; choose one of maze.free_squares")


def distances_steps(maze: Maze, source: Square) -> np.ndarray:
    """Steps from ``source`` to every square: read-only int32 array (25, 25), -1 where no path leads."""
    _check_free(maze, "source", source)
    return _search(maze.free.tobytes(), source)[0].reshape(WORLD_TILES, WORLD_TILES)


def distances_steps_each(mazes: Sequence[Maze], sources: Sequence[Square]) -> np.ndarray:
    """:func:`distances_steps` of many mazes from one source each, in one search: int32 array (N, 25, 25)."""
    if len(mazes) != len(sources):
        raise MazeError(f"distances: got {len(mazes)} mazes and {len(sources)} sources, wanted as many")
    for maze, source in zip(mazes, sources):
        _check_free(maze, "source", source)
    if not mazes:
        return np.empty((0, WORLD_TILES, WORLD_TILES), dtype=np.int32)
    nodes = [i * WORLD_TILES**2 + row * WORLD_TILES + column for i, (row, column) in enumerate(sources)]
    graph = _adjacency(np.stack([maze.free for maze in mazes]))
    steps = dijkstra(graph, directed=False, unweighted=True, indices=nodes, min_only=True)  # one source reaches each
    return np.where(np.isinf(steps), UNREACHABLE, steps).astype(np.int32).reshape(-1, WORLD_TILES, WORLD_TILES)


def distances_to_nearest_steps(maze: Maze, targets: Sequence[Square]) -> np.ndarray:
    """Steps from every square to the nearest of some: int32 array (25, 25), -1 where no path leads to any of them."""
    if not targets:
        raise MazeError(f"distances: got no targets in {maze!r}, wanted at least one")
    for target in targets:
        _check_free(maze, "target", target)
    nodes = [row * WORLD_TILES + column for row, column in targets]
    steps = dijkstra(_graph(maze.free.tobytes()), directed=False, unweighted=True, indices=nodes, min_only=True)
    return np.where(np.isinf(steps), UNREACHABLE, steps).astype(np.int32).reshape(WORLD_TILES, WORLD_TILES)


def reachable_squares(maze: Maze, source: Square) -> tuple[Square, ...]:
    """Every square that a path leads to from ``source``, itself included, row by row from the bottom."""
    return tuple((int(r), int(c)) for r, c in np.argwhere(distances_steps(maze, source) != UNREACHABLE))


def shortest_path(maze: Maze, source: Square, target: Square) -> tuple[Square, ...]:
    """The shortest path, both ends included. Where several are equally short, always the same one.

    All paths from one source belong to one tree, so two of them never part and meet again.

    Raises:
        NoPathError: no path leads from ``source`` to ``target``.

    >>> maze = Maze.from_text('''
    ... ..C
    ... .##
    ... M..
    ... ''')
    >>> shortest_path(maze, maze.mouse, maze.cheese)
    ((11, 11), (12, 11), (13, 11), (13, 12), (13, 13))
    """
    _check_free(maze, "source", source)
    _check_free(maze, "target", target)
    predecessors = _search(maze.free.tobytes(), source)[1]
    node, root = target[0] * WORLD_TILES + target[1], source[0] * WORLD_TILES + source[1]
    path = [node]
    while node != root:
        node = int(predecessors[node])
        if node < 0:
            raise NoPathError(f"no path leads from {source} to {target} in {maze!r}")
        path.append(node)
    return tuple(divmod(node, WORLD_TILES) for node in reversed(path))


def path_length_steps(maze: Maze, source: Square, target: Square) -> int:
    """The number of steps of the shortest path.

    Raises:
        NoPathError: no path leads there.
    """
    return len(shortest_path(maze, source, target)) - 1


@lru_cache(maxsize=16_384)  # distributions ask it of the same mazes for every claim
def decision_square(maze: Maze) -> Optional[Square]:
    """The last common square of the shortest paths from the start to the cheese and to the top-right corner.

    None where there is nothing to decide: the maze has no cheese, the cheese lies on the way to the corner, or the
    corner lies on the way to the cheese. Source: "Understanding and controlling a maze-solving policy network" (2023).

    Raises:
        NoPathError: the start does not reach the cheese or the corner.
    """
    if maze.cheese is None:
        return None
    to_cheese = shortest_path(maze, maze.start, maze.cheese)
    to_corner = shortest_path(maze, maze.start, maze.top_right)
    common = [a for a, b in zip(to_cheese, to_corner) if a == b]
    return None if common[-1] in (maze.cheese, maze.top_right) else common[-1]


def forget() -> None:
    """Let go of the distances, paths and decision squares that are kept: whatever is asked next is searched anew."""
    for kept in (_graph, _search, decision_square):
        kept.cache_clear()


def euclidean(a: Square, b: Square) -> float:
    """Straight-line distance between two squares, in tiles."""
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))
