"""The mazes that decide a claim, which its function must not draw by itself while it is measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Optional, Protocol

from interp_claims.errors import InterpClaimsError


class DecidingMazesError(InterpClaimsError):
    """A claim's function drew mazes that the claim is decided on, besides those that it was given."""


class _Block(Protocol):
    @property
    def name(self) -> str:
        """What it is for."""

    @property
    def first(self) -> int:
        """The first seed."""

    @property
    def size(self) -> int:
        """How many seeds."""


class _HasSeed(Protocol):
    @property
    def seed(self) -> Optional[int]:
        """The level seed, if there is one."""


_DECIDING: ContextVar[Optional[_Block]] = ContextVar("deciding", default=None)
_GIVEN: ContextVar[Optional[frozenset[Optional[int]]]] = ContextVar("given", default=None)


@contextlib.contextmanager
def deciding_on(block: _Block) -> Iterator[None]:
    """While a claim is decided on mazes of a block of seeds."""
    token = _DECIDING.set(block)
    try:
        yield
    finally:
        _DECIDING.reset(token)


@contextlib.contextmanager
def measuring(mazes: Iterable[_HasSeed]) -> Iterator[None]:
    """While a claim's function, or a control, is at work on some mazes: it draws no others that decide the claim."""
    token = _GIVEN.set(frozenset(maze.seed for maze in mazes))
    try:
        yield
    finally:
        _GIVEN.reset(token)


def check_drawn(what: str, first: int, size: int = 1) -> None:
    """Refuse to draw mazes in a claim's function that decide the claim; the one of a given maze's seed may be.

    Args:
        what: what draws them.
        first: the first of their seeds.
        size: how many seeds they are drawn from.

    Raises:
        DecidingMazesError: a seed is of the block that decides the claim which is being measured.
    """
    block, given = _DECIDING.get(), _GIVEN.get()
    if block is None or given is None or (size == 1 and first in given):
        return
    low, high = max(first, block.first), min(first + size, block.first + block.size) - 1
    if low <= high:
        raise DecidingMazesError(
            f"{what}: got level seeds {low:,} to {high:,} inside of a claim that is decided on the block "
            f"{block.name!r}, {block.first:,} to {block.first + block.size - 1:,}; wanted none of these but the mazes "
            "that it is given, or it would know what decides it; sample from DISCOVERY"
        )
