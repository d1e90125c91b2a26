"""What the page shows, as one value, and its form in the address: the one place where input is checked.

The form is that of a query: ``p=policy&z=size&g=walls&m=mouse&...``; docs/explorer.md tells the fields. The browser
keeps it behind the ``#`` of the address and sends it with every request, so that a link, a reload and a request hold
the same, and are read by the same code.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Mapping
from typing import Optional
from urllib.parse import parse_qsl, quote

import numpy as np

from interp_claims.explore.inputs import (
    InputError,
    read_channels,
    read_choice,
    read_decimal,
    read_square,
    read_whole,
    shown,
    write_channels,
    write_decimal,
)
from interp_claims.mazes.maze import NUM_BACKGROUNDS, SIZES, WORLD_TILES, Facing, Maze, MazeError, Square, Theme
from interp_claims.mazes.procgen import LARGEST_SEED

#: What an edit of each kind is given besides its layer, in the order in which it stands in the address.
KINDS: Mapping[str, tuple[str, ...]] = {
    "cheese": ("coefficient",),
    "corner": ("coefficient",),
    "clamp": ("channels", "square", "value"),
    "zero": ("channels",),
    "mean": ("channels",),
    "scale": ("channels", "factor"),
    "resample": ("channels", "seed"),
}
#: What each number of an edit may be.
RANGES: Mapping[str, tuple[float, float]] = {
    "coefficient": (-20, 20),
    "value": (-1000, 1000),
    "factor": (-100, 100),
    "seed": (0, LARGEST_SEED),
}
VIEWS = ("before", "after", "difference")
MOST_EDITS, MOST_CHANNELS_SHOWN, MOST_CHANNELS_EDITED = 8, 12, 512
_LONGEST = 8000
_OFFSET_PLACES = 12  # more than float32 has in procgen's offsets: the level comes back as it was
_KEYS = "pzgmctslkwe"
_FACING = {"L": Facing.LEFT, "R": Facing.RIGHT}


@dataclasses.dataclass(frozen=True)
class EditChoice:
    """One edit as it was chosen on the page.

    Attributes:
        kind: one of :data:`KINDS`.
        layer: where it acts.
        channels: which channels, for the kinds that have them.
        square: where it clamps.
        number: its coefficient, value, factor or seed.
    """

    kind: str
    layer: str
    channels: tuple[int, ...] = ()
    square: Optional[Square] = None
    number: Optional[float] = None

    @classmethod
    def from_text(cls, what: str, text: str) -> EditChoice:
        """The edit that :meth:`to_text` wrote.

        Raises:
            InputError: the text is no edit.
        """
        kind, *parts = text.split("~")
        read_choice(f"{what}, its kind", kind, KINDS)
        fields = KINDS[kind]
        if len(parts) != 1 + len(fields):
            wanted = "~".join([kind, "layer", *fields])
            raise InputError(what, shown(text), wanted, "choose the edit again")
        channels: tuple[int, ...] = ()
        square: Optional[Square] = None
        number: Optional[float] = None
        for field, part in zip(fields, parts[1:]):
            name = f"{what}, its {field}"
            if field == "channels":
                channels = read_channels(name, part, MOST_CHANNELS_EDITED)
                if not channels:
                    raise InputError(name, "none", "one channel or more", "name one")
            elif field == "square":
                square = read_square(name, part)
            elif field == "seed":
                number = read_whole(name, part, 0, LARGEST_SEED)
            else:
                number = read_decimal(name, part, *RANGES[field])
        return cls(kind, parts[0], channels, square, number)

    def to_text(self) -> str:
        """The edit's form in the address, for example ``scale~embedder.block2.res1.resadd_out~3.7~0.5``."""
        parts = [self.kind, self.layer]
        for field in KINDS[self.kind]:
            if field == "channels":
                parts.append(write_channels(self.channels))
            elif field == "square":
                assert self.square is not None
                parts.append(_square_text(self.square))
            else:
                assert self.number is not None
                parts.append(str(int(self.number)) if field == "seed" else write_decimal(self.number))
        return "~".join(parts)


@dataclasses.dataclass(frozen=True)
class State:
    """All that the page shows.

    Attributes:
        policy: the policy's name on the page.
        maze: the maze, with its mouse in place.
        edits: the edits, in the order in which they act.
        layer: the layer whose activations are shown.
        channels: which of its channels.
        view: which of the vector fields is drawn.
    """

    policy: str
    maze: Maze
    edits: tuple[EditChoice, ...] = ()
    layer: str = ""
    channels: tuple[int, ...] = ()
    view: str = "before"

    @classmethod
    def from_fragment(cls, text: object) -> State:
        """The state that :meth:`to_fragment` wrote.

        Raises:
            InputError: the text holds no state, or a maze that cannot be.
        """
        if not isinstance(text, str) or len(text) > _LONGEST or not text.isascii():
            got = f"{len(text)} characters" if isinstance(text, str) else type(text).__name__
            raise InputError("state", got, f"at most {_LONGEST} ASCII characters of text", "use a link from the page")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=32)
        except ValueError as error:
            wanted = f"fields such as p=... ({error})"
            raise InputError("state", shown(text), wanted, "use a link from the page") from None
        edits = [value for key, value in pairs if key == "e"]
        fields = {key: value for key, value in pairs if key != "e"}
        _check_keys(fields, len(pairs) - len(edits))
        if len(edits) > MOST_EDITS:
            raise InputError("edits", str(len(edits)), f"at most {MOST_EDITS}", "take some away")
        return cls(
            fields["p"],
            _read_maze(fields),
            tuple(EditChoice.from_text(f"edit {number}", edit) for number, edit in enumerate(edits, 1)),
            fields.get("l", ""),
            read_channels("channels shown", fields.get("k", ""), MOST_CHANNELS_SHOWN),
            read_choice("view", fields.get("w", "before"), VIEWS),
        )

    def to_fragment(self) -> str:
        """The state's form in the address, without the ``#``."""
        edits = [("e", edit.to_text()) for edit in self.edits]
        shown_there = [("l", self.layer), ("k", write_channels(self.channels)), ("w", self.view)]
        return _joined([("p", self.policy), *maze_fields(self.maze), *edits, *shown_there])


def maze_fields(maze: Maze) -> list[tuple[str, str]]:
    """The fields of the address that a maze stands in."""
    m, end = maze.margin, maze.margin + maze.size
    walls = base64.urlsafe_b64encode(np.packbits(maze.free[m:end, m:end]).tobytes()).decode().rstrip("=")
    facing = maze.facing.name[0]
    theme = f"{maze.theme.background_index}_{write_decimal(maze.theme.background_offset, places=_OFFSET_PLACES)}"
    fields = [("z", str(maze.size)), ("g", walls), ("m", f"{_square_text(maze.mouse)}.{facing}")]
    fields.append(("c", "" if maze.cheese is None else _square_text(maze.cheese)))
    fields.append(("t", theme))
    return fields if maze.seed is None else [*fields, ("s", str(maze.seed))]


def maze_fragment(maze: Maze) -> str:
    """The part of an address that a maze stands in."""
    return _joined(maze_fields(maze))


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{key}={quote(value, safe='~')}" for key, value in pairs)


def _square_text(square: Square) -> str:
    return f"{square[0]}.{square[1]}"


def _check_keys(fields: Mapping[str, str], given: int) -> None:
    unknown = sorted(set(fields) - set(_KEYS))
    if unknown:
        raise InputError("state", f"the field {shown(unknown[0])}", f"the fields {', '.join(_KEYS)}", "leave it out")
    if given > len(fields):
        raise InputError("state", "a field twice", "each field once, but for edits", "use a link from the page")
    missing = [key for key in "pzgm" if key not in fields]
    if missing:
        raise InputError("state", f"no field {missing[0]}", "the fields p, z, g and m", "use a link from the page")


def _read_maze(fields: Mapping[str, str]) -> Maze:
    size = read_whole("maze size", fields["z"], SIZES[0], SIZES[-1])
    if size not in SIZES:
        raise InputError("maze size", str(size), f"an odd number from {SIZES[0]} to {SIZES[-1]}", "choose another size")
    free = _read_walls(fields["g"], size)
    where, _, facing = fields["m"].rpartition(".")
    read_choice("where the mouse looks", facing, _FACING)
    mouse = _free_square("mouse", read_square("mouse", where), free)
    cheese = read_square("cheese", fields["c"]) if fields.get("c") else None
    if cheese is not None:
        _free_square("cheese", cheese, free)
    seed = read_whole("maze seed", fields["s"], 0, LARGEST_SEED) if "s" in fields else None
    try:
        return Maze(free, size, mouse, cheese, _FACING[facing], _read_theme(fields.get("t", "0_0")), seed)
    except MazeError as error:  # what the checks above leave to it
        raise InputError("maze", str(error), "a maze that can be", "undo the last change") from error


def _read_walls(text: str, size: int) -> np.ndarray:
    wanted = f"{size} x {size} walls of base64"
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InputError("walls", shown(text), wanted, "use a link from the page") from None
    if len(packed) != (size * size + 7) // 8:
        raise InputError("walls", f"{len(packed)} bytes", wanted, "use a link from the page, whole")
    free = np.zeros((WORLD_TILES, WORLD_TILES), dtype=bool)
    margin = (WORLD_TILES - size) // 2
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=size * size)
    free[margin : margin + size, margin : margin + size] = bits.reshape(size, size).astype(bool)
    return free


def _free_square(what: str, square: Square, free: np.ndarray) -> Square:
    if not free[square]:
        raise InputError(what, f"square {square}, a wall", "a free square", f"open it, or put the {what} elsewhere")
    return square


def _read_theme(text: str) -> Theme:
    index, separator, offset = text.partition("_")
    if not separator:
        raise InputError("floor", shown(text), "a picture and an offset, such as 3_0.25", "choose a floor")
    picture = read_whole("floor picture", index, 0, NUM_BACKGROUNDS - 1)
    return Theme(picture, read_decimal("offset of the floor picture", offset, 0, 1, places=_OFFSET_PLACES))
