"""Axes of charts: where a number lies between two ends, and round numbers to write beside them."""

from __future__ import annotations

import dataclasses
import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclasses.dataclass(frozen=True)
class Scale:
    """From numbers between ``low`` and ``high`` to places between ``start`` and ``end``; linear or logarithmic.

    >>> Scale(0, 4, 0, 100).place(1)
    25.0
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a number lies; beyond the ends, at the end."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 2)

    def ticks(self, about: int = 5) -> tuple[float, ...]:
        """Some round numbers within the scale, in order."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [step * 10.0**power for power in powers for step in (1, 2, 5)]
            return _thinned([tick for tick in found if self.low <= tick <= self.high], about + 2)
        step = round_step((self.high - self.low) / about)
        first = math.ceil(self.low / step - 1e-9)
        return tuple(round(i * step, 12) for i in range(first, math.floor(self.high / step + 1e-9) + 1))


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least so large."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def _thinned(ticks: list[float], most: int) -> tuple[float, ...]:
    """Every so manieth tick, 1 among them where it is there."""
    every = math.ceil(len(ticks) / most) if ticks else 1
    kept = ticks.index(1.0) % every if 1.0 in ticks else 0
    return tuple(tick for i, tick in enumerate(ticks) if i % every == kept)


def scale_around(
    values: list[float], start: float, end: float, *, bounds: tuple[float, float] | None = None, logarithmic: bool
) -> Scale:
    """A scale that shows some numbers with a margin, but nothing beyond the bounds."""
    low, high = min(values), max(values)
    if logarithmic:
        return Scale(low / 1.25, high * 1.25, start, end, True)
    margin = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    low, high = low - margin, high + margin
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Scale(low, high, start, end)
