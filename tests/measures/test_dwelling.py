"""The stationary distribution of the mouse's walk, against brute-force iteration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Direction, Facing, Maze, MazeError, Observations, take_step
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import dwelling_change, dwelling_observations, stationary_distribution
from interp_claims.measures.dwelling import RESTART

examples = settings(max_examples=12, derandomize=True, database=None, deadline=None)
LOOKS = list(Facing)


def walked(maze, squares, probabilities):
    """The distribution over squares after very many steps, one at a time, as the rollouts take them."""
    chances = {(square, look): probabilities[i, look.value] for i, square in enumerate(squares) for look in LOOKS}
    place = {(square, look): i for i, (square, look) in enumerate((s, f) for s in maze.free_squares for f in LOOKS)}
    begin = place[maze.start, Facing.LEFT]
    step = np.zeros((len(place), len(place)))
    for (square, look), i in place.items():
        step[i, begin] += 1 if square == maze.cheese else RESTART
        for direction in Direction if square != maze.cheese else ():
            after = take_step(maze.with_mouse(square, look), direction)
            step[i, place[after.mouse, after.facing]] += (1 - RESTART) * chances[square, look][direction]
    now = np.full(len(place), 1 / len(place))
    for _ in range(4000):
        now = now @ step
    return {square: sum(now[place[square, look]] for look in LOOKS) for square in maze.free_squares}


def but_cheese(maze):
    return [square for square in maze.free_squares if square != maze.cheese]


def looking_alike(chances):
    """Probabilities (n, 2, 5) of a policy that does the same wherever the mouse looks, from (n, 5)."""
    return np.repeat(np.asarray(chances, dtype=float)[:, None], 2, axis=1)


@examples
@given(
    maze=perfect_mazes(max_size=7, loops=True).filter(lambda maze: maze.cheese != maze.start), seed=st.integers(0, 99)
)
def test_the_shares_are_those_of_a_long_walk(maze, seed):
    squares = but_cheese(maze)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(5), (len(squares), 2))
    shares = stationary_distribution(maze, squares, probabilities)
    wanted = walked(maze, squares, probabilities)
    assert shares.shape == (len(squares) + 1,)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares[:-1], [wanted[square] for square in squares], atol=1e-8)
    assert shares[-1] == pytest.approx(wanted[maze.cheese] if maze.cheese else 0, abs=1e-8)


def test_two_squares_by_hand():
    maze = Maze.from_text("###\n###\nMC#")
    p = 0.3  # of the step right, to the cheese
    shares = stationary_distribution(maze, [(11, 11)], looking_alike([[0, 0, 0, p, 1 - p]]))
    to_cheese = 0.99 * p
    assert shares.tolist() == pytest.approx([1 / (1 + to_cheese), to_cheese / (1 + to_cheese)])


def test_a_mouse_turns_at_a_wall_and_then_does_what_it_does_looking_there():
    """Looking left it only turns right, at a wall; looking right it only goes up, and stays up there."""
    maze = Maze.from_text(".##\n.##\nM##")
    squares = but_cheese(maze)
    left, right = [0, 0, 0, 1.0, 0], [0, 0, 1.0, 0, 0]
    shares = stationary_distribution(maze, squares, np.array([[left, right]] * 3))
    q = 1 - RESTART
    at_start = RESTART * (1 + q)  # looking left, then looking right
    middle = RESTART * q**2
    assert shares.tolist() == pytest.approx([at_start, middle, 1 - at_start - middle, 0])
    never_turning = stationary_distribution(maze, squares, looking_alike([left] * 3))
    assert never_turning.tolist() == pytest.approx([1, 0, 0, 0])


def test_a_mouse_begins_looking_left_after_the_cheese_as_well():
    """It goes to the cheese only while it looks left; having got it, it looks left again."""
    maze = Maze.from_text("C##\n.##\nM##")
    up, stay = [0, 0, 1.0, 0, 0], [0, 0, 0, 0, 1.0]
    shares = stationary_distribution(maze, but_cheese(maze), np.array([[up, stay]] * 2))
    assert shares[-1] == pytest.approx(1 / 3, abs=0.01), "one step in three"


def test_a_mouse_that_goes_nowhere_dwells_at_the_start_and_one_that_seeks_visits_the_cheese():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = but_cheese(maze)
    still = stationary_distribution(maze, squares, looking_alike(np.tile([0, 0, 0, 0, 1.0], (len(squares), 1))))
    assert still[squares.index(maze.start)] == pytest.approx(1)
    seeking = {(11, 11): 2, (12, 11): 2, (13, 11): 3, (13, 12): 3, (11, 12): 0, (11, 13): 0}
    sought = stationary_distribution(maze, squares, looking_alike(np.eye(5)[[seeking[square] for square in squares]]))
    assert sought[-1] == pytest.approx(0.2, abs=0.01), "one step in five"


def test_the_order_of_the_squares_is_that_of_the_shares():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = but_cheese(maze)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), (len(squares), 2))
    there = stationary_distribution(maze, squares, probabilities)
    back = stationary_distribution(maze, squares[::-1], probabilities[::-1])
    np.testing.assert_allclose(back, [*there[:-1][::-1], there[-1]])


def test_every_free_square_is_wanted():
    maze = Maze.from_text("..C\n.##\nM..")
    squares = [square for square in but_cheese(maze) if square != (12, 11)]
    with pytest.raises(MazeError) as error:
        stationary_distribution(maze, squares, np.full((len(squares), 2, 5), 0.2))
    assert str(error.value) == f"stationary distribution: wanted every free square of {maze!r}, missing [(12, 11)]"
    assert stationary_distribution(maze, but_cheese(maze), np.full((6, 2, 5), 0.2)).shape == (7,)


def test_both_facings_are_wanted():
    maze = Maze.from_text("..C\n.##\nM..")
    with pytest.raises(MazeError) as error:
        stationary_distribution(maze, but_cheese(maze), np.full((6, 5), 0.2))
    assert str(error.value) == (
        "stationary distribution: got probabilities of shape (6, 5), wanted (6, 2, 5), for both facings"
    )


# -- two policies ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two_mazes():
    return [Maze.from_text("..C\n.##\nM.."), Maze.from_text("...\n.#.\nM.C")]


def test_the_mouse_is_shown_on_every_square_but_the_cheeses_looking_left_and_right(two_mazes):
    shown = dwelling_observations(two_mazes)
    wanted = [
        (i, s, f) for i, maze in enumerate(two_mazes) for s in but_cheese(maze) for f in (Facing.LEFT, Facing.RIGHT)
    ]
    assert [(i, maze.mouse, maze.facing) for i, maze in zip(shown.owners, shown.mazes)] == wanted
    assert shown.num_mazes == 2


def test_the_change_is_the_total_variation_of_each_mazes_two_distributions(fake, two_mazes):
    small, other = two_mazes
    one = fake(lambda maze: [0.1, 0.1, 0.3, 0.3, 0.2])
    two = fake(lambda maze: [0.3, 0.3, 0.1, 0.1, 0.2] if maze.cheese == (13, 13) else [0.1, 0.1, 0.3, 0.3, 0.2])
    shown = dwelling_observations([small, other])
    got = dwelling_change(one, two, [small, other], shown)
    squares = but_cheese(small)
    p, q = (
        stationary_distribution(small, squares, looking_alike(np.tile(chances, (len(squares), 1))))
        for chances in ([0.1, 0.1, 0.3, 0.3, 0.2], [0.3, 0.3, 0.1, 0.1, 0.2])
    )
    assert got.tolist() == pytest.approx([np.abs(p - q).sum() / 2, 0])
    assert 0.1 < got[0] < 1
    assert dwelling_change(two, one, [small, other], shown).tolist() == pytest.approx(got.tolist())


def test_policies_that_differ_only_looking_right_dwell_elsewhere(fake, two_mazes):
    one = fake(lambda maze: [0.2, 0.1, 0.3, 0.3, 0.1])
    two = fake(lambda maze: [0.2, 0.1, 0.3, 0.3, 0.1] if maze.facing is Facing.LEFT else [0.3, 0.3, 0.1, 0.2, 0.1])
    assert (dwelling_change(one, two, two_mazes, dwelling_observations(two_mazes)) > 0.05).all()


def test_other_observations_are_refused(fake, two_mazes):
    policy = fake(lambda maze: [0.2] * 5)
    left_only = Observations.at_squares(two_mazes, [but_cheese(maze) for maze in two_mazes])
    with pytest.raises(MazeError, match=r"^dwelling: got other observations than dwelling_observations\(mazes\)"):
        dwelling_change(policy, policy, two_mazes, left_only)
