"""The features of a maze, each worked out by hand on drawn mazes."""

import numpy as np
import pytest

from interp_claims.mazes import DISCOVERY, Maze, MazeError, Theme, with_decision_square
from interp_claims.measures import FEATURES, MORE_FEATURES, NOT_PREDICTIVE, PREDICTIVE, maze_features

#: Rows and columns 8 to 16; the cheese at (12, 8), the decision square at (10, 8), the region from (12, 12) on.
DRAWN = Maze.from_text(
    """
    ####....#
    ####.##..
    ####.###.
    ####.....
    C###.##.#
    .###.####
    .....####
    .########
    M########
    """,
    theme=Theme(7, 0.5),
).with_free((16, 16))

BY_HAND = {
    "Euclidean cheese to region": 4.0,
    "Euclidean cheese to top-right": np.sqrt(4**2 + 8**2),
    "Euclidean decision square to cheese": 2.0,
    "steps decision square to cheese": 2,
    "steps cheese to region": 2 + 4 + 2,
    "steps cheese to top-right": 2 + 4 + 3 + 4 + 2 + 1,
    "Euclidean decision square to top-right": np.sqrt(6**2 + 8**2),
    "Euclidean decision square to region": np.sqrt(2**2 + 4**2),
    "steps decision square to top-right": 4 + 3 + 4 + 2 + 1,
    "steps decision square to region": 4 + 2,
    "norm of the cheese's coordinates": np.sqrt(12**2 + 8**2),
    "size": 9,
    "cheese row": 12,
    "cheese column": 8,
    "rows from cheese to top": 4,
    "columns from cheese to right": 8,
    "decision square row": 10,
    "decision square column": 8,
    "steps start to decision square": 2,
    "steps start to cheese": 4,
    "rows from decision square to cheese": 2,
    "columns from decision square to cheese": 0,
    "background": 7,
}


def test_there_is_an_expectation_for_every_feature():
    assert set(BY_HAND) == set(MORE_FEATURES)


@pytest.mark.parametrize("name", MORE_FEATURES)
def test_a_feature_is_what_is_counted_by_hand(name):
    assert maze_features([DRAWN], [name]) == pytest.approx(np.array([[BY_HAND[name]]]))


def test_the_published_features_are_eleven_of_which_six_predicted_alone():
    assert (len(PREDICTIVE), len(NOT_PREDICTIVE)) == (6, 5)
    assert (*PREDICTIVE, *NOT_PREDICTIVE) == tuple(FEATURES)
    assert all(MORE_FEATURES[name] is FEATURES[name] for name in FEATURES)


def test_there_is_one_row_per_maze_and_one_column_per_name_in_the_order_asked():
    mazes = with_decision_square().sample(DISCOVERY, 5)
    names = ["size", "steps start to cheese", "Euclidean cheese to top-right"]
    got = maze_features(mazes, names)
    assert (got.shape, got.dtype) == ((5, 3), np.float64)
    assert got[:, 0].tolist() == [maze.size for maze in mazes]
    np.testing.assert_array_equal(maze_features(mazes[::-1], names[::-1]), got[::-1, ::-1])
    assert maze_features(mazes).shape == (5, 11)
    assert maze_features([], names).shape == (0, 3)


def test_the_mouse_plays_no_part():
    moved = DRAWN.with_mouse(DRAWN.top_right)
    np.testing.assert_array_equal(maze_features([moved], list(MORE_FEATURES)), maze_features([DRAWN], list(BY_HAND)))


def test_in_a_maze_smaller_than_the_region_all_of_it_is_the_region():
    maze = Maze.from_text("..C\n.##\nM..").with_cheese((11, 13))
    assert maze_features([maze], ["steps cheese to region", "Euclidean decision square to region"]).tolist() == [[0, 0]]


def test_a_feature_that_there_is_not_is_named():
    with pytest.raises(MazeError) as error:
        maze_features([DRAWN], ["size", "colour", "smell"])
    assert str(error.value) == f"features: got ['colour', 'smell'], wanted names from {list(MORE_FEATURES)}"


@pytest.mark.parametrize("maze", [DRAWN.without_cheese(), DRAWN.with_cheese((10, 10))], ids=["no cheese", "on the way"])
def test_a_maze_without_a_decision_square_has_no_features(maze):
    with pytest.raises(MazeError) as error:
        maze_features([DRAWN, maze])
    assert str(error.value) == f"{maze!r} has no decision square; sample mazes with with_decision_square()"
