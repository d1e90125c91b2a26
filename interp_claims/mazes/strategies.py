"""Hypothesis strategies for mazes. They search for counterexamples; rates are never estimated from them."""

from __future__ import annotations

from typing import Optional

import numpy as np
from hypothesis import strategies as st

from interp_claims.mazes.geometry import decision_square, reachable_squares
from interp_claims.mazes.maze import NUM_BACKGROUNDS, SIZES, WORLD_TILES, Facing, Maze, Theme

_MAX_INT = 2**31 - 2


@st.composite
def perfect_mazes(
    draw: st.DrawFn, *, max_size: int = WORLD_TILES, cheese: Optional[bool] = None, loops: bool = False
) -> Maze:
    """Mazes in which exactly one path joins any two squares, as in procgen; they shrink towards size 3.

    Args:
        max_size: the largest size to draw.
        cheese: True for mazes with a cheese, False for mazes without, None for both.
        loops: also open some walls, so that several shortest paths may exist.
    """
    size = draw(st.sampled_from([s for s in SIZES if s <= max_size]), label="size")
    rng = np.random.default_rng(draw(st.integers(0, _MAX_INT), label="layout"))
    margin = (WORLD_TILES - size) // 2
    free = np.zeros((WORLD_TILES, WORLD_TILES), dtype=bool)
    free[margin : margin + size, margin : margin + size] = _spanning_tree(size, rng)
    if loops:
        inner = free[margin : margin + size, margin : margin + size]
        inner |= rng.random(inner.shape) < 0.2
    maze = Maze(free, size, (margin, margin), seed=None)
    if loops:
        kept = np.zeros_like(free)
        kept[tuple(np.transpose(reachable_squares(maze, maze.start)))] = True
        maze = Maze(kept, size, (margin, margin))
    squares = maze.free_squares
    if cheese is True or (cheese is None and draw(st.booleans(), label="has cheese")):
        maze = maze.with_cheese(draw(st.sampled_from(squares), label="cheese"))
    theme = Theme(draw(st.integers(0, NUM_BACKGROUNDS - 1)), draw(st.floats(0, 1, width=32)))
    facing = draw(st.sampled_from(Facing), label="facing")
    return maze.with_theme(theme).with_mouse(draw(st.sampled_from(squares), label="mouse"), facing)


def mazes_with_decision_square(*, max_size: int = WORLD_TILES) -> st.SearchStrategy[Maze]:
    """Perfect mazes with a cheese where the way to it and the way to the top-right corner part."""
    return perfect_mazes(max_size=max_size, cheese=True).filter(lambda maze: decision_square(maze) is not None)


def _spanning_tree(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random maze on size x size tiles: rooms on the even squares, joined by a random tree of passages."""
    free = np.zeros((size, size), dtype=bool)
    free[0, 0] = True
    frontier = [((0, 0), (0, 2)), ((0, 0), (2, 0))]
    while frontier:
        (row, column), (to_row, to_column) = frontier.pop(rng.integers(len(frontier)))
        if free[to_row, to_column]:
            continue
        free[to_row, to_column] = free[(row + to_row) // 2, (column + to_column) // 2] = True
        for rows, columns in ((0, 2), (2, 0), (0, -2), (-2, 0)):
            nxt = (to_row + rows, to_column + columns)
            if 0 <= nxt[0] < size and 0 <= nxt[1] < size and not free[nxt]:
                frontier.append(((to_row, to_column), nxt))
    return free
