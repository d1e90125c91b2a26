"""Activations that are kept, so that no claim computes what another one did."""

from __future__ import annotations

from collections import OrderedDict
from typing import Optional

from torch import Tensor


class ActivationCache:
    """Activations by network, layer and observation; the least recently used go first.

    Args:
        max_bytes: how much to keep.
    """

    def __init__(self, max_bytes: int = 200_000_000) -> None:
        self.max_bytes = max_bytes
        #: Activations of mazes without their mouse, by network and scene: a chunk of them for all networks.
        self.scenes: OrderedDict[tuple[int, bytes], dict[str, Tensor]] = OrderedDict()
        self._bytes = 0
        self._rows: OrderedDict[tuple[int, str, bytes], Tensor] = OrderedDict()

    def get(self, key: tuple[int, str, bytes]) -> Optional[Tensor]:
        """The row kept under ``key``, or None."""
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def holds(self, key: tuple[int, str, bytes]) -> bool:
        """Whether a row is kept under ``key``; this is no use of it."""
        return key in self._rows

    def put(self, key: tuple[int, str, bytes], row: Tensor) -> None:
        """Keep ``row``, letting go of others when it gets too much."""
        if key not in self._rows:
            self._rows[key] = row
            self._bytes += row.nbytes
        while self._bytes > self.max_bytes and len(self._rows) > 1:
            self._bytes -= self._rows.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Let go of everything."""
        self._rows.clear()
        self.scenes.clear()
        self._bytes = 0
