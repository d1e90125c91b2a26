"""Numbers by square over a maze, or by offset from a square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from interp_claims.mazes.maze import Maze, Square
from interp_claims.pictures.canvas import (
    PictureError,
    add_colorbar,
    add_title,
    axes_for,
    described,
    draw_maze,
    new_axes,
    shade_squares,
)


def plot_heatmap(
    values: Mapping[Square, float],
    *,
    maze: Optional[Maze] = None,
    label: str = "",
    limits: Optional[tuple[float, float]] = None,
    cmap: Optional[str] = None,
    ax: Optional[Axes] = None,
    title: Optional[str] = None,
    colorbar: bool = True,
) -> Axes:
    """Draw numbers by square over a maze, or, without a maze, by offset (rows up, columns right).

    Args:
        values: one finite number for each square or offset that has one; others stay empty.
        maze: the maze whose squares they belong to.
        label: what the numbers are, with their unit, for the colour bar.
        limits: the numbers at the two ends of the colours; by default the smallest and the largest, or, where there
            are positive and negative ones, equally far from 0.
        cmap: name of a matplotlib colour map; by default one that suits the limits.
        ax: where to draw; by default in a figure of its own.
        title: instead of the maze's seed; an empty text for none.
        colorbar: whether to show what the colours mean.

    Raises:
        PictureError: no numbers, numbers that are not finite, or squares outside the maze's world.
    """
    numbers = np.array(list(values.values()), dtype=np.float64)
    if not len(numbers) or not np.isfinite(numbers).all():
        bad = [square for square, value in values.items() if not np.isfinite(value)]
        raise PictureError(f"heatmap: got {len(numbers)} numbers, not finite at {bad[:5]}; leave out what is undefined")
    if maze is not None and (outside := [s for s in values if not all(0 <= i < len(maze.free) for i in s)]):
        raise PictureError(f"heatmap: got the squares {outside[:5]}, wanted rows and columns from 0; or leave out maze")
    low, high = limits if limits is not None else _limits(numbers)
    colours = matplotlib.colormaps[cmap or ("PuOr_r" if low < 0 < high else "BuPu")]
    if maze is not None:
        ax = axes_for(maze, ax)
        draw_maze(ax, maze, mouse=False, pale=True)
    else:
        ax = _offset_axes(values, ax)
    shaded = shade_squares(ax, values, cmap=colours, limits=(low, high), opacity=1.0 if maze is None else 0.85)
    if colorbar:
        add_colorbar(ax, shaded, label)
    add_title(ax, title, "" if maze is None else described(maze))
    return ax


def _limits(numbers: np.ndarray) -> tuple[float, float]:
    low, high = float(numbers.min()), float(numbers.max())
    if low < 0 < high:
        low, high = -max(-low, high), max(-low, high)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _offset_axes(values: Mapping[Square, float], ax: Optional[Axes]) -> Axes:
    """Axes with ticks for offsets from a square."""
    ax = ax if ax is not None else new_axes()
    rows, columns = zip(*values)
    ax.set_xlim(min(columns) - 0.5, max(columns) + 0.5)
    ax.set_ylim(min(rows) - 0.5, max(rows) + 0.5)
    ax.set_aspect("equal")
    ax.set_xlabel("columns to the right (tiles)")
    ax.set_ylabel("rows up (tiles)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    return ax
