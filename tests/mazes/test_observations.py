"""Which observations belong to which maze of a batch, and averages over them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Facing, Maze, MazeError, Observations
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

some_mazes = st.lists(perfect_mazes(max_size=7, loops=True), min_size=1, max_size=5)


@examples
@given(some_mazes)
def test_one_each_shows_every_maze_as_it_stands(mazes):
    observations = Observations.one_each(mazes)
    assert observations.mazes == tuple(mazes)
    assert observations.owners == tuple(range(len(mazes)))
    assert observations.num_mazes == len(observations) == len(mazes)


@examples
@given(some_mazes)
def test_at_start_shows_every_maze_as_after_a_reset(mazes):
    observations = Observations.at_start(mazes)
    assert [(m.mouse, m.facing) for m in observations.mazes] == [(m.start, Facing.LEFT) for m in mazes]
    assert [m.with_mouse(n.mouse, n.facing) for m, n in zip(observations.mazes, mazes)] == mazes
    assert observations.owners == tuple(range(len(mazes)))


@examples
@given(mazes=some_mazes, facing=st.sampled_from(Facing), data=st.data())
def test_at_squares_places_the_mouse_on_each_square_in_the_order_given(mazes, facing, data):
    squares = [data.draw(st.lists(st.sampled_from(maze.free_squares), max_size=4)) for maze in mazes]
    observations = Observations.at_squares(mazes, [iter(some) for some in squares], facing)
    expected = [(i, square) for i, some in enumerate(squares) for square in some]
    assert len(observations) == len(expected)
    assert observations.num_mazes == len(mazes)
    for shown, owner, (i, square) in zip(observations.mazes, observations.owners, expected):
        assert owner == i
        assert shown == mazes[i].with_mouse(square, facing)


def test_the_mouse_faces_as_after_a_reset_unless_said_otherwise(drawn):
    facing_right = drawn.with_mouse(drawn.mouse, Facing.RIGHT)
    assert Observations.at_squares([facing_right], [[drawn.start]]).mazes[0].facing is Facing.LEFT
    assert Observations.at_squares([drawn], [[drawn.start]], Facing.RIGHT).mazes[0].facing is Facing.RIGHT


def test_owners_come_as_an_array_for_indexing(drawn):
    observations = Observations((drawn,) * 3, (2, 0, 2), 3)
    assert observations.owner_array.dtype == np.int64
    assert observations.owner_array.tolist() == [2, 0, 2]
    assert Observations((), (), 0).owner_array.dtype == np.int64


def test_means_are_taken_over_each_mazes_own_observations(drawn):
    observations = Observations((drawn,) * 5, (1, 0, 1, 2, 1), 3)
    means = observations.mean_per_maze(np.array([3.0, 7.0, 6.0, -1.0, 0.0]))
    assert means.tolist() == [7.0, 3.0, -1.0]


@examples
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-100, 100)), max_size=12))
def test_a_mean_is_refused_exactly_where_a_maze_has_no_observation(pairs):
    maze = Maze.from_text("...\n...\nM..")
    owners, values = tuple(o for o, _ in pairs), np.array([v for _, v in pairs])
    observations = Observations((maze,) * len(pairs), owners, 4)
    missing = sorted(set(range(4)) - set(owners))
    if missing:
        with pytest.raises(MazeError) as error:
            observations.mean_per_maze(values)
        assert str(error.value) == f"mean per maze: the mazes {missing} have no observation"
    else:
        by_hand = [np.mean([v for o, v in pairs if o == i]) for i in range(4)]
        np.testing.assert_allclose(observations.mean_per_maze(values), by_hand, atol=1e-12)


def test_as_many_owners_as_mazes_are_wanted(drawn):
    with pytest.raises(MazeError) as error:
        Observations((drawn, drawn), (0,), 1)
    assert str(error.value) == "observations: got 2 mazes and 1 owners, wanted as many"


def test_as_many_lists_of_squares_as_mazes_are_wanted(drawn):
    with pytest.raises(MazeError) as error:
        Observations.at_squares([drawn], [[drawn.start], [drawn.start]])
    assert str(error.value) == "observations: got 1 mazes and 2 lists of squares, wanted as many"


@pytest.mark.parametrize("owners", [(0, 2), (-1, 0)])
def test_owners_must_be_mazes_of_the_batch(drawn, owners):
    with pytest.raises(MazeError, match=r"^observations: .*owners.* 0 to 1"):
        Observations((drawn, drawn), owners, 2)


def test_a_mouse_cannot_be_placed_in_a_wall(drawn):
    with pytest.raises(MazeError, match=r"^mouse: square \(11, 11\) is a wall"):
        Observations.at_squares([drawn], [[drawn.start, (11, 11)]])


def test_the_same_observations_of_changed_mazes_keep_their_order_and_owners(drawn):
    shown = Observations((drawn, drawn.with_mouse(drawn.start), drawn.with_mouse((14, 10))), (1, 0, 1), 3)
    changed = shown.with_mazes(Maze.without_cheese)
    assert changed.mazes == tuple(maze.without_cheese() for maze in shown.mazes)
    assert (changed.owners, changed.num_mazes) == ((1, 0, 1), 3)
    assert shown.mazes[0].cheese is not None, "the first are left as they were"
