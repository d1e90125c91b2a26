"""Vector fields over their maze: what the policy would do on every square, and how two fields differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.quiver import Quiver

from interp_claims.mazes.maze import Square
from interp_claims.measures.changes import total_variation
from interp_claims.measures.fields import VectorField
from interp_claims.pictures.canvas import (
    PictureError,
    add_colorbar,
    add_title,
    axes_for,
    described,
    draw_maze,
    mark_squares,
    shade_squares,
)

#: How many tiles long the arrow of a probability of 1 is.
ARROW_TILES = 0.92
_INK = "#10131a"
_NO_CHANGE = 0.02


def plot_vector_field(
    field: VectorField,
    *,
    ax: Optional[Axes] = None,
    title: Optional[str] = None,
    key: bool = True,
    marked: Iterable[Square] = (),
) -> Axes:
    """Draw a vector field: on each square an arrow, P(right) - P(left) wide and P(up) - P(down) high.

    Args:
        field: the field, as :func:`interp_claims.measures.vector_fields` gives it.
        ax: where to draw; by default in a figure of its own.
        title: instead of the maze's seed; an empty text for none.
        key: whether to say below the maze how long an arrow of probability 1 is.
        marked: squares to frame.

    Returns:
        The axes; arrows have their middle in the middle of their square.
    """
    ax = axes_for(field.maze, ax)
    draw_maze(ax, field.maze, mouse=False, pale=True)
    _draw_arrows(ax, field.squares, field.net_vectors)
    mark_squares(ax, marked)
    if key:
        _draw_key(ax, "probability 1")
    add_title(ax, title, f"vector field in the {described(field.maze)}")
    return ax


def plot_difference(
    before: VectorField,
    after: VectorField,
    *,
    ax: Optional[Axes] = None,
    title: Optional[str] = None,
    key: bool = True,
    colorbar: bool = True,
    marked: Iterable[Square] = (),
) -> Axes:
    """Draw how two vector fields of one maze differ: arrows for after minus before, shades for how much in all.

    The shade is the total variation between the two distributions over the five directions: 0 where they agree, 1 where
    they never do the same. It tells of changes that the arrow does not, such as from going both ways to standing still.

    Args:
        before: one field.
        after: the other, on the same squares.
        ax: where to draw; by default in a figure of its own.
        title: instead of the maze's seed; an empty text for none.
        key: whether to say below the maze how long an arrow of a change of 1 is.
        colorbar: whether to show what the shades mean.
        marked: squares to frame.

    Raises:
        PictureError: the fields are on different squares.
    """
    if before.squares != after.squares:
        raise PictureError(
            f"fields: got one on {len(before.squares)} squares and one on {len(after.squares)} others, wanted both on "
            "the same; make them with vector_fields from mazes with the same walls and cheese"
        )
    ax = axes_for(before.maze, ax)
    draw_maze(ax, before.maze, mouse=False, pale=True)
    if before.squares:
        changes = total_variation(before.probabilities, after.probabilities)
        shades = dict(zip(before.squares, changes.tolist()))
        shaded = shade_squares(ax, shades, cmap=matplotlib.colormaps["BuPu"], limits=(0.0, 1.0), opacity=0.6)
        if colorbar:
            add_colorbar(ax, shaded, "total variation")
    changes_of_arrows = after.net_vectors - before.net_vectors
    changes_of_arrows[np.abs(changes_of_arrows).max(axis=1, initial=0) < _NO_CHANGE] = np.nan  # not even a dot
    _draw_arrows(ax, before.squares, changes_of_arrows)
    mark_squares(ax, marked)
    if key:
        _draw_key(ax, "change of 1")
    add_title(ax, title, f"change of the vector field in the {described(before.maze)}")
    return ax


def _draw_arrows(ax: Axes, squares: tuple[Square, ...], vectors: np.ndarray) -> Quiver:
    """Arrows (n, 2) with their middles on n squares, in units of probability; dots for those that are too short."""
    rows, columns = np.array(squares, dtype=np.float64).reshape(-1, 2).T
    return ax.quiver(
        columns, rows, vectors[:, 0], vectors[:, 1], angles="xy", units="x", scale_units="xy", scale=1 / ARROW_TILES,
        pivot="middle", width=0.11, headwidth=3.4, headlength=3.4, headaxislength=3.1, minlength=0.4, color=_INK,
        zorder=3,
    )  # fmt: skip


def _draw_key(ax: Axes, text: str) -> None:
    """Say what an arrow's length means, where the layout leaves room for it."""
    ax.set_xlabel(f"an arrow across its whole tile: {text}", fontsize=8)
