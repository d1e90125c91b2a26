"""The bytes in which procgen saves a maze: read into fields, and written back with another maze in them.

procgen writes its game as a flat run of little-endian 32-bit integers and floats and length-prefixed strings. Only
the fields that make a maze are ever changed here; all other bytes are kept, so that reading a state and writing its
own maze into it gives back the same bytes. Layout: ``Game::serialize`` and ``BasicAbstractGame::serialize`` in procgen
0.10.
"""

from __future__ import annotations

import struct
from typing import Union

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import WORLD_TILES, Facing, Maze, MazeError, Square, Theme

WALL, FREE, CHEESE = 51, 100, 2
HARD_MODE = 1
_END_MARK = 0xCAFECAFE - 2**32
_PLAYER = 0

_HEADER = (
    "i:version s:game_name i:paint_vel_info i:use_generated_assets i:use_monochrome_assets i:restrict_themes "
    "i:use_backgrounds i:center_agent i:debug_mode i:distribution_mode i:use_sequential_levels i:use_easy_jump "
    "i:plain_assets i:physics_mode i:grid_step i:level_seed_low i:level_seed_high i:game_type i:game_n "
    "b:level_rng_seeded s:level_rng b:rng_seeded s:rng f:reward b:done b:level_complete i:action i:timeout "
    "i:current_level_seed i:prev_level_seed i:episodes_remaining b:episode_done i:last_reward_timer f:last_reward "
    "i:default_action i:fixed_asset_seed i:cur_time b:is_waiting_for_step i:grid_size i:entity_count"
)
_MOUSE = (
    "f:mouse_x f:mouse_y f:mouse_vx f:mouse_vy f:mouse_rx f:mouse_ry i:mouse_type i:mouse_image_type "
    "i:mouse_image_theme i:mouse_render_z b:mouse_will_erase b:mouse_collides f:mouse_collision_margin "
    "f:mouse_rotation f:mouse_vrot b:mouse_reflected i:mouse_fire_time i:mouse_spawn_time i:mouse_life_time "
    "i:mouse_expire_time b:mouse_abs_coords f:mouse_friction b:mouse_smart_step b:mouse_avoids_collisions "
    "b:mouse_auto_erase f:mouse_alpha f:mouse_health f:mouse_theta f:mouse_grow_rate f:mouse_alpha_decay "
    "f:mouse_climber_spawn_x"
)
_WORLD = (
    "b:use_procgen_background i:background_index f:background_tile_ratio f:background_offset f:char_dim "
    "i:last_move_action i:move_action i:special_action f:mixrate f:maxspeed f:max_jump f:action_vx f:action_vy "
    "f:action_vrot f:center_x f:center_y b:random_agent_start b:has_useful_vel_info i:step_rand_int "
    "b:asset_rng_seeded s:asset_rng i:main_width i:main_height i:out_of_bounds_object f:unit f:view_dim f:x_offset "
    "f:y_offset f:visibility f:min_visibility i:grid_width i:grid_height i:grid_length"
)
_TAIL = "i:maze_dim i:world_dim i:end_mark"
_LAYOUT = [tuple(item.split(":")) for item in f"{_HEADER} {_MOUSE} {_WORLD}".split()]
_TAIL_LAYOUT = [tuple(item.split(":")) for item in _TAIL.split()]

Value = Union[int, float, str]


class StateError(InterpClaimsError, ValueError):
    """Bytes that are not a state of procgen's stock maze in hard mode."""


class State:
    """One saved game of procgen's stock maze, field by field.

    Args:
        data: what ``env.callmethod("get_state")`` gave for one environment.

    Raises:
        StateError: the bytes are of another game (the ``maze_aisc`` fork among them), another mode, or cut short.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)
        self._places: dict[str, tuple[str, int]] = {}
        self._values: dict[str, Value] = {}
        place = self._read_fields(_LAYOUT, 0)
        length = WORLD_TILES * WORLD_TILES
        if self["grid_length"] != length:
            raise StateError(f"got a grid of {self['grid_length']} tiles, wanted {length}: procgen's maze in hard mode")
        self._grid_at = place
        place = self._read_fields(_TAIL_LAYOUT, place + 4 * length)
        if place != len(self.data):
            raise StateError(f"got {len(self.data) - place} bytes after the end mark, wanted none")

    def _read_fields(self, layout: list[tuple[str, ...]], place: int) -> int:
        for kind, name in layout:
            if place + 4 > len(self.data):
                raise StateError(
                    f"the state ends at byte {len(self.data)}, before its field {name!r}: it was cut short"
                )
            self._places[name] = (kind, place)
            value: Value = struct.unpack_from("<f" if kind == "f" else "<i", self.data, place)[0]
            place += 4
            if kind == "s":
                length = int(value)
                if not 0 <= length <= len(self.data) - place:
                    raise StateError(self._not_stock(name, f"a text of {length} bytes", place))
                value = self.data[place : place + length].decode("latin-1")
                place += length
            self._values[name] = value
            self._check(kind, name, value, place)
        return place

    def _check(self, kind: str, name: str, value: Value, place: int) -> None:
        wanted: dict[str, Value] = {
            "version": 0,
            "game_name": "maze",
            "distribution_mode": HARD_MODE,
            "entity_count": 1,
            "mouse_type": _PLAYER,
            "grid_width": WORLD_TILES,
            "grid_height": WORLD_TILES,
            "world_dim": WORLD_TILES,
            "end_mark": _END_MARK,
        }
        if (name in wanted and value != wanted[name]) or (kind == "b" and value not in (0, 1)):
            raise StateError(
                self._not_stock(name, repr(value), place, repr(wanted[name]) if name in wanted else "0 or 1")
            )

    @staticmethod
    def _not_stock(name: str, got: str, place: int, wanted: str = "one that fits") -> str:
        return (
            f"not a state of procgen's stock maze in hard mode: field {name!r} before byte {place} is {got}, wanted "
            f"{wanted}; save states from env_name='maze', distribution_mode='hard' (forks such as maze_aisc lay "
            "their states out differently)"
        )

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    @property
    def grid(self) -> np.ndarray:
        """int32 array of shape (25, 25), row 0 at the bottom: 51 wall, 100 free, 2 cheese."""
        return np.frombuffer(self.data, "<i4", WORLD_TILES**2, self._grid_at).reshape(WORLD_TILES, WORLD_TILES)

    def maze(self) -> Maze:
        """The maze, mouse and looks that this state holds."""
        grid = self.grid
        strange = sorted(set(np.unique(grid).tolist()) - {WALL, FREE, CHEESE})
        cheeses = np.argwhere(grid == CHEESE)
        if strange or len(cheeses) > 1:
            raise StateError(
                f"got a grid with {len(cheeses)} cheeses and the values {strange}, wanted at most one cheese "
                f"({CHEESE}) and otherwise only {WALL} (wall) and {FREE} (free)"
            )
        try:
            return Maze(
                free=grid != WALL,
                size=int(self["maze_dim"]),
                mouse=self._mouse_square(),
                cheese=tuple(cheeses[0]) if len(cheeses) else None,
                facing=Facing(self["mouse_reflected"]),
                theme=Theme(int(self["background_index"]), float(self["background_offset"])),
                seed=int(self["current_level_seed"]),
            )
        except MazeError as error:
            raise StateError(f"the state holds no valid maze: {error}") from error

    def _mouse_square(self) -> Square:
        x, y = float(self["mouse_x"]), float(self["mouse_y"])
        if not (0 <= x < WORLD_TILES and 0 <= y < WORLD_TILES):
            raise StateError(f"the mouse is at x {x}, y {y}, wanted 0 to {WORLD_TILES} tiles")
        return int(y), int(x)

    def with_maze(self, maze: Maze, visible_mouse: bool = True) -> bytes:
        """This state's bytes with ``maze`` in place of its own: what ``env.callmethod("set_state")`` takes.

        Args:
            maze: the maze.
            visible_mouse: whether procgen draws the mouse; walls, floor and cheese are drawn alike without it.
        """
        data = bytearray(self.data)
        grid = np.where(maze.free, np.int32(FREE), np.int32(WALL))
        if maze.cheese is not None:
            grid[maze.cheese] = CHEESE
        data[self._grid_at : self._grid_at + grid.nbytes] = grid.astype("<i4").tobytes()
        row, column = maze.mouse
        fields: dict[str, Value] = {
            "mouse_x": column + 0.5,
            "mouse_y": row + 0.5,
            "mouse_reflected": maze.facing.value,
            "background_index": maze.theme.background_index,
            "background_offset": maze.theme.background_offset,
            "maze_dim": maze.size,
            "mouse_alpha": float(visible_mouse),
        }
        if maze.seed is not None:
            fields["current_level_seed"] = maze.seed
        self._write(data, fields)
        return bytes(data)

    def with_next_level(self, seed: int) -> bytes:
        """This state's bytes, changed so that the next level procgen makes is the one of ``seed``."""
        data = bytearray(self.data)
        self._write(data, {"level_seed_low": seed, "level_seed_high": seed + 1, "episodes_remaining": 0})
        return bytes(data)

    def _write(self, data: bytearray, fields: dict[str, Value]) -> None:
        for name, value in fields.items():
            kind, place = self._places[name]
            struct.pack_into("<f" if kind == "f" else "<i", data, place, value)
