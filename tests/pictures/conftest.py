"""A maze whose squares are all different, and axes without pyplot."""

import pytest
from matplotlib.figure import Figure

from interp_claims.mazes import Maze

DRAWING = """
....C
.####
.....
.#.##
M....
"""


@pytest.fixture
def ax():
    return Figure(figsize=(4, 4)).add_subplot()


@pytest.fixture
def drawn():
    return Maze.from_text(DRAWING, seed=7)
