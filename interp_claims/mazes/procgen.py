"""procgen itself: levels by seed, and pictures of mazes. The only module that imports procgen."""

from __future__ import annotations

import atexit
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.painting import Painter
from interp_claims.mazes.state import State

PIXELS = 64
VIEW_PIXELS = 512
LARGEST_SEED = 2**31 - 2


def make_env(**options: Any) -> Any:
    """A procgen environment (gym3 interface) of the maze in hard mode, without gym's notice at import.

    Args:
        options: passed on to ``ProcgenGym3Env``; ``num`` and ``rand_seed`` are required there and here.
    """
    import gym_notices.notices

    gym_notices.notices.notices.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gym and procgen are no longer kept up with Python
        from procgen.env import ProcgenGym3Env

    return ProcgenGym3Env(**{"env_name": "maze", "distribution_mode": "hard", "num_threads": 0, **options})


class Simulator:
    """A block of procgen environments that makes levels and renders mazes.

    Everything asked of it is a pure function of the arguments: the environments' own randomness is never used.
    One block belongs to the process that made it.

    Args:
        block: how many environments stand side by side; larger requests are cut into blocks.
    """

    def __init__(self, block: int = 32) -> None:
        self.block = block
        self._env = make_env(num=block, rand_seed=0, start_level=0, num_levels=1)
        atexit.register(self._env.close)
        self._template = State(self._env.callmethod("get_state")[0])

    def states(self, seeds: Sequence[int]) -> Iterator[bytes]:
        """The saved state of each level, freshly reset, in the order of ``seeds`` (0 to 2**31 - 2)."""
        for seed in seeds:
            check_seed(seed)
        return self._states(seeds)

    def _states(self, seeds: Sequence[int]) -> Iterator[bytes]:
        for first in range(0, len(seeds), self.block):
            wanted = list(seeds[first : first + self.block])
            padded = wanted + [wanted[-1]] * (self.block - len(wanted))
            self._env.callmethod("set_state", [self._template.with_next_level(seed) for seed in padded])
            self._env.act(np.full(self.block, -1, dtype=np.int32))
            yield from self._env.callmethod("get_state")[: len(wanted)]

    def mazes(self, seeds: Sequence[int]) -> list[Maze]:
        """The maze of each level seed, mouse at the start, cheese where stock procgen put it."""
        return [State(state).maze() for state in self.states(seeds)]

    def render(self, mazes: Sequence[Maze], mouse: bool = True) -> np.ndarray:
        """What the policy sees: uint8 array of shape (len(mazes), 64, 64, 3), drawn by procgen; without mouse if asked.

        Slow beside :func:`paint`, which draws the same.
        """
        pictures = np.empty((len(mazes), PIXELS, PIXELS, 3), dtype=np.uint8)
        for first in range(0, len(mazes), self.block):
            wanted = [self._template.with_maze(maze, mouse) for maze in mazes[first : first + self.block]]
            padded = wanted + [wanted[-1]] * (self.block - len(wanted))
            self._env.callmethod("set_state", padded)
            pictures[first : first + len(wanted)] = self._env.observe()[1]["rgb"][: len(wanted)]
        return pictures


def check_seed(seed: int) -> None:
    """Raise unless procgen has a level of this seed."""
    if not 0 <= seed <= LARGEST_SEED:
        raise InterpClaimsError(f"level seed: got {seed}, wanted 0 to {LARGEST_SEED} (procgen's levels)")


_simulators: dict[int, Simulator] = {}
_viewers: dict[int, tuple[Any, State]] = {}
_painters: dict[int, Painter] = {}


def simulator() -> Simulator:
    """This process's simulator, made at the first call (loading procgen's pictures takes about two seconds)."""
    pid = os.getpid()
    if pid not in _simulators:
        _simulators.clear()
        _simulators[pid] = Simulator()
    return _simulators[pid]


def paint(mazes: Sequence[Maze], mouse: bool = True) -> np.ndarray:
    """What the policy sees: uint8 array of shape (len(mazes), 64, 64, 3), pixel for pixel as procgen draws it.

    The first call in a process looks at procgen's pictures of single tiles, which takes about a second.

    Args:
        mazes: what to draw.
        mouse: whether to draw the mouse, too.
    """
    return _painter().paint(mazes, mouse)


def mouse_windows(mazes: Sequence[Maze]) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Where in the picture of each maze its mouse is, see :meth:`Painter.mouse_windows`."""
    return _painter().mouse_windows(mazes)


def _painter() -> Painter:
    pid = os.getpid()
    if pid not in _painters:
        _painters.clear()
        _painters[pid] = Painter(simulator().render)
    return _painters[pid]


def human_view(maze: Maze) -> np.ndarray:
    """What people are shown of a maze, in procgen's own large picture of the whole world: uint8 array (512, 512, 3)."""
    pid = os.getpid()
    if pid not in _viewers:
        _viewers.clear()
        env = make_env(num=1, rand_seed=0, start_level=0, num_levels=1, render_mode="rgb_array")
        atexit.register(env.close)
        _viewers[pid] = env, State(env.callmethod("get_state")[0])
    env, template = _viewers[pid]
    env.callmethod("set_state", [template.with_maze(maze)])
    return np.array(env.get_info()[0]["rgb"])
