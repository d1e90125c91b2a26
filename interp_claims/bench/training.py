"""Whether preparing data holds training up."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator

import torch

from interp_claims.bench.rows import Row
from interp_claims.training.loop import batches
from interp_claims.training.machine import default_precision, default_workers
from interp_claims.training.recipe import Recipe
from interp_claims.training.run import TrainingRun
from interp_claims.training.samples import BATCHES_A_CHUNK, Samples

_ROUNDS = 3
_CHUNKS_TO_SETTLE = 8  # more than are prepared ahead, so that none of what is measured was ready before
_LARGEST_RATIO = 1.1


def live_data_rows(device: str, scales: tuple[int, ...] = (4, 2)) -> Iterator[Row]:
    """Time of a training step with live data, against one with the same batch over and over."""
    for scale in scales:
        recipe = Recipe(scale=scale, samples=2**31, precision=default_precision(device))
        ratios, fixed_ms, live_ms = [], [], []
        for _ in range(_ROUNDS):
            fixed, live = _milliseconds(recipe, device)
            ratios.append(live / fixed)
            fixed_ms.append(fixed)
            live_ms.append(live)
        yield Row(
            f"training step with live data, scale {scale}",
            "the same step on a fixed batch",
            statistics.median(ratios),
            _LARGEST_RATIO,
            "at most",
            f"{statistics.median(live_ms):.1f} ms against {statistics.median(fixed_ms):.1f} ms, batch {recipe.batch}, "
            f"{recipe.precision}, {torch.get_num_threads()} threads and {default_workers()} data workers on {device}",
        )


def _milliseconds(recipe: Recipe, device: str) -> tuple[float, float]:
    run = TrainingRun(recipe, device)
    steps = 4 * BATCHES_A_CHUNK
    batch = next(batches(recipe, 0, 0))
    _time_a_step(run, itertools.repeat(batch), 5)
    fixed = _time_a_step(run, itertools.repeat(batch), steps)
    live = batches(recipe, 0, default_workers())
    _time_a_step(run, live, _CHUNKS_TO_SETTLE * BATCHES_A_CHUNK)
    return fixed, _time_a_step(run, live, 2 * steps)


def _time_a_step(run: TrainingRun, source: Iterator[Samples], steps: int) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        loss = run.train(next(source))
    float(loss)  # waits for the device
    return (time.perf_counter() - began) / steps * 1000
