"""``python -m interp_claims.bench.growth PICTURE``: how cost grows with mazes, their size, edits and policies."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console

from interp_claims.edits import cheese_vector, scale_channels, subtract
from interp_claims.files import make_folder
from interp_claims.mazes import CONFIRMATION, Maze, size_between, with_decision_square
from interp_claims.mazes.procgen import paint
from interp_claims.measures import p_cheese, vector_fields
from interp_claims.policies import ImpalaNetwork, Policy

_SCALE = 2
_MAZES = (8, 16, 32, 64, 128, 256)
_SIZES = (5, 9, 13, 17, 21, 25)
_EDITS = (1, 2, 4, 8, 16)
_POLICIES = (1, 2, 3, 4)
_ROUNDS = 3


def _fresh(seed: int = 0) -> Policy:
    return Policy(ImpalaNetwork(_SCALE).initialise(seed), name=f"seed {seed}")


def _seconds(prepare: Callable[[], Callable[[], object]]) -> float:
    """The shortest of a few rounds."""
    times = []
    for _ in range(_ROUNDS):
        work = prepare()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def _change(policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
    vector = cheese_vector(policy, mazes)
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(vector)), mazes)


def measure() -> dict[str, list[tuple[int, float]]]:
    """Seconds against each quantity, by what is counted."""
    mazes = with_decision_square().sample(CONFIRMATION, max(_MAZES))
    paint(mazes[:1])
    _change(_fresh(), mazes[:8])
    of_size = {size: size_between(size, size).sample(CONFIRMATION, 4) for size in _SIZES}

    def changes(count: int) -> Callable[[], object]:
        policy = _fresh()
        return lambda: _change(policy, mazes[:count])

    def fields(size: int) -> Callable[[], object]:
        policy = _fresh()
        return lambda: vector_fields(policy, of_size[size])

    def with_edits(count: int) -> Callable[[], object]:
        policy = _fresh()
        edited = [policy.edited(scale_channels([channel], 2.0)) for channel in range(count)]
        return lambda: [vector_fields(each, of_size[13]) for each in edited]

    def with_policies(count: int) -> Callable[[], object]:
        policies = [_fresh(seed) for seed in range(count)]
        return lambda: [_change(policy, mazes[:64]) for policy in policies]

    return {
        "mazes: P(cheese) before and after the cheese vector": _series(changes, _MAZES),
        "tiles a side: vector fields of 4 mazes": _series(fields, _SIZES),
        "edits: vector fields of 4 mazes of 13 tiles a side": _series(with_edits, _EDITS),
        "policies: P(cheese) before and after, 64 mazes": _series(with_policies, _POLICIES),
    }


def _series(ready: Callable[[int], Callable[[], object]], counts: Sequence[int]) -> list[tuple[int, float]]:
    return [(count, _seconds(partial(ready, count))) for count in counts]


def picture(found: dict[str, list[tuple[int, float]]]) -> Figure:
    """One panel for each quantity, axes from 0."""
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    for axes, (name, points) in zip(figure.subplots(2, 2).flat, found.items()):
        what, _, work = name.partition(": ")
        axes.plot(*zip(*points), marker="o", color="#1f5fa8")
        axes.set(xlabel=what, ylabel="seconds", title=work, xlim=(0, None), ylim=(0, None))
        axes.title.set_size(10)
        axes.grid(alpha=0.3)
    figure.suptitle(f"scale {_SCALE}, float32, CPU, {torch.get_num_threads()} threads", fontsize=10)
    return figure


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m interp_claims.bench.growth", description=__doc__)
    parser.add_argument("picture", type=Path, help="where to draw it: a .png or .svg file")
    chosen = parser.parse_args(arguments)
    make_folder(chosen.picture.parent)
    found = measure()
    for name, points in found.items():
        Console().print(f"{name}: " + ", ".join(f"{count}: {seconds:.2f} s" for count, seconds in points))
    picture(found).savefig(chosen.picture, dpi=110)
    return 0


if __name__ == "__main__":
    sys.exit(main())
