"""Distances, paths and decision squares, against a breadth-first search in plain Python."""

import contextlib
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interp_claims.mazes import (
    Facing,
    Maze,
    MazeError,
    NoPathError,
    Theme,
    decision_square,
    distances_steps,
    distances_steps_each,
    distances_to_nearest_steps,
    euclidean,
    geometry,
    level,
    path_length_steps,
    reachable_squares,
    shortest_path,
)
from interp_claims.mazes.strategies import mazes_with_decision_square, perfect_mazes

examples = settings(max_examples=80, derandomize=True, database=None, deadline=None)

mazes = perfect_mazes() | perfect_mazes(loops=True)


@st.composite
def scattered(draw):
    """Mazes with free squares here and there, so that many cannot be reached."""
    size = draw(st.sampled_from([3, 5, 7, 11, 25]))
    margin = (25 - size) // 2
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    free = np.zeros((25, 25), dtype=bool)
    free[margin : margin + size, margin : margin + size] = rng.random((size, size)) < draw(st.floats(0.3, 0.9))
    free[margin, margin] = free[margin + size - 1, margin + size - 1] = True
    maze = Maze(free, size, (margin, margin))
    return maze.with_cheese(draw(st.sampled_from(maze.free_squares)))


def the_only_path(steps_from, maze, target):
    """The path from the start in a maze without loops: every square that lies on the way."""
    there, back = steps_from(maze.free, maze.start), steps_from(maze.free, target)
    on_the_way = [square for square in there if there[square] + back[square] == there[target]]
    return sorted(on_the_way, key=there.__getitem__)


# -- distances -----------------------------------------------------------------------------------------------------


@examples
@given(mazes | scattered(), st.data())
def test_distances_are_those_of_a_plain_search_and_minus_1_where_no_path_leads(steps_from, maze, data):
    source = data.draw(st.sampled_from(maze.free_squares))
    steps = steps_from(maze.free, source)
    got = distances_steps(maze, source)
    assert got.shape == (25, 25)
    assert got.dtype == np.int32
    assert all(got[r, c] == steps.get((r, c), -1) for r in range(25) for c in range(25))


@examples
@given(mazes | scattered(), st.data())
def test_reachable_squares_are_those_of_a_plain_search_row_by_row_from_the_bottom(steps_from, maze, data):
    source = data.draw(st.sampled_from(maze.free_squares))
    squares = reachable_squares(maze, source)
    assert list(squares) == sorted(steps_from(maze.free, source))
    assert all(type(i) is int for square in squares for i in square)


def test_writing_into_distances_does_not_change_later_answers():
    maze = Maze.from_text("..C\n.##\nM..", seed=1)
    first = distances_steps(maze, maze.start)
    kept = first.copy()
    with contextlib.suppress(ValueError):
        first[...] = -1
    later = distances_steps(maze, maze.start).copy()
    geometry._search.cache_clear()
    np.testing.assert_array_equal(later, kept)


@examples
@given(mazes | scattered(), st.data())
def test_the_distance_to_the_nearest_of_some_squares_is_the_smallest_distance_to_one(maze, data):
    targets = data.draw(st.lists(st.sampled_from(maze.free_squares), min_size=1, max_size=4))
    got = distances_to_nearest_steps(maze, targets)
    each = np.stack([distances_steps(maze, target) for target in targets])
    nearest = np.where(each < 0, 10_000, each).min(axis=0)
    np.testing.assert_array_equal(got, np.where(nearest == 10_000, -1, nearest))
    assert (got.shape, got.dtype) == ((25, 25), np.int32)


def test_the_nearest_of_no_squares_or_of_a_wall_is_refused():
    maze = Maze.from_text("..C\n.##\nM..")
    with pytest.raises(MazeError, match=r"^distances: got no targets in "):
        distances_to_nearest_steps(maze, [])
    with pytest.raises(MazeError, match=r"^target: square \(12, 12\) is a wall"):
        distances_to_nearest_steps(maze, [maze.start, (12, 12)])


# -- distances in many mazes ---------------------------------------------------------------------------------------


@examples
@given(st.lists(mazes | scattered(), max_size=4), st.data())
def test_distances_in_many_mazes_are_those_in_each(mazes, data):
    sources = [data.draw(st.sampled_from(maze.free_squares)) for maze in mazes]
    got = distances_steps_each(mazes, sources)
    assert got.shape == (len(mazes), 25, 25)
    assert got.dtype == np.int32
    for steps, maze, source in zip(got, mazes, sources):
        np.testing.assert_array_equal(steps, distances_steps(maze, source))


def test_no_step_leads_from_one_maze_into_the_next_or_round_the_world():
    field = Maze.from_text("\n".join(["." * 25] * 25))
    first, second = distances_steps_each([field, field], [(24, 24), (0, 0)])
    rows, columns = np.indices((25, 25))
    np.testing.assert_array_equal(first, 48 - rows - columns)
    np.testing.assert_array_equal(second, rows + columns)
    floor_and_ceiling = Maze.from_text("\n".join(["." * 25] + ["#" * 25] * 23 + ["." * 25]))
    floor, _ = distances_steps_each([floor_and_ceiling, field], [(0, 0), (12, 12)])
    assert (floor[0] == np.arange(25)).all()
    assert (floor[1:] == -1).all()


def test_the_distances_in_many_mazes_may_be_written_into(drawn):
    (first,) = distances_steps_each([drawn], [drawn.mouse])
    kept = first.copy()
    first[...] = 7
    np.testing.assert_array_equal(distances_steps_each([drawn], [drawn.mouse])[0], kept)


def test_as_many_sources_as_mazes_are_wanted(drawn):
    with pytest.raises(MazeError) as error:
        distances_steps_each([drawn, drawn], [drawn.mouse])
    assert str(error.value) == "distances: got 2 mazes and 1 sources, wanted as many"


def test_a_wall_or_a_square_off_the_world_is_no_source_in_any_maze(drawn):
    with pytest.raises(MazeError) as error:
        distances_steps_each([drawn, drawn], [drawn.mouse, (11, 11)])
    assert str(error.value) == f"source: square (11, 11) is a wall of {drawn!r}; choose one of maze.free_squares"
    with pytest.raises(MazeError) as error:
        distances_steps_each([drawn], [(0, 25)])
    assert str(error.value) == "source: got square (0, 25), wanted row and column from 0 to 24"


# -- paths ---------------------------------------------------------------------------------------------------------


@examples
@given(mazes | scattered(), st.data())
def test_a_shortest_path_walks_free_neighbours_and_is_as_short_as_can_be(steps_from, maze, data):
    squares = st.sampled_from(maze.free_squares)
    source, target = data.draw(squares), data.draw(squares)
    steps = steps_from(maze.free, source)
    if target not in steps:
        for ask in (shortest_path, path_length_steps):
            with pytest.raises(NoPathError) as error:
                ask(maze, source, target)
            assert str(error.value) == f"no path leads from {source} to {target} in {maze!r}"
        return
    path = shortest_path(maze, source, target)
    assert (path[0], path[-1]) == (source, target)
    assert len(path) == steps[target] + 1
    assert path_length_steps(maze, source, target) == steps[target]
    assert all(maze.free[square] for square in path)
    assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in pairwise(path))


@examples
@given(perfect_mazes(loops=True), st.data())
def test_two_paths_from_one_square_never_part_and_meet_again(maze, data):
    squares = st.sampled_from(maze.free_squares)
    source = data.draw(squares)
    a, b = (shortest_path(maze, source, data.draw(squares)) for _ in range(2))
    together = sum(1 for x, y in zip(a, b) if x == y)
    assert a[:together] == b[:together]
    assert not set(a[together:]) & set(b[together:])


@examples
@given(perfect_mazes(loops=True), st.data())
def test_paths_are_the_same_whenever_they_are_asked_for_and_whatever_else_the_maze_holds(maze, data):
    squares = st.sampled_from(maze.free_squares)
    source, target = data.draw(squares), data.draw(squares)
    path = shortest_path(maze, source, target)
    geometry._search.cache_clear()
    geometry._graph.cache_clear()
    other = Maze(maze.free.copy(), maze.size, data.draw(squares), None, Facing.RIGHT, Theme(8), 4)
    shortest_path(other, other.mouse, source)
    assert shortest_path(other, source, target) == path


def test_where_two_paths_are_equally_short_the_choice_is_fixed():
    ring = Maze.from_text("...\n.#.\nM..")
    assert shortest_path(ring, (11, 11), (13, 13)) == ((11, 11), (11, 12), (11, 13), (12, 13), (13, 13))
    assert shortest_path(ring, (11, 11), (13, 12)) == ((11, 11), (12, 11), (13, 11), (13, 12))


@pytest.mark.parametrize("ask", [shortest_path, path_length_steps, lambda maze, a, b: distances_steps(maze, a)])
def test_a_wall_is_no_place_to_start_from(drawn, ask):
    with pytest.raises(MazeError) as error:
        ask(drawn, (11, 11), (12, 12))
    assert str(error.value) == f"source: square (11, 11) is a wall of {drawn!r}; choose one of maze.free_squares"
    assert not isinstance(error.value, NoPathError)


def test_a_wall_is_no_place_to_go_to(drawn):
    with pytest.raises(MazeError) as error:
        shortest_path(drawn, (12, 12), (11, 11))
    assert str(error.value) == f"target: square (11, 11) is a wall of {drawn!r}; choose one of maze.free_squares"


def test_a_square_off_the_world_is_no_place_to_start_from(outside):
    maze = Maze.from_text("\n".join(["." * 25] * 25))
    try:
        found = distances_steps(maze, outside)
    except MazeError:
        return
    except IndexError as error:
        raise AssertionError("said nothing about the square") from error
    raise AssertionError(f"found distances, {found.max()} at most")


def test_a_missing_path_is_an_error_about_the_maze():
    assert issubclass(NoPathError, MazeError)


# -- decision squares ----------------------------------------------------------------------------------------------


@settings(examples, max_examples=150)
@given(perfect_mazes(cheese=True))
def test_without_loops_the_decision_square_is_where_the_only_two_ways_part(steps_from, maze):
    to_cheese = the_only_path(steps_from, maze, maze.cheese)
    to_corner = the_only_path(steps_from, maze, maze.top_right)
    if maze.cheese in to_corner or maze.top_right in to_cheese:
        assert decision_square(maze) is None
        return
    square = decision_square(maze)
    assert square == [s for s in to_cheese if s in to_corner][-1]
    assert square not in (maze.cheese, maze.top_right)


@settings(examples, max_examples=150)
@given(perfect_mazes(cheese=True, loops=True))
def test_with_loops_the_decision_square_is_the_last_that_two_shortest_paths_share(steps_from, maze):
    assume(maze.free[maze.top_right])
    square = decision_square(maze)
    to_cheese = shortest_path(maze, maze.start, maze.cheese)
    to_corner = shortest_path(maze, maze.start, maze.top_right)
    if square is None:
        assert maze.cheese in to_corner or maze.top_right in to_cheese
        return
    start, here = steps_from(maze.free, maze.start), steps_from(maze.free, square)
    for target, path in ((maze.cheese, to_cheese), (maze.top_right, to_corner)):
        assert start[square] + here[target] == start[target]
        assert square in path[:-1]
    after_cheese = to_cheese[to_cheese.index(square) + 1 :]
    after_corner = to_corner[to_corner.index(square) + 1 :]
    assert after_cheese
    assert after_corner
    assert not set(after_cheese) & set(after_corner)


@examples
@given(mazes_with_decision_square(), st.data())
def test_the_decision_square_does_not_depend_on_the_mouse_or_the_looks(maze, data):
    moved = maze.with_mouse(data.draw(st.sampled_from(maze.free_squares)), data.draw(st.sampled_from(Facing)))
    assert decision_square(moved.with_theme(Theme(3, 0.5))) == decision_square(maze)


def test_what_was_forgotten_is_searched_anew(monkeypatch):
    maze = Maze.from_text(
        """
        C..
        .##
        M..
        """
    )
    first = decision_square(maze)
    with monkeypatch.context() as patched:
        patched.setattr(geometry, "_search", None)  # whoever searches now fails
        assert decision_square(maze) == first
        decision_square.cache_clear()
        with pytest.raises(TypeError):
            decision_square(maze)
    geometry.forget()
    assert [kept.cache_info().currsize for kept in (decision_square, geometry._search)] == [0, 0]
    assert decision_square(maze) == first


def test_the_decision_square_of_a_drawn_maze():
    maze = Maze.from_text(
        """
        C.#..
        #.#.#
        .....
        .####
        M....
        """
    )
    assert decision_square(maze) == (12, 11)
    assert decision_square(maze.with_cheese((10, 14))) == (10, 10)
    assert decision_square(maze.with_cheese((12, 14))) == (12, 13)


TO_THE_RIGHT_THEN_UP = """
    ..#..
    .##.#
    .....
    .##.#
    M.#..
"""
PAST_THE_CORNER = """
    #....
    #.##.
    ..##.
    .###.
    M####
"""


@pytest.mark.parametrize(
    ("drawing", "cheese"),
    [
        pytest.param(TO_THE_RIGHT_THEN_UP, None, id="no cheese"),
        pytest.param(TO_THE_RIGHT_THEN_UP, (12, 12), id="the cheese lies on the way to the corner"),
        pytest.param(TO_THE_RIGHT_THEN_UP, (10, 10), id="the cheese lies at the start"),
        pytest.param(TO_THE_RIGHT_THEN_UP, (14, 14), id="the cheese lies in the corner"),
        pytest.param(PAST_THE_CORNER, (11, 14), id="the corner lies on the way to the cheese"),
    ],
)
def test_where_there_is_nothing_to_decide_there_is_no_decision_square(drawing, cheese):
    assert decision_square(Maze.from_text(drawing).with_cheese(cheese)) is None


@pytest.mark.parametrize("unreached", ["cheese", "corner"])
def test_a_decision_needs_a_path_to_the_cheese_and_to_the_corner(unreached):
    maze = Maze.from_text("C#.\n..#\nM#.")
    assert not maze.free[12, 13]
    with pytest.raises(NoPathError) as error:
        decision_square(maze.with_cheese((11, 13)) if unreached == "cheese" else maze)
    target = (11, 13) if unreached == "cheese" else (13, 13)
    assert str(error.value).startswith(f"no path leads from (11, 11) to {target} in <Maze drawn, size 3")


def test_the_decision_squares_of_stock_levels_are_where_the_only_two_ways_part(steps_from):
    for seed in range(40):
        maze = level(seed)
        to_cheese = the_only_path(steps_from, maze, maze.cheese)
        to_corner = the_only_path(steps_from, maze, maze.top_right)
        shared = [s for s in to_cheese if s in to_corner]
        nothing_to_decide = shared[-1] in (maze.cheese, maze.top_right)
        assert decision_square(maze) == (None if nothing_to_decide else shared[-1])


# -- straight lines ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "tiles"), [((3, 4), (0, 0), 5), ((2, 2), (2, 2), 0), ((0, 1), (1, 0), math.sqrt(2))]
)
def test_euclidean_is_the_straight_line_in_tiles(a, b, tiles):
    assert euclidean(a, b) == euclidean(b, a) == pytest.approx(tiles)
