"""Normalised path probability, worked out by hand."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Facing, Maze, MazeError, NoPathError, Observations, path_length_steps, shortest_path
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import (
    normalised_path_probability,
    steps_from_top_right_path,
    steps_off_top_right_path,
)

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

TABLE = {
    (10, 10): [0.1, 0.2, 0.5, 0.15, 0.05],
    (11, 10): [0.3, 0.3, 0.2, 0.1, 0.1],
    (12, 10): [0, 0, 0, 0.9, 0.1],
    (12, 11): [0.25, 0.25, 0.4, 0.1, 0],
    (12, 12): [0.2] * 5,
}


def test_the_geometric_mean_of_a_drawn_path_by_hand(fake, parting):
    policy = fake(lambda maze: TABLE[maze.mouse])
    got = normalised_path_probability(policy, [parting] * 3, [(12, 11), (11, 10), (13, 11)])
    np.testing.assert_allclose(got, [(0.5 * 0.2 * 0.9) ** (1 / 3), 0.5, (0.5 * 0.2 * 0.9 * 0.4) ** (1 / 4)])


def test_steps_in_every_direction_are_read_from_their_own_column(fake):
    maze = Maze.from_text("...##\n.#.##\n.#.##\n.####\nM####")
    table = {
        **{(row, 10): [0, 0, 0.3, 0, 0.7] for row in (10, 11, 12, 13)},
        **{(14, column): [0, 0, 0, 0.6, 0.4] for column in (10, 11)},
        (14, 12): [0, 0.8, 0, 0, 0.2],
        (13, 12): [0, 0.9, 0, 0, 0.1],
    }
    expected = (0.3**4 * 0.6**2 * 0.8 * 0.9) ** (1 / 8)
    got = normalised_path_probability(fake(lambda shown: table[shown.mouse]), [maze], [(12, 12)])
    assert got == pytest.approx([expected])
    left = Maze.from_text("..#\n#.#\nM.#")
    by_square = {(11, 11): [0, 0, 0, 0.5, 0.5], (11, 12): [0, 0, 0.4, 0, 0.6], (12, 12): [0, 0, 0.4, 0.6, 0]}
    by_square[13, 12] = [0.7, 0.1, 0.1, 0.1, 0]
    got = normalised_path_probability(fake(lambda shown: by_square[shown.mouse]), [left], [(13, 11)])
    assert got == pytest.approx([(0.5 * 0.4 * 0.4 * 0.7) ** (1 / 4)])


@examples
@given(mazes=st.lists(perfect_mazes(cheese=True), min_size=1, max_size=3), q=st.floats(0.01, 1))
def test_a_seeker_has_its_probability_on_every_path_to_the_cheese(seeker, mazes, q):
    assume(all(maze.cheese != maze.start for maze in mazes))
    got = normalised_path_probability(seeker(q), mazes, [maze.cheese for maze in mazes])
    assert got.shape == (len(mazes),)
    np.testing.assert_allclose(got, q, rtol=1e-9)


def test_long_paths_do_not_underflow(fake):
    tiles = [["." if row % 2 == 0 or column == (24 if row % 4 == 1 else 0) else "#" for column in range(25)]
             for row in range(25)]  # fmt: skip
    snake = Maze.from_text("\n".join("".join(row) for row in reversed(tiles)))
    policy = fake(lambda maze: [1e-4] * 4 + [1 - 4e-4])
    assert normalised_path_probability(policy, [snake], [snake.top_right]) == pytest.approx([1e-4])
    assert len(policy.asked[0]) == 13 * 25 + 12 - 1


@pytest.mark.parametrize("length", [1, 4, 24])
def test_a_path_with_a_step_that_is_never_taken_has_probability_zero(fake, only, length):
    floor = Maze.from_text("\n".join(["#" * 25] * 24 + ["." * 25]))
    policy = fake(lambda maze: only("UP" if maze.mouse == (0, 0) else "RIGHT"))
    (got,) = normalised_path_probability(policy, [floor], [(0, length)])
    assert got == 0


@examples
@given(maze=perfect_mazes(), data=st.data())
def test_where_the_mouse_stands_and_looks_in_the_maze_given_plays_no_part(scrambled, maze, data):
    squares = st.sampled_from(maze.free_squares)
    target = data.draw(squares.filter(lambda square: square != maze.start))
    moved = maze.with_mouse(data.draw(squares), data.draw(st.sampled_from(Facing)))
    policy = scrambled()
    there, again = (normalised_path_probability(policy, [shown], [target]) for shown in (maze, moved))
    assert there == again
    for asked in policy.asked:
        assert asked.mazes[0].mouse == maze.start
        assert {shown.facing for shown in asked.mazes} == {Facing.LEFT}
        assert target not in [shown.mouse for shown in asked.mazes]


def test_a_batch_gives_each_maze_its_own_number(scrambled, parting):
    ring = Maze.from_text("..C\n.#.\nM..")
    mazes, targets = [ring, parting, parting], [(13, 13), (14, 10), (14, 14)]
    together = normalised_path_probability(scrambled(), mazes, targets)
    alone = [normalised_path_probability(scrambled(), [m], [t])[0] for m, t in zip(mazes, targets)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    assert len(set(together)) == 3


def test_the_start_is_no_target(scrambled, parting):
    with pytest.raises(MazeError) as error:
        normalised_path_probability(scrambled(), [parting, parting], [(14, 14), parting.start])
    assert str(error.value) == (
        f"path probability: the target is the start of {parting!r}; an empty path has no probability"
    )


def test_one_target_for_each_maze_is_wanted(scrambled, parting):
    with pytest.raises(MazeError) as error:
        normalised_path_probability(scrambled(), [parting, parting], [(14, 14)])
    assert str(error.value) == "path probability: got 2 mazes and 1 targets, wanted one for each"


def test_a_target_that_cannot_be_reached_is_refused(scrambled):
    maze = Maze.from_text(".#.\n.#.\nM#C")
    with pytest.raises(NoPathError, match=r"^no path leads from \(11, 11\) to \(11, 13\)"):
        normalised_path_probability(scrambled(), [maze], [maze.cheese])


def test_a_wall_is_no_target(scrambled, parting):
    with pytest.raises(MazeError, match=r"^target: square \(11, 11\) is a wall"):
        normalised_path_probability(scrambled(), [parting], [(11, 11)])


def test_a_networks_path_probability_is_the_root_of_the_product_of_its_answers(tiny_policy, parting):
    path = [(10, 10), (11, 10), (12, 10), (12, 11)]
    p = tiny_policy.direction_probabilities(Observations.at_squares([parting], [path]))
    product = p[0, 2] * p[1, 2] * p[2, 3] * p[3, 2]
    assert normalised_path_probability(tiny_policy, [parting], [(13, 11)]) == pytest.approx([product**0.25], abs=1e-6)


@pytest.mark.parametrize(
    ("square", "steps"),
    [
        ((10, 10), 0),
        ((12, 11), 0),
        ((12, 14), 1),
        ((14, 14), 0),
        ((13, 11), 1),
        ((14, 11), 2),
        ((14, 10), 3),
        ((10, 14), 4),
    ],
)
def test_how_far_a_square_lies_off_the_path_to_the_corner(parting, square, steps):
    assert steps_from_top_right_path(parting, square) == steps
    assert steps_from_top_right_path(parting.with_mouse((10, 14)), square) == steps, (
        "where the mouse stands does not count"
    )


@examples
@given(maze=perfect_mazes(loops=True), data=st.data())
def test_the_way_back_to_the_path_is_the_shortest(maze, data):
    square = data.draw(st.sampled_from(maze.free_squares))
    path = shortest_path(maze, maze.start, maze.top_right)
    wanted = min(path_length_steps(maze, square, on_path) for on_path in path)
    assert steps_from_top_right_path(maze, square) == wanted
    assert steps_off_top_right_path(maze)[square] == wanted


def test_a_square_that_no_path_leads_to_has_no_distance_from_the_way():
    maze = Maze.from_text("...\n.##\nM#.")
    assert steps_off_top_right_path(maze)[11, 13] == -1
    with pytest.raises(NoPathError, match=r"^no path leads from \(11, 13\) to the way to the corner of "):
        steps_from_top_right_path(maze, (11, 13))
