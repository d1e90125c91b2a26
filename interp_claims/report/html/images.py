"""Vector fields as small pictures that a page carries within itself."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from typing import Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from interp_claims.mazes.actions import Direction
from interp_claims.mazes.geometry import NoPathError, decision_square
from interp_claims.mazes.maze import Maze, Square
from interp_claims.measures.changes import total_variation
from interp_claims.measures.fields import VectorField
from interp_claims.pictures import plot_difference, plot_vector_field
from interp_claims.running.evidence import PicturedMaze

_PIXELS_PER_TILE, _LEAST_PIXELS = 15, 300
_COLOURS = 64


@dataclasses.dataclass(frozen=True)
class FieldImage:
    """A picture on the page.

    Attributes:
        caption: what it shows.
        description: what there is to see, for those who cannot see it.
        uri: the picture itself, as a ``data:`` address.
        pixels: width and height.
    """

    caption: str
    description: str
    uri: str
    pixels: int


def field_images(picture: PicturedMaze) -> tuple[FieldImage, ...]:
    """The pictures of one maze: unedited, under the edits, and the difference that the last of them makes."""
    before, after, first = picture.unedited, picture.edited, picture.first
    if before is None:
        return ()
    images = [_image(before.maze, "unedited" if picture.edits else "what the policy does", _shown(before), before)]
    if first is not None:
        images.append(_image(first.maze, "under the first edit", _shown(first), first))
    if after is not None:
        caption = "under the last edit" if first is not None else "under the edit"
        images.append(_image(after.maze, caption, _shown(after), after))
        caption = "difference that the last edit makes" if first is not None else "difference"

        def difference(ax: Axes) -> None:
            plot_difference(before, after, ax=ax, title="", key=False, colorbar=False, marked=_marked(after.maze))

        images.append(_image(after.maze, caption, difference, before, after))
    return tuple(images)


def _shown(field: VectorField) -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        plot_vector_field(field, ax=ax, title="", key=False, marked=_marked(field.maze))

    return draw


def _marked(maze: Maze) -> tuple[Square, ...]:
    try:
        square = decision_square(maze)
    except NoPathError:
        return ()
    return () if square is None else (square,)


def _image(maze: Maze, caption: str, draw: Callable[[Axes], None], *fields: VectorField) -> FieldImage:
    pixels = max(_LEAST_PIXELS, _PIXELS_PER_TILE * maze.size + 18)
    figure = Figure(figsize=(pixels / 100, pixels / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    draw(figure.add_axes((0, 0, 1, 1)))
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(drawn[..., :3].copy()).quantize(
        _COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    data = io.BytesIO()
    picture.convert("RGB").save(data, "WEBP", lossless=True, quality=80, method=4)
    uri = f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
    return FieldImage(caption, _described(maze, *fields), uri, pixels)


def _described(maze: Maze, before: VectorField, after: Optional[VectorField] = None) -> str:
    """A field, or how two differ, in a sentence or two."""
    where = f"Maze of {maze.size} by {maze.size} tiles"
    where += "" if maze.cheese is None else f", cheese on {_from_corner(maze, maze.cheese)}"
    marked = _marked(maze)
    if not before.squares:
        return f"{where}; no square to stand on."
    if after is None:
        square = marked[0] if marked else before.squares[0]
        name = "decision square" if marked else "square"
        p = before.probabilities[before.squares.index(square)]
        likely = Direction(int(p.argmax())).name.lower()
        here = f"On the {name} {_from_corner(maze, square)} the likeliest direction is {likely}"
        return f"{where}. {here}, with probability {p.max():.2f}."
    changes = total_variation(before.probabilities, after.probabilities)
    most = int(changes.argmax())
    text = (
        f"{where}. The probabilities change by more than 0.1 (total variation) on {int((changes > 0.1).sum())} of "
        f"{len(changes)} squares, most on {_from_corner(maze, before.squares[most])}: {changes[most]:.2f}."
    )
    if marked and marked[0] in before.squares:
        text += f" On the decision square: {changes[before.squares.index(marked[0])]:.2f}."
    return text


def _from_corner(maze: Maze, square: Square) -> str:
    """Where a square is, counted from the maze's own bottom-left corner, from 1."""
    row, column = square[0] - maze.margin + 1, square[1] - maze.margin + 1
    return f"column {column}, row {row}"
