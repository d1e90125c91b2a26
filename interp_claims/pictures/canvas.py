"""What all pictures share: axes that show one maze, procgen's view of it beneath, squares shaded and marked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from interp_claims.errors import InterpClaimsError
from interp_claims.files import write_atomically
from interp_claims.mazes.maze import WORLD_TILES, Maze, Square
from interp_claims.mazes.procgen import VIEW_PIXELS, human_view

#: The edges of the whole world, as matplotlib's images want them: left, right, bottom, top.
WORLD = (-0.5, WORLD_TILES - 0.5, -0.5, WORLD_TILES - 0.5)
_BORDER_TILES = 0.6
_PALE_FLOOR, _PALE_WALL = 0.22, 0.7
_INCHES = 4.0


class PictureError(InterpClaimsError, ValueError):
    """Something that cannot be drawn as it is."""


def axes_for(maze: Maze, ax: Optional[Axes]) -> Axes:
    """The axes given, or new ones, made ready for a maze: as much of the world as it fills, without ticks."""
    if ax is None:
        ax = new_axes()
    low = maze.margin - 0.5 - _BORDER_TILES
    high = maze.margin + maze.size - 0.5 + _BORDER_TILES
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def new_axes() -> Axes:
    """Axes in a figure of their own, shown by notebooks."""
    from matplotlib import pyplot  # only here: reports make their figures without pyplot's state

    _, ax = pyplot.subplots(figsize=(_INCHES, _INCHES), layout="constrained")
    return ax


def check_picture_name(path: Path) -> str:
    """The kind of picture that a file's name asks for, such as ``png``.

    Raises:
        PictureError: it ends in nothing that can be drawn.
    """
    kind, known = path.suffix.removeprefix(".").lower(), Figure().canvas.get_supported_filetypes()
    if kind not in known:
        raise PictureError(
            f"{path}: got a name that ends in {path.suffix!r}, wanted one of .{', .'.join(sorted(known))}"
        )
    return kind


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as the kind of picture that the file's name ends in.

    Raises:
        PictureError: the name ends in nothing that can be drawn.
        FileError: the file cannot be written.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=check_picture_name(path))
    write_atomically(path, buffer.getvalue())


def draw_maze(ax: Axes, maze: Maze, *, mouse: bool, pale: bool) -> None:
    """procgen's view of a maze; pale and without grain, so that something can be drawn over it and read."""
    view = human_view(maze).astype(np.float64) / 255
    if not mouse:
        view = _without_mouse(maze, view)
    if pale:
        shown = [square for square in (maze.mouse if mouse else None, maze.cheese) if square is not None]
        view = _pale(maze, view, shown)
    limits = ax.get_xlim(), ax.get_ylim()
    pixels = (view * 255).round().astype(np.uint8)  # an eighth of the memory, and the same picture
    ax.imshow(pixels, extent=WORLD, origin="upper", interpolation="bilinear", zorder=0)
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])


def _pale(maze: Maze, view: np.ndarray, kept: Iterable[Square]) -> np.ndarray:
    """Floor and walls each in one pale colour, but some squares as they are."""
    pale, free = view.copy(), _by_pixel(maze.free)
    bare = maze.free.copy()
    bare[maze.mouse] = False
    if maze.cheese is not None:
        bare[maze.cheese] = False
    floor = _by_pixel(bare) if bare.any() else free
    pale[free] = 1 - _PALE_FLOOR * (1 - view[floor].mean(axis=0))
    pale[~free] = 1 - _PALE_WALL * (1 - view[~free].mean(axis=0)) if not maze.free.all() else 1.0
    for square in kept:
        pale[_pixels_of(square)] = view[_pixels_of(square)]
    return pale


def _by_pixel(squares: np.ndarray) -> np.ndarray:
    """What holds for each square, for each pixel of procgen's view, whose first row is the top one."""
    tile_of = np.arange(VIEW_PIXELS) * WORLD_TILES // VIEW_PIXELS
    return np.asarray(squares[::-1][np.ix_(tile_of, tile_of)])


def _pixels_of(square: Square) -> tuple[slice, slice]:
    """The pixels of procgen's view that show a square."""
    top, left = WORLD_TILES - 1 - square[0], square[1]
    side = VIEW_PIXELS / WORLD_TILES
    return slice(round(top * side), round((top + 1) * side)), slice(round(left * side), round((left + 1) * side))


def _without_mouse(maze: Maze, view: np.ndarray) -> np.ndarray:
    """A view with the mouse's square shown as it looks when the mouse is elsewhere; as it is if there is no other."""
    others = [square for square in maze.free_squares if square not in (maze.mouse, maze.cheese)]
    if not others:
        return view
    elsewhere = human_view(maze.with_mouse(others[-1])).astype(np.float64) / 255
    shown = view.copy()
    rows, columns = _pixels_of(maze.mouse)
    around = slice(max(rows.start - 2, 0), rows.stop + 2), slice(max(columns.start - 2, 0), columns.stop + 2)
    shown[around] = elsewhere[around]
    return shown


def shade_squares(
    ax: Axes, values: Mapping[Square, float], *, cmap: Colormap, limits: tuple[float, float], opacity: float
) -> ScalarMappable:
    """Squares of (row, column) coloured by number; what colour bars are made from."""
    rows, columns = zip(*values)
    grid = np.full((max(rows) - min(rows) + 1, max(columns) - min(columns) + 1), np.nan)
    for (row, column), value in values.items():
        grid[row - min(rows), column - min(columns)] = value
    extent = (min(columns) - 0.5, max(columns) + 0.5, min(rows) - 0.5, max(rows) + 0.5)
    low, high = limits
    kept = ax.get_xlim(), ax.get_ylim()
    image = ax.imshow(
        grid, extent=extent, origin="lower", cmap=cmap, vmin=low, vmax=high, alpha=opacity,
        interpolation="nearest", zorder=1,
    )  # fmt: skip
    ax.set_xlim(kept[0])
    ax.set_ylim(kept[1])
    return image


def mark_squares(ax: Axes, squares: Iterable[Square]) -> None:
    """Frames around squares."""
    for row, column in squares:
        frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="white", linewidth=3.0, zorder=4)
        ax.add_patch(frame)
        frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#c2185b", linewidth=1.4, zorder=5)
        ax.add_patch(frame)


def add_colorbar(ax: Axes, mappable: ScalarMappable, label: str) -> Any:
    """A colour bar beside the axes."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return figure.colorbar(mappable, ax=ax, label=label, shrink=0.8)


def add_title(ax: Axes, title: Optional[str], default: str) -> None:
    """A title: the default one, another, or none for an empty text."""
    text = default if title is None else title
    if text:
        ax.set_title(text, fontsize=9)


def described(maze: Maze) -> str:
    """A maze in a few words, for titles."""
    return "drawn maze" if maze.seed is None else f"maze of seed {maze.seed}"
