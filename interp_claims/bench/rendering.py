"""Rendering: pictures put together from tiles against those that procgen draws, and beside the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from interp_claims.bench.rows import Row
from interp_claims.bench.timing import compared
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import Facing, Maze, Observations
from interp_claims.mazes.procgen import paint, simulator
from interp_claims.policies import ImpalaNetwork, Policy

_OBSERVATIONS = 4096
_CHECKED = 10_000
_BATCH = 64
_FASTER = 10.0
_SCALE = 4
_THROUGH = 512
_SHARE = 0.9


def random_observations(count: int, seed: int) -> list[Maze]:
    """Mazes of different levels, the mouse anywhere, facing either way."""
    rng = np.random.default_rng(seed)
    mazes = simulator().mazes(rng.choice(2**20, size=count, replace=False).tolist())
    placed = []
    for maze in mazes:
        squares = [square for square in maze.free_squares if square != maze.cheese]
        facing = (Facing.LEFT, Facing.RIGHT)[rng.integers(2)]
        placed.append(maze.with_mouse(squares[rng.integers(len(squares))], facing))
    return placed


def rendering_rows(device: str) -> Iterator[Row]:
    """Observations a second on one core, and the check that both draw the same.

    Raises:
        InterpClaimsError: they do not.
    """
    mazes = random_observations(_OBSERVATIONS, seed=0)
    paint(mazes[:1])
    for name, at_once in (("in batches of 64", _BATCH), ("all at once", _OBSERVATIONS)):

        def batches(draw: Callable[[list[Maze]], object], size: int = at_once) -> None:
            for first in range(0, _OBSERVATIONS, size):
                draw(mazes[first : first + size])

        found = compared(lambda run=batches: lambda: run(paint), lambda run=batches: lambda: run(simulator().render))  # type: ignore[misc]
        rates = [_OBSERVATIONS / seconds for seconds in (found.first_seconds, found.second_seconds)]
        detail = f"{rates[0]:.0f} against {rates[1]:.0f} observations/s, each of another maze, one core"
        yield Row(f"rendering, {name}", "procgen's set_state and observe", found.ratio, _FASTER, "at least", detail)
    yield _exact_row()


def _exact_row() -> Row:
    mazes = random_observations(_CHECKED, seed=1)
    same = 0
    for first in range(0, _CHECKED, 1000):
        here = mazes[first : first + 1000]
        same += int((paint(here) == simulator().render(here)).all(axis=(1, 2, 3)).sum())
    if same < _CHECKED:
        raise InterpClaimsError(f"rendering: {_CHECKED - same} of {_CHECKED} pictures differ from procgen's")
    detail = f"{same} of {_CHECKED} pictures the same in every pixel"
    return Row("rendering, exactness", "procgen's pictures", same / _CHECKED, 1.0, "at least", detail)


def throughput_rows(device: str) -> Iterator[Row]:
    """Observations a second through the policy, rendering included, against the bare network on a batch at hand."""
    mazes = random_observations(_THROUGH, seed=2)
    observations = Observations.one_each(mazes)
    paint(mazes[:1])
    network = ImpalaNetwork(_SCALE).initialise(0)
    for precision in ("float32", "bfloat16"):

        def fresh(precision: str = precision) -> Policy:
            return Policy(network, name="bench", device=device, precision=precision)

        bare = fresh().forward
        ready = torch.from_numpy(paint(mazes)).to(device).permute(0, 3, 1, 2)
        batches = [
            (ready[i : i + bare.chunk].float() / 255).to(bare.network.dtype) for i in range(0, _THROUGH, bare.chunk)
        ]

        def ours(fresh: Callable[[], Policy] = fresh) -> Callable[[], object]:
            policy = fresh()
            return lambda: policy.logits(observations)

        def theirs(
            network: ImpalaNetwork = bare.network, batches: list[torch.Tensor] = batches
        ) -> Callable[[], object]:
            return lambda: _run(network, batches)

        found = compared(ours, theirs)
        rates = [_THROUGH / seconds for seconds in (found.first_seconds, found.second_seconds)]
        yield Row(
            "observations through the policy, rendering included",
            "the bare network on batches at hand",
            found.ratio,
            _SHARE,
            "at least",
            f"{rates[0]:.0f} against {rates[1]:.0f} observations/s, scale {_SCALE}, {precision}, {bare.chunk} at a "
            f"time, {device}, {torch.get_num_threads()} threads",
        )


@torch.no_grad()
def _run(network: ImpalaNetwork, batches: list[torch.Tensor]) -> float:
    return sum(float(network(batch)[0].sum()) for batch in batches)
