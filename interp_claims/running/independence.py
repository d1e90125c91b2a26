"""What a maze measures depends on nothing but the maze: two of the first batch are measured again, apart from it.

A number that depends on the batch, on its order or on global random state comes out otherwise then, and a verdict on it
would be about nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

import numpy as np

from interp_claims.mazes.maze import Maze
from interp_claims.verdicts.estimands import EffectError

#: As a share of the range of the numbers. Probabilities from different rows of a chunk, or from activations computed
#: around the mouse and whole, may be 1e-7 to 1e-6 apart; where the mouse dwells in the long run, a hundred times that.
#: What depends on its batch by less changes no verdict: thresholds are some hundredths, a few of them thousandths.
TOLERANCE = 1e-4


def places_again(count: int) -> list[int]:
    """Which mazes of a batch are measured again, in which order: two that are no neighbours, the later one first."""
    return sorted({count // 3, 2 * count // 3}, reverse=True)


def check_independence(
    claim: str,
    batch: tuple[Maze, ...],
    values: np.ndarray,
    spread: Union[float, np.ndarray],
    measure: Callable[[tuple[Maze, ...]], np.ndarray],
) -> None:
    """Measure two mazes of a batch again, apart from the others and in the other order.

    Args:
        claim: its identity.
        batch: n mazes.
        values: what they measured together: (n,) or (n, columns).
        spread: how far apart the numbers can be, for all columns or for each.
        measure: measures some mazes.

    Raises:
        EffectError: one of them measures something else now.
    """
    places = places_again(len(batch))
    again = measure(tuple(batch[place] for place in places))
    apart = (np.abs(again - values[places]) / spread).reshape(len(places), -1).max(axis=1)
    moved = np.flatnonzero(apart > TOLERANCE)
    if len(moved):
        told = "; ".join(
            f"seed {batch[places[i]].seed}: {_text(values[places[i]])} in its batch, {_text(again[i])} apart"
            for i in moved
        )
        raise EffectError(
            f"{claim}: got other numbers for mazes measured apart from their batch ({told}), wanted the same; what a "
            "maze measures must depend on nothing but the maze: no batch, no order, no global random state"
        )


def _text(measured: np.ndarray) -> str:
    return ", ".join(f"{number:.6g}" for number in np.atleast_1d(measured))
