"""One channel of a layer laid over the maze that it was computed for."""

from __future__ import annotations

from typing import Any, Optional

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from interp_claims.mazes.maze import Maze
from interp_claims.pictures.canvas import (
    WORLD,
    PictureError,
    add_colorbar,
    add_title,
    axes_for,
    described,
    draw_maze,
)


def plot_activations(
    maze: Maze,
    activation: Any,
    *,
    label: str = "activation",
    limit: Optional[float] = None,
    ax: Optional[Axes] = None,
    title: Optional[str] = None,
    colorbar: bool = True,
    mouse: bool = True,
) -> Axes:
    """Draw one channel of a layer over the maze, each cell where it lies in the picture that the policy sees.

    A cell of a 16 x 16 layer covers about 1.6 tiles a side; :func:`interp_claims.policies.cell_of` tells which cell the
    middle of a square falls in.

    Args:
        maze: the maze that was shown.
        activation: (height, width), row 0 at the top: one channel, such as ``policy.activations(...)[0, 55]``; a tensor
            or an array.
        label: what the numbers are, for the colour bar.
        limit: the number at the end of the colours, of either sign; by default the largest.
        ax: where to draw; by default in a figure of its own.
        title: instead of the maze's seed; an empty text for none.
        colorbar: whether to show what the colours mean.
        mouse: whether to show the mouse.

    Raises:
        PictureError: no two-dimensional array of finite numbers.
    """
    numbers = np.asarray(activation.detach().cpu() if hasattr(activation, "detach") else activation, dtype=np.float64)
    if numbers.ndim != 2 or not numbers.size or not np.isfinite(numbers).all():
        raise PictureError(
            f"activation: got shape {numbers.shape}{'' if np.isfinite(numbers).all() else ' with NaN or infinity'}, "
            "wanted the finite (height, width) of one channel, such as activations[0, 55]"
        )
    ax = axes_for(maze, ax)
    draw_maze(ax, maze, mouse=mouse, pale=True)
    end = limit if limit is not None else float(np.abs(numbers).max()) or 1.0
    shown = ax.get_xlim(), ax.get_ylim()
    image = ax.imshow(
        numbers, extent=WORLD, origin="upper", cmap=matplotlib.colormaps["PuOr_r"], vmin=-end, vmax=end, alpha=0.6,
        interpolation="nearest", zorder=1,
    )  # fmt: skip
    ax.set_xlim(shown[0])
    ax.set_ylim(shown[1])
    if colorbar:
        add_colorbar(ax, image, label)
    add_title(ax, title, f"{label} in the {described(maze)}")
    return ax
