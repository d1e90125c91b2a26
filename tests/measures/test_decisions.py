"""Probabilities at the decision square: read off the right observation, in the right direction."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Facing, MazeError, with_decision_square
from interp_claims.mazes.sampling import DISCOVERY
from interp_claims.mazes.strategies import mazes_with_decision_square
from interp_claims.measures import decide, decision_observations, p_cheese, p_top_right

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

BY_HAND = [0.1, 0.15, 0.4, 0.3, 0.05]


def ways_part_at(maze, step_towards):
    """The decision square of a maze without loops, walked to from the start."""
    row, column = maze.start
    while True:
        names = [step_towards(maze, (row, column), target) for target in (maze.cheese, maze.top_right)]
        if names[0] != names[1]:
            return (row, column), *names
        rows, columns = {"LEFT": (0, -1), "DOWN": (-1, 0), "UP": (1, 0), "RIGHT": (0, 1)}[names[0]]
        row, column = row + rows, column + columns


def test_the_decision_of_a_drawn_maze_is_read_off_by_hand(fake, parting):
    decision = decide(fake(lambda maze: BY_HAND), [parting])
    np.testing.assert_allclose(decision.cheese, [0.4])
    np.testing.assert_allclose(decision.top_right, [0.3])
    np.testing.assert_allclose(decision.other, [0.3])


def test_each_maze_of_a_batch_gets_its_own_answer_in_order(fake, parting):
    down = parting.with_cheese((10, 14))
    table = {(12, 11): BY_HAND, (10, 10): [0.0, 0.1, 0.2, 0.7, 0.0]}
    decision = decide(fake(lambda maze: table[maze.mouse]), [down, parting, down])
    np.testing.assert_allclose(decision.cheese, [0.7, 0.4, 0.7])
    np.testing.assert_allclose(decision.top_right, [0.2, 0.3, 0.2])
    np.testing.assert_allclose(decision.other, [0.1, 0.3, 0.1])


@examples
@given(st.lists(mazes_with_decision_square(), min_size=1, max_size=4))
def test_both_probabilities_are_those_of_the_steps_where_the_two_ways_part(scrambled, step_towards, mazes):
    policy = scrambled()
    decision = decide(policy, mazes)
    (asked,) = policy.asked
    for i, maze in enumerate(mazes):
        square, to_cheese, to_corner = ways_part_at(maze, step_towards)
        assert asked.mazes[i] == maze.with_mouse(square, Facing.LEFT)
        p = dict(zip(("LEFT", "DOWN", "UP", "RIGHT", "STAY"), policy.rule(asked.mazes[i])))
        assert decision.cheese[i] == p[to_cheese]
        assert decision.top_right[i] == p[to_corner]
        rest = sum(p[name] for name in p if name not in (to_cheese, to_corner))
        assert decision.other[i] == pytest.approx(rest, abs=1e-12)
    np.testing.assert_allclose(decision.cheese + decision.top_right + decision.other, 1, rtol=0, atol=1e-12)


@examples
@given(maze=mazes_with_decision_square(), q=st.floats(0, 1))
def test_a_policy_that_seeks_the_cheese_with_some_probability_has_that_p_cheese(seeker, maze, q):
    assert p_cheese(seeker(q), [maze]) == pytest.approx([q])
    assert p_top_right(seeker(q), [maze]) == pytest.approx([(1 - q) / 4])
    assert decide(seeker(q), [maze]).other == pytest.approx([(1 - q) * 3 / 4], abs=1e-12)


def test_the_shown_mazes_may_differ_from_those_that_define_square_and_steps(fake, parting):
    elsewhere = parting.with_cheese((10, 14)).with_mouse((14, 14), Facing.RIGHT)
    policy = fake(lambda maze: BY_HAND if maze.cheese is None else [0, 1, 0, 0, 0])
    decision = decide(policy, [elsewhere.without_cheese(), elsewhere], steps_of=[parting, parting])
    assert [maze for asked in policy.asked for maze in asked.mazes] == [
        parting.without_cheese().with_mouse((12, 11)),
        parting.with_cheese((10, 14)).with_mouse((12, 11)),
    ]
    np.testing.assert_allclose(decision.cheese, [0.4, 0])
    np.testing.assert_allclose(decision.top_right, [0.3, 0])
    np.testing.assert_allclose(decision.other, [0.3, 1])


def test_p_top_right_may_be_that_of_other_mazes_steps(fake, parting):
    policy = fake(lambda maze: BY_HAND if maze.cheese is None else [0, 1, 0, 0, 0])
    got = p_top_right(policy, [parting.without_cheese(), parting], steps_of=[parting, parting])
    np.testing.assert_allclose(got, [0.3, 0])


@pytest.mark.parametrize(("shown", "defining"), [(1, 2), (2, 1), (1, 0)])
def test_as_many_defining_mazes_as_shown_ones_are_wanted(fake, parting, shown, defining):
    try:
        decision = decide(fake(lambda maze: BY_HAND), [parting] * shown, steps_of=[parting] * defining)
    except MazeError:
        return
    except IndexError as error:
        raise AssertionError("an error that says nothing") from error
    raise AssertionError(f"{len(decision.cheese)} answers for {shown} mazes")


def test_decision_observations_show_each_maze_from_its_decision_square(parting):
    down = dataclasses.replace(parting.with_cheese((10, 14)).with_mouse((14, 14), Facing.RIGHT), seed=5)
    observations = decision_observations([parting, down])
    assert observations.mazes == (parting.with_mouse((12, 11)), down.with_mouse((10, 10)))
    assert (observations.owners, observations.num_mazes) == ((0, 1), 2)


@pytest.mark.parametrize("ask", [decision_observations, lambda mazes: p_cheese(None, mazes)])
def test_a_maze_without_a_decision_square_is_refused(ask, parting):
    undecided = parting.with_cheese((12, 13))
    with pytest.raises(MazeError) as error:
        ask([parting, undecided])
    assert str(error.value) == f"{undecided!r} has no decision square; sample mazes with with_decision_square()"


def test_a_maze_whose_cheese_was_taken_away_cannot_define_its_steps(parting):
    with pytest.raises(MazeError, match="has no decision square"):
        p_top_right(None, [parting.without_cheese()])


def test_no_mazes_give_no_decisions(scrambled):
    assert decide(scrambled(), []).cheese.shape == (0,)


def test_a_networks_p_cheese_does_not_depend_on_the_batch(tiny_policy):
    mazes = with_decision_square().sample(DISCOVERY, 6)
    together = decide(tiny_policy, mazes)
    alone = [decide(tiny_policy, [maze]) for maze in reversed(mazes)][::-1]
    for name in ("cheese", "top_right", "other"):
        values = getattr(together, name)
        assert values.shape == (6,)
        assert values.dtype == np.float64
        np.testing.assert_allclose(np.concatenate([getattr(one, name) for one in alone]), values, rtol=0, atol=1e-6)
    assert np.ptp(together.cheese) > 0.01


def test_a_networks_decision_is_among_its_answers_for_that_observation(tiny_policy, step_towards):
    maze = next(m for seed in range(50) if (m := with_decision_square().maze(seed)) is not None)
    _, to_cheese, _ = ways_part_at(maze, step_towards)
    logits = tiny_policy.logits(decision_observations([maze]))[0].astype(float)
    actions = {"LEFT": [0, 1, 2], "DOWN": [3], "UP": [5], "RIGHT": [6, 7, 8]}[to_cheese]
    p = np.exp(logits) / np.exp(logits).sum()
    assert p_cheese(tiny_policy, [maze]) == pytest.approx([p[actions].sum()], abs=1e-9)
