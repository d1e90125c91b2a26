"""The suite without its short cuts: procgen draws every picture, and every activation is computed whole.

What is measured and decided must be the same: ``pytest claims/ -p interp_claims.bench.plain --claims-json plain.json``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interp_claims.mazes import observations
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.procgen import simulator
from interp_claims.policies import forward


def drawn_by_procgen(mazes: Sequence[Maze]) -> np.ndarray:
    """What the policy sees: uint8 array of shape (len(mazes), 64, 64, 3)."""
    return simulator().render(mazes)


def switch_over() -> None:
    """Leave the short cuts out in this process from now on."""
    forward.paint = drawn_by_procgen  # type: ignore[assignment,attr-defined]
    observations.CROWDED = 2**31  # more places than a maze has: none is computed around its mouse


def pytest_configure() -> None:
    """As a plugin of pytest: leave them out in this run, in each of its processes."""
    switch_over()
