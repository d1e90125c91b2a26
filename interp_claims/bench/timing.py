"""Timing two ways of doing the same work, turn and turn about."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Compared:
    """What came of timing two ways.

    Attributes:
        ratio: median over the rounds of the second way's time over the first's.
        first_seconds: median time of the first.
        second_seconds: median time of the second.
    """

    ratio: float
    first_seconds: float
    second_seconds: float


def compared(
    first: Callable[[], Callable[[], object]], second: Callable[[], Callable[[], object]], rounds: int = 3
) -> Compared:
    """Time two ways of doing the same work in turns, so that both meet the same machine.

    Args:
        first: makes ready for a round, untimed, and returns what is to be timed.
        second: the same for the other way.
        rounds: how often.
    """
    times = [(_seconds(first()), _seconds(second())) for _ in range(rounds)]
    ratios = [theirs / ours for ours, theirs in times]
    medians = (statistics.median(column) for column in zip(*times))
    return Compared(statistics.median(ratios), *medians)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
