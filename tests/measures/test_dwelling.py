"""The stationary distribution of the mouse's walk, against brute-force iteration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Maze, MazeError, Observations
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import dwelling_change, stationary_distribution
from interp_claims.measures.dwelling import RESTART

examples = settings(max_examples=12, derandomize=True, database=None, deadline=None)
STEPS = {0: (0, -1), 1: (-1, 0), 2: (1, 0), 3: (0, 1), 4: (0, 0)}  # left, down, up, right, stay


def walked(maze, squares, probabilities):
    """The distribution after very many steps, one at a time."""
    chances = {square: probabilities[i] for i, square in enumerate(squares)}
    place = {square: i for i, square in enumerate(maze.free_squares)}
    step = np.zeros((len(place), len(place)))
    for square, i in place.items():
        step[i, place[maze.start]] += 1 if square == maze.cheese else RESTART
        for direction, (rows, columns) in STEPS.items() if square != maze.cheese else ():
            target = square[0] + rows, square[1] + columns
            step[i, place[target if target in place else square]] += (1 - RESTART) * chances[square][direction]
    now = np.full(len(place), 1 / len(place))
    for _ in range(4000):
        now = now @ step
    return dict(zip(place, now))


def but_cheese(maze):
    return [square for square in maze.free_squares if square != maze.cheese]


@examples
@given(
    maze=perfect_mazes(max_size=7, loops=True).filter(lambda maze: maze.cheese != maze.start), seed=st.integers(0, 99)
)
def test_the_shares_are_those_of_a_long_walk(maze, seed):
    squares = but_cheese(maze)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(5), len(squares))
    shares = stationary_distribution(maze, squares, probabilities)
    wanted = walked(maze, squares, probabilities)
    assert shares.shape == (len(squares) + 1,)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares[:-1], [wanted[square] for square in squares], atol=1e-8)
    assert shares[-1] == pytest.approx(wanted[maze.cheese] if maze.cheese else 0, abs=1e-8)


def test_two_squares_by_hand():
    maze = Maze.from_text("###\n###\nMC#")
    p = 0.3  # of the step right, to the cheese
    shares = stationary_distribution(maze, [(11, 11)], np.array([[0, 0, 0, p, 1 - p]]))
    to_cheese = 0.99 * p
    assert shares.tolist() == pytest.approx([1 / (1 + to_cheese), to_cheese / (1 + to_cheese)])


def test_a_mouse_that_goes_nowhere_dwells_at_the_start_and_one_that_seeks_visits_the_cheese():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = but_cheese(maze)
    still = stationary_distribution(maze, squares, np.tile([0, 0, 0, 0, 1.0], (len(squares), 1)))
    assert still[squares.index(maze.start)] == pytest.approx(1)
    seeking = {(11, 11): 2, (12, 11): 2, (13, 11): 3, (13, 12): 3, (11, 12): 0, (11, 13): 0}
    sought = stationary_distribution(maze, squares, np.eye(5)[[seeking[square] for square in squares]])
    assert sought[-1] == pytest.approx(0.2, abs=0.01), "one step in five"


def test_the_order_of_the_squares_is_that_of_the_shares():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = but_cheese(maze)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), len(squares))
    there = stationary_distribution(maze, squares, probabilities)
    back = stationary_distribution(maze, squares[::-1], probabilities[::-1])
    np.testing.assert_allclose(back, [*there[:-1][::-1], there[-1]])


def test_every_free_square_is_wanted():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = [square for square in but_cheese(maze) if square != (12, 11)]
    with pytest.raises(MazeError) as error:
        stationary_distribution(maze, squares, np.full((len(squares), 5), 0.2))
    assert str(error.value) == f"stationary distribution: wanted every free square of {maze!r}, missing [(12, 11)]"
    assert stationary_distribution(maze, but_cheese(maze), np.full((6, 5), 0.2)).shape == (7,)


def test_the_change_is_the_total_variation_of_each_mazes_two_distributions(fake):
    small, other = Maze.from_text("..C\n.##\nM.."), Maze.from_text("...\n.#.\nM.C")
    one = fake(lambda maze: [0.1, 0.1, 0.3, 0.3, 0.2])
    two = fake(lambda maze: [0.3, 0.3, 0.1, 0.1, 0.2] if maze.cheese == (13, 13) else [0.1, 0.1, 0.3, 0.3, 0.2])
    shown = Observations.at_squares([small, other], [but_cheese(small), but_cheese(other)])
    got = dwelling_change(one, two, [small, other], shown)
    squares = but_cheese(small)
    p, q = (
        stationary_distribution(small, squares, np.tile(chances, (len(squares), 1)))
        for chances in ([0.1, 0.1, 0.3, 0.3, 0.2], [0.3, 0.3, 0.1, 0.1, 0.2])
    )
    assert got.tolist() == pytest.approx([np.abs(p - q).sum() / 2, 0])
    assert 0.1 < got[0] < 1
    assert dwelling_change(two, one, [small, other], shown).tolist() == pytest.approx(got.tolist())
