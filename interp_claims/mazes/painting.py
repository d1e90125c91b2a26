"""Pictures of mazes, put together from what procgen draws for single tiles, pixel for pixel as procgen draws them.

procgen draws the floor, then tile by tile the walls and the cheese, then the mouse. A tile covers two or three pixels a
side and may share its outermost ones with its neighbours; walls and cheese cover theirs wholly, the mouse is blended
over what lies beneath. So everything that procgen can draw follows from its pictures of single tiles: these are looked
at once, and drawing a maze from them takes a small part of procgen's time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import NUM_BACKGROUNDS, WORLD_TILES, Facing, Maze, Square, Theme

_SIDE = 64
_PIXELS = _SIDE * _SIDE
_TILES = tuple((row, column) for row in range(WORLD_TILES) for column in range(WORLD_TILES))
_NO_TILE = len(_TILES)
_AT_ONCE = 64

#: Draws mazes, with the mouse or without it: uint8 array (n, 64, 64, 3).
Draw = Callable[[Sequence[Maze], bool], np.ndarray]


class PaintingError(InterpClaimsError):
    """procgen draws in a way that this module does not know."""


@dataclasses.dataclass(frozen=True)
class Sprites:
    """How a picture, such as the mouse, is blended over what lies beneath, for each tile that it can stand on.

    Attributes:
        pixels: int64 (tiles, p), the pixels covered; tiles that cover fewer than p repeat one.
        colours: uint16 (tiles, p, 3), what is added.
        shares: uint16 (tiles, p, 1), how much of what lies beneath stays, of 255.
    """

    pixels: np.ndarray
    colours: np.ndarray
    shares: np.ndarray

    def over(self, tiles: np.ndarray, beneath: np.ndarray) -> np.ndarray:
        """The colours uint8 (n, p, 3) of the sprites on n tiles over what lies beneath, uint8 (n, p, 3)."""
        return (self.colours[tiles] + _kept(beneath, self.shares[tiles])).astype(np.uint8)


def _seen(drawn: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The colours of some pixels of each tile's picture: uint8 (floors, tiles, p, 3)."""
    return np.take_along_axis(drawn, pixels[None, :, :, None], axis=2)


def _blend(beneath: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How a picture was blended over several floors, given them and what is seen, both uint8 (floors, tiles, p, 3).

    Returns:
        Colours uint16 (tiles, p, 3), shares uint16 (tiles, p, 1), and bool (tiles,): whether that is not the one way.
    """
    colours, shares = np.zeros(seen.shape[1:], np.uint16), np.zeros((*seen.shape[1:3], 1), np.uint16)
    ways = np.zeros(seen.shape[1:3], dtype=np.int64)
    for share in range(256):
        added = seen.astype(np.int64) - _kept(beneath, np.array(share))
        fitting = (added == added[:1]).all(axis=(0, 3)) & (added >= 0).all(axis=(0, 3))
        colours[fitting], shares[fitting] = added[0][fitting], share
        ways += fitting
    return colours, shares, (ways != 1).any(axis=1)


def _kept(colours: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """``colours * shares / 255``, rounded as Qt's raster engine does: uint16."""
    product = colours.astype(np.uint16) * shares.astype(np.uint16)
    return (product + (product >> 8) + 128) >> 8


class Painter:
    """Draws mazes as procgen does.

    Args:
        draw: how procgen draws; asked for some thousand pictures, once.

    Raises:
        PaintingError: its pictures are not put together from tiles as expected.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._floors = self._pictures([_open(_TILES[0], Theme(index)) for index in range(NUM_BACKGROUNDS)])
        self._learn_walls()
        self._cheese = self._sprites(lambda tile, theme: _open(_other(tile), theme, cheese=tile), mouse=False)
        if self._cheese.shares.any():
            raise PaintingError("procgen's cheese lets the floor shine through, which this version does not expect")
        self._mice = {facing: self._mouse_sprites(facing) for facing in Facing}
        self._learn_mouse_windows()

    # -- learning ----------------------------------------------------------------------------------------------------

    def _pictures(self, mazes: Sequence[Maze], mouse: bool = False) -> np.ndarray:
        """procgen's pictures: uint8 (n, pixels, 3)."""
        return self._draw(mazes, mouse).reshape(len(mazes), _PIXELS, 3)

    def _mouse_sprites(self, facing: Facing) -> Sprites:
        return self._sprites(lambda tile, theme: _open(tile, theme, facing=facing), mouse=True)

    def _learn_mouse_windows(self) -> None:
        """First row and column of a rectangle around each mouse, int64 (2, facings, tiles), and its size."""
        covered = np.stack([np.divmod(self._mice[facing].pixels, _SIDE) for facing in sorted(Facing, key=_value)])
        first, last = covered.min(axis=-1), covered.max(axis=-1)
        height, width = (last - first).max(axis=(0, 2)) + 1
        self._mouse_size = int(height), int(width)
        limits = np.array([_SIDE - height, _SIDE - width]).reshape(1, 2, 1)
        self._mouse_corners = np.minimum(first, limits).swapaxes(0, 1)

    def _learn_walls(self) -> None:
        """Which tiles cover each pixel, in the order in which they are drawn, and the colour of each one's wall."""
        single = np.stack([self._pictures([_walled([tile], Theme(index)) for tile in _TILES]) for index in (0, 1)])
        covers = (single != self._floors[:2, None]).any(axis=(0, 3))
        most = int(covers.sum(axis=0).max())
        order = np.argsort(~covers, axis=0, kind="stable")[:most]
        self._owners = np.where(np.take_along_axis(covers, order, axis=0), order, _NO_TILE)
        self._walls = single[0][np.minimum(self._owners, _NO_TILE - 1), np.arange(_PIXELS)]
        owner = self._owners[0].reshape(_SIDE, _SIDE)
        rows, columns = owner[:, 0] // WORLD_TILES, owner[0] % WORLD_TILES
        if (owner != rows[:, None] * WORLD_TILES + columns).any() or (single[0] != single[1])[covers].any():
            raise PaintingError("procgen's walls are no opaque rectangles, which this version does not expect")
        self._floor_to_wall = self._floors ^ self._walls[0]
        self._first_owners = rows, np.repeat(columns, 3)
        shared = [np.flatnonzero(owners != _NO_TILE) for owners in self._owners[1:]]
        self._shared = [(p, self._owners[k][p], self._walls[k][p]) for k, p in enumerate(shared, 1)]

    def _sprites(self, maze: Callable[[Square, Theme], Maze], mouse: bool) -> Sprites:
        """Learn one picture on all tiles: a few floors tell for most of them, all floors for the rest."""
        bright = np.argsort(self._floors.mean(axis=(1, 2)))
        few = [int(bright[i]) for i in (0, -2, -1)]  # unlike each other, so that they tell most
        everything = range(NUM_BACKGROUNDS)
        drawn = self._on_floors(maze, _TILES, few, mouse)
        covered = (drawn != self._floors[few][:, None]).any(axis=(0, 3))
        most = int(covered.sum(axis=1).max())
        pixels = np.argsort(~covered, axis=1, kind="stable")[:, :most]
        pixels = np.where(np.take_along_axis(covered, pixels, axis=1), pixels, pixels[:, :1])
        colours, shares, unclear = _blend(self._floors[few][:, pixels], _seen(drawn, pixels))
        if (unsure := np.flatnonzero(unclear)).size:
            again = self._on_floors(maze, [_TILES[tile] for tile in unsure], everything, mouse)
            beneath, seen = self._floors[:, pixels[unsure]], _seen(again, pixels[unsure])
            colours[unsure], shares[unsure], open_still = _blend(beneath, seen)
            if open_still.any() or ((again != self._floors[:, None]).any(axis=(0, 3)) & ~covered[unsure]).any():
                raise PaintingError(
                    "procgen blends a picture over the floor in a way that this version does not expect"
                )
        return Sprites(pixels, colours, shares)

    def _on_floors(
        self, maze: Callable[[Square, Theme], Maze], tiles: Sequence[Square], floors: Sequence[int], mouse: bool
    ) -> np.ndarray:
        """A picture on some tiles over some floors: uint8 (floors, tiles, pixels, 3)."""
        return np.stack([self._pictures([maze(tile, Theme(floor)) for tile in tiles], mouse) for floor in floors])

    # -- painting ----------------------------------------------------------------------------------------------------

    def paint(self, mazes: Sequence[Maze], mouse: bool = True) -> np.ndarray:
        """What the policy sees: uint8 array of shape (len(mazes), 64, 64, 3); the same without the mouse if asked."""
        pictures = np.empty((len(mazes), _PIXELS, 3), dtype=np.uint8)
        for first in range(0, len(mazes), _AT_ONCE):
            self._paint(mazes[first : first + _AT_ONCE], pictures[first : first + _AT_ONCE], mouse)
        return pictures.reshape(len(mazes), _SIDE, _SIDE, 3)

    def mouse_windows(self, mazes: Sequence[Maze]) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Where in its picture each maze's mouse is.

        Returns:
            First row and first column of a rectangle that holds all its pixels, int64 arrays (len(mazes),), and the
            rectangle's height and width, the same for all mazes.
        """
        tiles = np.array([_tile(maze.mouse) for maze in mazes])
        facings = np.array([maze.facing.value for maze in mazes])
        return (*self._mouse_corners[:, facings, tiles], *self._mouse_size)

    def _paint(self, mazes: Sequence[Maze], pictures: np.ndarray, mouse: bool) -> None:
        scenes: dict[tuple[bytes, int, Square | None], int] = {}
        which = [scenes.setdefault(_scene(maze), len(scenes)) for maze in mazes]
        if len(scenes) == len(mazes):
            self._paint_without_mouse(mazes, pictures)
        else:
            first = [which.index(scene) for scene in range(len(scenes))]
            different = np.empty((len(scenes), *pictures.shape[1:]), dtype=np.uint8)
            self._paint_without_mouse([mazes[i] for i in first], different)
            np.take(different, which, axis=0, out=pictures, mode="clip")
        if mouse:
            self._add_mouse(mazes, pictures)

    def _add_mouse(self, mazes: Sequence[Maze], pictures: np.ndarray) -> None:
        for facing, mice in self._mice.items():
            rows = np.array([i for i, maze in enumerate(mazes) if maze.facing is facing], dtype=np.int64)
            if len(rows):
                tiles = np.array([_tile(mazes[i].mouse) for i in rows])
                at = rows[:, None], mice.pixels[tiles]
                pictures[at] = mice.over(tiles, pictures[at])

    def _paint_without_mouse(self, mazes: Sequence[Maze], pictures: np.ndarray) -> None:
        """Floor, walls and cheese, into uint8 (n, pixels, 3)."""
        count = len(mazes)
        walled = np.zeros((count, _NO_TILE + 1), dtype=bool)
        walled[:, :_NO_TILE] = ~np.stack([maze.free for maze in mazes]).reshape(count, _NO_TILE)
        themes = [maze.theme.background_index for maze in mazes]
        np.take(self._floors, themes, axis=0, out=pictures, mode="clip")
        rows, columns = self._first_owners
        grid = walled[:, :_NO_TILE].reshape(count, WORLD_TILES, WORLD_TILES).view(np.uint8) * np.uint8(255)
        changed = grid.take(columns, axis=2).take(rows, axis=1).reshape(pictures.shape)
        changed &= self._floor_to_wall.take(themes, axis=0)
        pictures ^= changed
        for pixels, owners, colours in self._shared:
            which, place = np.nonzero(walled.take(owners, axis=1))
            pictures[which, pixels[place]] = colours[place]
        self._add_cheese(mazes, walled, pictures)

    def _add_cheese(self, mazes: Sequence[Maze], walled: np.ndarray, pictures: np.ndarray) -> None:
        with_cheese = np.array([i for i, maze in enumerate(mazes) if maze.cheese is not None], dtype=np.int64)
        if not len(with_cheese):
            return
        tiles = np.array([_tile(mazes[i].cheese or _TILES[0]) for i in with_cheese])
        pixels = self._cheese.pixels[tiles]
        owners = self._owners[:, pixels]
        above = (owners > tiles[:, None]) & walled[with_cheese[:, None], owners]
        shown = ~above.any(axis=0)
        rows = np.broadcast_to(with_cheese[:, None], pixels.shape)[shown]
        pictures[rows, pixels[shown]] = self._cheese.colours[tiles][shown]


def _tile(square: Square) -> int:
    return square[0] * WORLD_TILES + square[1]


def _scene(maze: Maze) -> tuple[bytes, int, Square | None]:
    """What :attr:`Maze.scene` tells apart, as far as it shows; quicker to come by."""
    return maze.free.tobytes(), maze.theme.background_index, maze.cheese


def _value(facing: Facing) -> int:
    return int(facing.value)


def _other(tile: Square) -> Square:
    return _TILES[0] if tile != _TILES[0] else _TILES[1]


def _open(mouse: Square, theme: Theme, cheese: Square | None = None, facing: Facing = Facing.LEFT) -> Maze:
    """A maze without walls."""
    return Maze(np.ones((WORLD_TILES, WORLD_TILES), dtype=bool), WORLD_TILES, mouse, cheese, facing, theme)


def _walled(walls: Sequence[Square], theme: Theme) -> Maze:
    """A maze with only these walls."""
    free = np.ones((WORLD_TILES, WORLD_TILES), dtype=bool)
    for wall in walls:
        free[wall] = False
    return Maze(free, WORLD_TILES, next(tile for tile in _TILES if free[tile]), theme=theme)
