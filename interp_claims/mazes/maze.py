"""A maze as a value: walls, mouse, facing, cheese, theme and the level seed it came from.

Squares are ``(row, column)`` pairs on the 25 x 25 tiles of procgen's hard mode. Row 0 is the *bottom* row of the
image, as in procgen's own grid. A maze of size s (odd, 3 to 25) fills the central s x s tiles; all others are wall.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import operator
import struct
from functools import cached_property
from typing import Any, Optional

import numpy as np

from interp_claims.errors import InterpClaimsError

WORLD_TILES = 25
NUM_BACKGROUNDS = 9
SIZES = tuple(range(3, WORLD_TILES + 1, 2))

Square = tuple[int, int]


class MazeError(InterpClaimsError, ValueError):
    """A maze that cannot exist, or a question that this maze has no answer to."""


class Facing(enum.Enum):
    """Where the mouse looks. RIGHT is set by a step right and persists until a step left; resets face LEFT."""

    LEFT = 0
    RIGHT = 1


@dataclasses.dataclass(frozen=True)
class Theme:
    """How a level looks: which of procgen's floor pictures, and how far along it the level's crop starts (0 to 1)."""

    background_index: int = 0
    background_offset: float = 0.0

    def __post_init__(self) -> None:
        if self.background_index not in range(NUM_BACKGROUNDS):
            raise MazeError(f"background_index: got {self.background_index!r}, wanted 0 to {NUM_BACKGROUNDS - 1}")
        if not 0 <= self.background_offset <= 1:
            raise MazeError(f"background_offset: got {self.background_offset!r}, wanted 0 to 1")


@dataclasses.dataclass(frozen=True, eq=False)
class Maze:
    """One maze with one position of the mouse: everything that an observation of it depends on.

    Attributes:
        free: bool array of shape (25, 25), read-only; True where the mouse can stand, the cheese's square included.
        size: side length of the maze in tiles, odd, 3 to 25.
        mouse: the square the mouse is on.
        cheese: the square of the cheese, or None.
        facing: where the mouse looks.
        theme: the floor picture.
        seed: the level seed the maze came from (edits keep it), or None for a maze drawn by hand.

    Raises:
        MazeError: the size is not odd or out of range, a square is not free, or there is free space outside the maze.
    """

    free: np.ndarray
    size: int
    mouse: Square
    cheese: Optional[Square] = None
    facing: Facing = Facing.LEFT
    theme: Theme = Theme()
    seed: Optional[int] = None

    def __post_init__(self) -> None:
        free = np.asarray(self.free)
        if free.shape != (WORLD_TILES, WORLD_TILES) or free.dtype != np.bool_:
            raise MazeError(
                f"free: got shape {free.shape} of {free.dtype}, wanted ({WORLD_TILES}, {WORLD_TILES}) of bool; "
                "pad the maze with walls to procgen's world, or use Maze.from_text"
            )
        if not isinstance(self.size, int) or self.size not in SIZES:
            raise MazeError(f"size: got {self.size!r}, wanted an odd number from 3 to {WORLD_TILES}")
        if free.flags.writeable or not free.flags.owndata:
            free = free.copy()
            free.setflags(write=False)
        object.__setattr__(self, "free", free)
        m, end = self.margin, self.margin + self.size
        if free.sum() != free[m:end, m:end].sum():
            raise MazeError(
                f"free: {int(free.sum() - free[m:end, m:end].sum())} free tiles lie outside the central "
                f"{self.size} x {self.size} tiles; use a larger size or wall them up"
            )
        object.__setattr__(self, "mouse", self._checked_square("mouse", self.mouse))
        if self.cheese is not None:
            object.__setattr__(self, "cheese", self._checked_square("cheese", self.cheese))

    def _checked_square(self, what: str, square: Square) -> Square:
        try:
            row, column = (operator.index(i) for i in square)
        except (TypeError, ValueError):
            raise MazeError(f"{what}: got {square!r}, wanted a (row, column) pair of whole numbers") from None
        if not (0 <= row < WORLD_TILES and 0 <= column < WORLD_TILES):
            raise MazeError(f"{what}: got square {square}, wanted row and column from 0 to {WORLD_TILES - 1}")
        if not self.free[row, column]:
            raise MazeError(f"{what}: square {(row, column)} is a wall; choose one of maze.free_squares")
        return row, column

    # -- geometry that needs no search -------------------------------------------------------------------------------

    @property
    def margin(self) -> int:
        """Tiles of solid wall on each side of the maze."""
        return (WORLD_TILES - self.size) // 2

    @property
    def start(self) -> Square:
        """The bottom-left corner, where the mouse stands after a reset."""
        return self.margin, self.margin

    @property
    def top_right(self) -> Square:
        """The top-right corner of the maze."""
        return self.margin + self.size - 1, self.margin + self.size - 1

    @cached_property
    def free_squares(self) -> tuple[Square, ...]:
        """Every square the mouse can stand on, the cheese's included, row by row from the bottom."""
        return tuple((int(r), int(c)) for r, c in np.argwhere(self.free))

    # -- edits: each returns a new maze ------------------------------------------------------------------------------

    def with_mouse(self, square: Square, facing: Facing = Facing.LEFT) -> Maze:
        """The same maze with the mouse on ``square``, facing as after a reset unless said otherwise."""
        return dataclasses.replace(self, mouse=square, facing=facing)

    def with_mouse_at_start(self) -> Maze:
        """The same maze as after a reset: mouse in the bottom-left corner, facing left."""
        return self.with_mouse(self.start)

    def with_cheese(self, square: Optional[Square]) -> Maze:
        """The same maze with its cheese on ``square``; None takes the cheese away."""
        return dataclasses.replace(self, cheese=square)

    def without_cheese(self) -> Maze:
        """The same maze with no cheese."""
        return self.with_cheese(None)

    def with_theme(self, theme: Theme) -> Maze:
        """The same maze on another floor picture."""
        return dataclasses.replace(self, theme=theme)

    def with_free(self, square: Square, free: bool = True) -> Maze:
        """The same maze with one tile opened (or, with ``free=False``, walled up)."""
        if not all(0 <= i < WORLD_TILES for i in square):
            raise MazeError(f"with_free: got square {square}, wanted row and column from 0 to {WORLD_TILES - 1}")
        changed = self.free.copy()
        changed[square] = free
        return dataclasses.replace(self, free=changed)

    def opened_to_top_right(self) -> Maze:
        """The same maze with a way opened from its top-right corner, up and then right, to that of the whole picture.

        The result fills the whole picture, so that its start is another square; the mouse stays where it is.

        Raises:
            MazeError: the maze fills the whole picture already.
        """
        if self.size == WORLD_TILES:
            raise MazeError(f"{self!r} fills the picture: no way to its top-right corner is left to open")
        (row, column), free = self.top_right, self.free.copy()
        free[row:, column] = True
        free[-1, column:] = True
        return dataclasses.replace(self, free=free, size=WORLD_TILES)

    # -- identity, text ----------------------------------------------------------------------------------------------

    @cached_property
    def key(self) -> bytes:
        """16 bytes that two mazes share when they are equal but for their seeds, and so give the same observation."""
        cheese = self.cheese if self.cheese is not None else (-1, -1)
        theme = self.theme.background_index, self.theme.background_offset
        head = struct.pack("<6iif", self.size, *self.mouse, *cheese, self.facing.value, *theme)
        return hashlib.blake2b(head + np.packbits(self.free).tobytes(), digest_size=16).digest()

    @cached_property
    def scene(self) -> bytes:
        """Bytes that two mazes share when their pictures are equal but for the mouse: walls, cheese and theme."""
        cheese = self.cheese if self.cheese is not None else (-1, -1)
        theme = self.theme.background_index, self.theme.background_offset
        return struct.pack("<2iif", *cheese, *theme) + np.packbits(self.free).tobytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return Maze, (self.free, self.size, self.mouse, self.cheese, self.facing, self.theme, self.seed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Maze) and (self.key, self.seed) == (other.key, other.seed)

    def __hash__(self) -> int:
        return hash((self.key, self.seed))

    @classmethod
    def from_text(cls, text: str, *, theme: Theme = Theme(), seed: Optional[int] = None) -> Maze:
        """A maze from a drawing: ``#`` wall, ``.`` free, ``M`` mouse, ``C`` cheese; the first line is the *top* row.

        >>> maze = Maze.from_text('''
        ... ..C
        ... .##
        ... M..
        ... ''')
        >>> maze.size, maze.mouse, maze.cheese
        (3, (11, 11), (13, 13))
        """
        lines = [line.strip() for line in text.strip().splitlines()]
        tiles = _tiles(lines, "#.MC")
        mice, cheeses = np.argwhere(tiles == "M"), np.argwhere(tiles == "C")
        if len(mice) > 1 or len(cheeses) > 1:
            raise MazeError(f"drawing: got {len(mice)} mice and {len(cheeses)} cheeses, wanted at most one of each")
        margin = (WORLD_TILES - len(lines)) // 2
        mouse = tuple(mice[0]) if len(mice) else (margin, margin)
        cheese = tuple(cheeses[0]) if len(cheeses) else None
        return cls(tiles != "#", len(lines), mouse, cheese, theme=theme, seed=seed)

    def to_text(self) -> str:
        """The drawing that :meth:`from_text` reads (a mouse on the cheese hides it)."""
        tiles = np.where(self.free, ".", "#")
        if self.cheese is not None:
            tiles[self.cheese] = "C"
        tiles[self.mouse] = "M"
        return "\n".join(self._lines(tiles))

    def _lines(self, tiles: np.ndarray) -> list[str]:
        inner = slice(self.margin, self.margin + self.size)
        return ["".join(row) for row in tiles[inner, inner][::-1]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; :meth:`from_dict` reads it back."""
        return {
            "grid": self._lines(np.where(self.free, ".", "#")),
            "mouse": list(self.mouse),
            "cheese": None if self.cheese is None else list(self.cheese),
            "facing": self.facing.name,
            "theme": dataclasses.asdict(self.theme),
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Maze:
        """The maze that :meth:`to_dict` wrote."""
        cheese = data["cheese"]
        return cls(
            _tiles(data["grid"], "#.") != "#",
            len(data["grid"]),
            (data["mouse"][0], data["mouse"][1]),
            None if cheese is None else (cheese[0], cheese[1]),
            Facing[data["facing"]],
            Theme(**data["theme"]),
            data["seed"],
        )

    def __repr__(self) -> str:
        seed = "drawn" if self.seed is None else f"seed {self.seed}"
        return f"<Maze {seed}, size {self.size}, mouse {self.mouse} {self.facing.name}, cheese {self.cheese}>"


def _tiles(lines: list[str], alphabet: str) -> np.ndarray:
    """The characters of a drawing (first line on top) on procgen's 25 x 25 tiles, walls around it."""
    size = len(lines)
    if size not in SIZES or any(len(line) != size for line in lines):
        raise MazeError(
            f"drawing: got {size} lines of lengths {sorted({len(line) for line in lines})}, wanted a square with an "
            f"odd side from 3 to {WORLD_TILES}"
        )
    strange = sorted(set("".join(lines)) - set(alphabet))
    if strange:
        raise MazeError(f"drawing: got the characters {strange}, wanted only {list(alphabet)}")
    margin = (WORLD_TILES - size) // 2
    tiles = np.full((WORLD_TILES, WORLD_TILES), "#")
    tiles[margin : margin + size, margin : margin + size] = [list(line) for line in reversed(lines)]
    return tiles
