"""Reading what comes from the browser, piece by piece: all of it is text, and none of it is trusted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import WORLD_TILES, Square

_SHOWN = 60
_WHOLE = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,4}(?:\.(\d{1,12}))?", re.ASCII)
_SPAN = re.compile(r"(0|[1-9]\d{0,4})(?:-([1-9]\d{0,4}))?", re.ASCII)


class InputError(InterpClaimsError, ValueError):
    """Input that cannot be used: the answer to it has status 400.

    Attributes:
        what: which piece of the input.
        got: what it was.
        wanted: what it should have been.
        remedy: what to do about it.
    """

    def __init__(self, what: str, got: str, wanted: str, remedy: str) -> None:
        self.what, self.got, self.wanted, self.remedy = what, got, wanted, remedy
        super().__init__(f"{what}: got {got}, wanted {wanted}; {remedy}")

    def as_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {
            "what": self.what,
            "got": self.got,
            "wanted": self.wanted,
            "remedy": self.remedy,
            "message": str(self),
        }


def shown(value: Any) -> str:
    """How input is quoted in a message: short, and never over several lines."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def read_whole(what: str, text: str, lowest: int, highest: int) -> int:
    """A whole number from ``lowest`` to ``highest``.

    Raises:
        InputError: it is none.
    """
    if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
        raise InputError(what, shown(text), f"a whole number from {lowest} to {highest}", "enter one of these")
    return int(text)


def read_decimal(what: str, text: str, lowest: float, highest: float, *, places: int = 6) -> float:
    """A decimal number of at most ``places`` places (12 at most) from ``lowest`` to ``highest``.

    Raises:
        InputError: it is none.
    """
    written = _DECIMAL.fullmatch(text)
    if not written or len(written[1] or "") > places or not lowest <= float(text) <= highest:
        wanted = f"a number from {lowest:g} to {highest:g} with at most {places} decimal places, such as 0.5"
        raise InputError(what, shown(text), wanted, "enter one of these")
    return float(text) + 0.0


def write_decimal(value: float, *, places: int = 6) -> str:
    """The shortest text of at most ``places`` places that :func:`read_decimal` reads.

    >>> write_decimal(1.5), write_decimal(-2.0), write_decimal(-1e-9)
    ('1.5', '-2', '0')
    """
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def read_square(what: str, text: str) -> Square:
    """A square, written ``row.column``.

    Raises:
        InputError: it is none on procgen's tiles.
    """
    parts = text.split(".")
    if len(parts) != 2 or not all(_WHOLE.fullmatch(part) and int(part) < WORLD_TILES for part in parts):
        wanted = f"row.column, both from 0 to {WORLD_TILES - 1}, such as 12.7"
        raise InputError(what, shown(text), wanted, "click a square of the maze")
    return int(parts[0]), int(parts[1])


def read_channels(what: str, text: str, at_most: int) -> tuple[int, ...]:
    """Different channels in the order given, written ``3.17.40-43``; an empty text means none.

    Raises:
        InputError: something else, a channel twice, or too many.
    """
    channels: list[int] = []
    for part in filter(None, text.split(".")):
        span = _SPAN.fullmatch(part)
        if not span:
            raise InputError(what, shown(part), "channel numbers such as 3 or 40-43", "correct it or leave it out")
        first, last = int(span[1]), int(span[2] or span[1])
        if last - first >= at_most:
            raise InputError(what, shown(part), f"at most {at_most} channels", "name fewer channels")
        channels.extend(range(first, last + 1))
    if len(channels) > at_most:
        raise InputError(what, f"{len(channels)} channels", f"at most {at_most}", "name fewer channels")
    if len(set(channels)) < len(channels):
        twice = next(channel for channel in channels if channels.count(channel) > 1)
        raise InputError(what, f"channel {twice} more than once", "each channel once", "leave it out")
    return tuple(channels)


def write_channels(channels: Sequence[int]) -> str:
    """The text that :func:`read_channels` reads; runs of three or more are written as spans.

    >>> write_channels((3, 17, 40, 41, 42, 43, 7))
    '3.17.40-43.7'
    """
    runs: list[list[int]] = []
    for channel in channels:
        if runs and channel == runs[-1][-1] + 1:
            runs[-1].append(channel)
        else:
            runs.append([channel])
    return ".".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ".".join(map(str, run)) for run in runs)


def read_choice(what: str, text: str, choices: Collection[str]) -> str:
    """One of several words.

    Raises:
        InputError: it is none of them.
    """
    if text not in choices:
        listed = ", ".join(list(choices)[:12])
        more = " and others" if len(choices) > 12 else ""
        raise InputError(what, shown(text), f"one of {listed}{more}", "choose one")
    return text
