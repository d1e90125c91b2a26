"""A maze as people are shown it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from matplotlib.axes import Axes

from interp_claims.mazes.maze import Maze, Square
from interp_claims.pictures.canvas import add_title, axes_for, described, draw_maze, mark_squares


def plot_maze(
    maze: Maze,
    *,
    ax: Optional[Axes] = None,
    title: Optional[str] = None,
    mouse: bool = True,
    pale: bool = False,
    marked: Iterable[Square] = (),
) -> Axes:
    """Draw a maze as procgen shows it to people, with its own floor picture.

    Args:
        maze: the maze.
        ax: where to draw; by default in a figure of its own.
        title: instead of the seed and size; an empty text for none.
        mouse: whether to show the mouse.
        pale: with pale colours, so that something can be drawn over it.
        marked: squares to frame, such as the decision square.

    Returns:
        The axes; the middle of square (row, column) lies at x = column, y = row.
    """
    ax = axes_for(maze, ax)
    draw_maze(ax, maze, mouse=mouse, pale=pale)
    mark_squares(ax, marked)
    add_title(ax, title, f"{described(maze)}, {maze.size} x {maze.size} tiles")
    return ax
