"""The strategies draw valid mazes of every kind they promise, and shrink to the smallest."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from interp_claims.mazes import SIZES, Facing, Maze, level, simulator
from interp_claims.mazes.strategies import NUM_BACKGROUNDS, mazes_with_decision_square, perfect_mazes

examples = settings(max_examples=100, derandomize=True, database=None, deadline=None)
search = settings(max_examples=2_000, derandomize=True, database=None, deadline=None)


def neighbouring_pairs(free):
    return int((free[:, :-1] & free[:, 1:]).sum() + (free[:-1] & free[1:]).sum())


def some(strategy, condition):
    return find(strategy, condition, settings=search)


@examples
@given(perfect_mazes())
def test_exactly_one_path_joins_any_two_squares_of_a_perfect_maze(steps_from, maze):
    assert len(steps_from(maze.free, maze.start)) == maze.free.sum()
    assert neighbouring_pairs(maze.free) == maze.free.sum() - 1


@examples
@given(perfect_mazes())
def test_a_perfect_maze_is_laid_out_as_procgen_lays_its_out(maze):
    inner = maze.free[maze.margin : maze.margin + maze.size, maze.margin : maze.margin + maze.size]
    assert inner[::2, ::2].all()
    assert not inner[1::2, 1::2].any()
    assert maze.seed is None


@pytest.mark.parametrize("seed", range(12))
def test_procgens_own_levels_are_perfect_mazes_too(steps_from, seed):
    maze = level(seed)
    assert len(steps_from(maze.free, maze.start)) == maze.free.sum() == neighbouring_pairs(maze.free) + 1


@examples
@given(perfect_mazes(loops=True))
def test_every_square_of_a_maze_with_loops_can_be_reached(steps_from, maze):
    assert len(steps_from(maze.free, maze.start)) == maze.free.sum()
    assert maze.free[maze.top_right]


@pytest.mark.parametrize("size", [5, 13, 25])
def test_loops_are_really_there(steps_from, size):
    maze = some(
        perfect_mazes(loops=True), lambda m: m.size == size and neighbouring_pairs(m.free) > m.free.sum() + size // 4
    )
    assert len(steps_from(maze.free, maze.start)) == maze.free.sum()


def test_loops_give_squares_with_two_equally_short_ways(steps_from):
    def two_ways(maze):
        steps = steps_from(maze.free, maze.start)
        before = [
            sum(steps.get(near) == n - 1 for near in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)))
            for (r, c), n in steps.items()
        ]
        return max(before) > 1

    some(perfect_mazes(loops=True), two_ways)
    with pytest.raises(NoSuchExample):
        find(perfect_mazes(), two_ways, settings=examples)


@pytest.mark.parametrize("strategy", [perfect_mazes(), perfect_mazes(loops=True)])
def test_mazes_shrink_to_size_3(strategy):
    smallest = some(strategy, lambda maze: True)
    assert smallest.size == 3
    assert (smallest.mouse, smallest.facing, smallest.theme.background_index) == (smallest.start, Facing.LEFT, 0)
    assert some(strategy, lambda maze: maze.size > 6).size == 7


def test_mazes_with_a_decision_square_shrink_too():
    assert some(mazes_with_decision_square(), lambda maze: maze.size > 6).size <= 9, "not always to 3"


@pytest.mark.parametrize("size", SIZES)
def test_mazes_of_every_size_are_drawn(size):
    assert some(perfect_mazes(), lambda maze: maze.size == size).size == size


@settings(examples, max_examples=40)
@given(st.data())
def test_the_largest_size_is_kept_to(data):
    max_size = data.draw(st.sampled_from([4, 5, 9]))
    mazes = data.draw(st.sampled_from([perfect_mazes, mazes_with_decision_square]))(max_size=max_size)
    assert data.draw(mazes).size <= max_size


@pytest.mark.parametrize(("max_size", "largest"), [(4, 3), (5, 5), (9, 9)])
def test_the_largest_size_is_drawn(max_size, largest):
    assert some(perfect_mazes(max_size=max_size), lambda maze: maze.size == largest)


@examples
@given(perfect_mazes(cheese=True), perfect_mazes(cheese=False))
def test_there_is_a_cheese_where_one_was_asked_for(with_cheese, without):
    assert with_cheese.cheese in with_cheese.free_squares
    assert without.cheese is None


def test_unless_asked_for_there_may_be_a_cheese_or_not():
    assert some(perfect_mazes(), lambda maze: maze.cheese is None).cheese is None
    assert some(perfect_mazes(), lambda maze: maze.cheese is not None).cheese is not None


@pytest.mark.parametrize("loops", [False, True])
def test_mouse_and_cheese_may_stand_anywhere_and_the_mouse_may_face_both_ways(loops):
    mazes = perfect_mazes(max_size=5, cheese=True, loops=loops)
    for row in (10, 14):
        for column in (10, 14):
            assert some(mazes, lambda m, s=(row, column): m.size == 5 and m.mouse == s)
            assert some(mazes, lambda m, s=(row, column): m.size == 5 and m.cheese == s)
    assert some(mazes, lambda m: m.facing is Facing.RIGHT)


@examples
@given(mazes_with_decision_square())
def test_the_ways_to_cheese_and_corner_part_where_a_decision_square_was_asked_for(steps_from, maze):
    start, cheese, corner = (steps_from(maze.free, s) for s in (maze.start, maze.cheese, maze.top_right))
    assert start[maze.cheese] + corner[maze.cheese] > start[maze.top_right]
    assert start[maze.top_right] + cheese[maze.top_right] > start[maze.cheese]


@pytest.mark.parametrize("index", range(NUM_BACKGROUNDS))
def test_every_floor_picture_that_may_be_drawn_is_one_of_procgens(index):
    maze = some(perfect_mazes(max_size=3), lambda m: m.theme.background_index == index)
    assert simulator().render([maze]).std() > 10


def test_the_floor_pictures_drawn_are_those_of_stock_levels():
    assert {level(seed).theme.background_index for seed in range(200)} == set(range(NUM_BACKGROUNDS))


@examples
@given(st.data())
def test_a_maze_is_a_function_of_what_hypothesis_drew(data):
    maze = data.draw(perfect_mazes(loops=True))
    np.testing.assert_array_equal(Maze.from_dict(maze.to_dict()).free, maze.free)
    assert 0 <= maze.theme.background_offset <= 1
