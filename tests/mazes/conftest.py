"""What several tests of mazes share: a search of their own, and live environments to compare with."""

from collections import deque

import numpy as np
import pytest

from interp_claims.mazes import Maze, Theme, make_env

OUTSIDE = (25, 0), (0, 25), (-1, 3), (3, -1)


def _steps_from(free, source):
    """Breadth-first search in plain Python: steps to every square that a path leads to."""
    steps, queue = {source: 0}, deque([source])
    while queue:
        row, column = queue.popleft()
        for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            if 0 <= near[0] < 25 and 0 <= near[1] < 25 and free[near] and near not in steps:
                steps[near] = steps[row, column] + 1
                queue.append(near)
    return steps


def _contents(maze):
    """Everything an observation of a maze depends on, field by field."""
    floor = (maze.theme.background_index, np.float32(maze.theme.background_offset))
    return (maze.size, maze.free.tobytes(), maze.mouse, maze.cheese, maze.facing, floor)


def _live(first=0, *, num=1, levels=1, **options):
    """A live environment; each test drives its own."""
    return make_env(**{"num": num, "rand_seed": 7, "start_level": first, "num_levels": levels, **options})


def _saved(env):
    return env.callmethod("get_state")


def _pixels(env):
    return env.observe()[1]["rgb"]


@pytest.fixture(scope="session")
def steps_from():
    return _steps_from


@pytest.fixture(scope="session")
def contents():
    return _contents


@pytest.fixture(scope="session")
def live():
    return _live


@pytest.fixture(scope="session")
def saved():
    return _saved


@pytest.fixture(scope="session")
def pixels():
    return _pixels


@pytest.fixture(params=OUTSIDE, ids=str)
def outside(request):
    """A square that is not one of the 25 x 25 tiles."""
    return request.param


@pytest.fixture
def drawn():
    """A small maze in which every field differs from its default."""
    return Maze.from_text(
        """
        ..C##
        .#.#.
        .#M..
        .#.#.
        ...#.
        """,
        theme=Theme(4, 0.25),
        seed=17,
    )
