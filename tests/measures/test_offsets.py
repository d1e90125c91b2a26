"""Success by where the cheese lies, counted by hand."""

import numpy as np
import pytest

from interp_claims.mazes import Maze, MazeError
from interp_claims.measures import success_by_offset

SMALL, LARGE = Maze.from_text("..C\n.##\nM.."), Maze.from_text("....C\n.####\n.....\n.####\nM....")


def test_mazes_of_all_sizes_are_counted_by_the_offset_from_their_own_corner():
    mazes = [SMALL, LARGE, SMALL.with_cheese((11, 13)), LARGE.with_cheese((12, 14)), LARGE.with_cheese((10, 12))]
    got = np.array([True, False, True, True, False])
    assert success_by_offset(mazes, got) == {(0, 0): 0.5, (-2, 0): 1.0, (-4, -2): 0.0}


def test_a_cheese_and_an_outcome_of_each_maze_are_wanted():
    with pytest.raises(MazeError, match="got 2 mazes and 1 outcomes, wanted as many"):
        success_by_offset([SMALL, LARGE], np.array([True]))
    with pytest.raises(MazeError, match=r"has no cheese$"):
        success_by_offset([SMALL.without_cheese()], np.array([True]))
