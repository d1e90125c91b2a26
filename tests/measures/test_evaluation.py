"""Evaluations: outcomes by hand, shares with their intervals, and policies whose answers are known."""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from interp_claims.mazes import EVALUATION, SIZES, Facing, Maze, MazeError, corner_squares, shortest_path
from interp_claims.measures import Rollout
from interp_claims.measures.evaluation import (
    SQUARES_PER_MAZE,
    Cell,
    Evaluation,
    Outcome,
    Share,
    Where,
    cells_wanted,
    evaluate,
    mazes_of,
    outcome_of,
)

IN, OFF = Where.IN_DISTRIBUTION, Where.OFF_DISTRIBUTION
MOVES = ((0, -1), (-1, 0), (1, 0), (0, 1))


class Planted:
    """Answers by two rules from a maze: to five probabilities, and to a value. Keeps what it was asked last."""

    def __init__(self, rule, value=lambda maze: 0.0):
        self.rule, self.value = rule, value
        self.asked = self.valued = ()

    def direction_probabilities(self, observations):
        self.asked = observations.mazes
        return np.array([self.rule(maze) for maze in observations.mazes], dtype=float).reshape(-1, 5)

    def values(self, observations):
        self.valued = observations.mazes
        return np.array([self.value(maze) for maze in observations.mazes], dtype=np.float32)


def steps_to_cheese(maze):
    return len(shortest_path(maze, maze.mouse, maze.cheese)) - 1


def free_neighbours(maze):
    near = [(maze.mouse[0] + rows, maze.mouse[1] + columns) for rows, columns in MOVES]
    return [square for square in near if min(square) >= 0 and max(square) < 25 and maze.free[square]]


@pytest.fixture
def oracle(only, step_towards):
    def make(value=lambda steps: 0.99**steps):
        return Planted(
            lambda maze: only(step_towards(maze, maze.mouse, maze.cheese)), lambda maze: value(steps_to_cheese(maze))
        )

    return make


# -- outcomes ------------------------------------------------------------------------------------------------------

MAZE = Maze.from_text("C..\n.#.\nM..")


def rollout(squares, cheese, top_right):
    return Rollout(MAZE, squares, cheese, top_right)


THROUGH_THE_CORNER = rollout(
    ((11, 11), (11, 12), (11, 13), (12, 13), (13, 13), (13, 12), (13, 11)), cheese=True, top_right=4
)
STRAIGHT = rollout(((11, 11), (12, 11), (13, 11)), cheese=True, top_right=None)
STAYING = rollout(((11, 11), (11, 11)), cheese=False, top_right=None)
AT_THE_CORNER = rollout(((11, 11), (11, 12), (11, 13), (12, 13), (13, 13)), cheese=False, top_right=4)
IN_THE_CORNER_ALREADY = rollout(((13, 13), (13, 13)), cheese=False, top_right=0)


@pytest.mark.parametrize(
    ("episode", "inside", "outside"),
    [
        (STRAIGHT, Outcome.CHEESE, Outcome.CHEESE),
        (THROUGH_THE_CORNER, Outcome.CHEESE, Outcome.TOP_RIGHT_FIRST),
        (AT_THE_CORNER, Outcome.NEITHER, Outcome.TOP_RIGHT_FIRST),
        (IN_THE_CORNER_ALREADY, Outcome.NEITHER, Outcome.TOP_RIGHT_FIRST),
        (STAYING, Outcome.NEITHER, Outcome.NEITHER),
    ],
    ids=["straight", "through the corner", "to the corner", "in the corner from the beginning", "staying"],
)
def test_the_corner_counts_off_the_distribution_alone_and_whatever_comes_after(episode, inside, outside):
    assert outcome_of(episode, IN) is inside
    assert outcome_of(episode, OFF) is outside


# -- shares --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombes_table(count, of, low, high):
    """Newcombe (1998), "Two-sided confidence intervals for the single proportion", Table I, method 3."""
    share = Share.out_of(count, of)
    assert (share.count, share.of, share.value) == (count, of, count / of)
    assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (7, 50), (50, 50)])
def test_intervals_are_wilsons(count, of):
    z, p = norm.ppf(0.975), count / of
    middle = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    share = Share.out_of(count, of)
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert 0 <= share.low <= share.value <= share.high <= 1


def test_a_share_prints_as_percent_with_its_interval():
    assert str(Share.out_of(81, 263)) == "31% [26, 37]"


# -- cells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "sizes_outside"),
    [(1, SIZES), (4, SIZES[1:]), (5, SIZES[2:]), (24, (25,)), (25, ())],
)
def test_cells_off_the_distribution_are_the_sizes_larger_than_the_region(region, sizes_outside):
    assert cells_wanted(region) == [(IN, size) for size in SIZES] + [(OFF, size) for size in sizes_outside]


@pytest.mark.parametrize(("where", "region", "size"), [(IN, 5, 3), (IN, 5, 13), (OFF, 5, 7), (OFF, 1, 3), (IN, 25, 9)])
def test_the_mazes_of_a_cell_have_its_size_and_region_and_are_set_apart(where, region, size):
    mazes = mazes_of(where, region, size, 4)
    assert len({maze.seed for maze in mazes}) == 4
    for maze in mazes:
        assert maze.size == size
        assert maze.seed in EVALUATION
        assert (maze.cheese in corner_squares(maze, region)) == (where is IN)
        assert maze.mouse == maze.start != maze.cheese
    assert mazes_of(where, region, size, 2) == mazes[:2]


@pytest.mark.parametrize("where", Where)
@pytest.mark.parametrize("region", [0, 26])
def test_a_region_that_there_is_not_has_no_mazes(where, region):
    with pytest.raises(MazeError) as error:
        mazes_of(where, region, 9, 1)
    assert str(error.value) == f"region: got {region}, wanted 1 to 25"


# -- policies whose answers are known ------------------------------------------------------------------------------


def measured(policy, cells, region=5, count=3):
    return list(evaluate(policy, region, cells, count))


def test_an_oracle_gets_every_cheese_and_is_always_right_and_sure(oracle):
    cells = measured(oracle(), [(IN, 7), (IN, 13)])
    assert [(cell.where, cell.size) for cell in cells] == [(IN, 7), (IN, 13)]
    for cell in cells:
        assert cell.outcomes == {Outcome.CHEESE: 3}
        assert cell.squares == 3 * SQUARES_PER_MAZE
        assert (cell.accuracy, cell.entropy, cell.value_agreement) == (1, 0, 1)


def test_an_oracle_that_passes_the_corner_got_there_first(oracle):
    (cell,) = measured(oracle(), [(OFF, 9)], count=8)
    mazes = mazes_of(OFF, 5, 9, 8)
    passing = sum(maze.top_right in shortest_path(maze, maze.start, maze.cheese) for maze in mazes)
    assert {outcome: n for outcome, n in cell.outcomes.items() if n} == {
        outcome: n for outcome, n in ((Outcome.CHEESE, 8 - passing), (Outcome.TOP_RIGHT_FIRST, passing)) if n
    }
    assert cell.accuracy == 1


def test_a_policy_that_walks_to_the_corner_is_seen_to(only, step_towards):
    def rule(maze):
        return only("STAY" if maze.mouse == maze.top_right else step_towards(maze, maze.mouse, maze.top_right))

    inside, outside = measured(Planted(rule), [(IN, 9), (OFF, 9)], region=1, count=6)
    assert inside.outcomes == {Outcome.CHEESE: 6}
    on_the_way = sum(maze.cheese in shortest_path(maze, maze.start, maze.top_right) for maze in mazes_of(OFF, 1, 9, 6))
    assert outside.outcomes.get(Outcome.TOP_RIGHT_FIRST, 0) == 6 - on_the_way > 0
    assert outside.outcomes.get(Outcome.CHEESE, 0) == on_the_way
    assert outside.accuracy < inside.accuracy == 1


def test_a_policy_that_stays_gets_nothing(only):
    (cell,) = measured(Planted(lambda maze: only("STAY")), [(OFF, 7)])
    assert cell.outcomes == {Outcome.NEITHER: 3}
    assert (cell.accuracy, cell.entropy, cell.value_agreement) == (0, 0, 0)


def test_episodes_last_as_long_as_procgens(monkeypatch, only):
    asked = {}
    monkeypatch.setattr(
        "interp_claims.measures.evaluation.roll_out", lambda policy, mazes, **options: asked.update(options) or []
    )
    measured(Planted(lambda maze: only("STAY")), [(IN, 3)])
    assert asked == {"seed": 0, "max_steps": 500}


def test_a_policy_that_does_anything_has_the_entropy_of_five_directions(monkeypatch):
    monkeypatch.setattr("interp_claims.measures.evaluation.TIMEOUT_STEPS", 3)
    (cell,) = measured(Planted(lambda maze: [0.2] * 5), [(IN, 9)])
    assert cell.entropy == pytest.approx(math.log(5))
    (cell,) = measured(Planted(lambda maze: [0.5, 0, 0.25, 0.25, 0]), [(IN, 9)])
    assert cell.entropy == pytest.approx(1.5 * math.log(2)), "in nats, and zeros count nothing"


def test_values_that_fall_towards_the_cheese_disagree_wherever_there_is_a_choice(oracle):
    policy = oracle(value=lambda steps: -(0.99**steps))
    (cell,) = measured(policy, [(IN, 13)], count=6)
    dead_ends = np.mean([len(free_neighbours(maze)) == 1 for maze in policy.asked])
    assert 0 < dead_ends < 0.7
    assert cell.value_agreement == pytest.approx(dead_ends)


def test_accuracy_is_the_share_of_squares_where_the_likeliest_direction_is_right(only, step_towards, monkeypatch):
    monkeypatch.setattr("interp_claims.measures.evaluation.TIMEOUT_STEPS", 3)
    policy = Planted(lambda maze: 0.6 * only("UP") + 0.4 * only(step_towards(maze, maze.mouse, maze.cheese)))
    (cell,) = measured(policy, [(IN, 9)], count=8)
    right = [step_towards(maze, maze.mouse, maze.cheese) == "UP" for maze in policy.asked]
    assert cell.squares == len(right) == 8 * SQUARES_PER_MAZE
    assert cell.accuracy == pytest.approx(np.mean(right))
    assert 0 < cell.accuracy < 1


def test_squares_are_drawn_in_every_maze_off_the_cheese_and_looking_either_way(oracle):
    policy = oracle()
    measured(policy, [(IN, 13)], count=6)
    seeds = [maze.seed for maze in policy.asked]
    assert {seeds.count(seed) for seed in seeds} == {SQUARES_PER_MAZE}
    assert len({(maze.seed, maze.mouse) for maze in policy.asked}) == len(seeds)
    assert all(maze.mouse != maze.cheese for maze in policy.asked)
    assert {maze.facing for maze in policy.asked} == set(Facing)


def test_values_are_asked_of_every_square_that_one_step_leads_to_as_it_looks_from_there(oracle):
    policy = oracle()
    measured(policy, [(IN, 9)])
    assert len(policy.valued) == sum(len(free_neighbours(maze)) for maze in policy.asked)
    shown = iter(policy.valued)
    for maze in policy.asked:
        for square in free_neighbours(maze):
            facing = {-1: Facing.LEFT, 1: Facing.RIGHT}.get(square[1] - maze.mouse[1], maze.facing)
            assert next(shown) == maze.with_mouse(square, facing)


def test_a_square_at_the_edge_of_the_world_has_neighbours_inside_it_alone(oracle):
    (cell,) = measured(oracle(), [(IN, 25)], count=8)
    assert cell.value_agreement == 1


def test_the_smallest_mazes_can_be_measured_too(oracle):
    (cell,) = measured(oracle(), [(IN, 3)], region=25, count=2)
    assert cell.squares == 2 * SQUARES_PER_MAZE
    assert cell.outcomes == {Outcome.CHEESE: 2}


def test_a_cell_does_not_depend_on_the_others(tiny_policy, monkeypatch):
    monkeypatch.setattr("interp_claims.measures.evaluation.TIMEOUT_STEPS", 5)
    together = measured(tiny_policy, [(IN, 5), (OFF, 7)], count=2)
    assert measured(tiny_policy, [(OFF, 7)], count=2) == together[1:]


def test_cells_are_measured_when_they_are_asked_for(oracle):
    policy = oracle()
    cells = evaluate(policy, 5, [(IN, 3), (IN, 25)], 1)
    next(cells)
    assert {maze.size for maze in policy.asked} == {3}


# -- sums over cells -----------------------------------------------------------------------------------------------


def cell(where, size, counts, squares, accuracy):
    outcomes = {outcome: n for outcome, n in zip(Outcome, counts) if n is not None}
    return Cell(where, size, outcomes, squares, accuracy, entropy=accuracy / 2, value_agreement=accuracy / 4)


CELLS = (cell(IN, 3, (8, None, 2), 10, 0.5), cell(IN, 5, (1, 0, 9), 30, 0.9), cell(OFF, 7, (3, 6, 1), 40, 0.2))
EVALUATED = Evaluation("mine", "1" * 64, 4, 5, 10, CELLS)


def test_shares_are_taken_over_the_episodes_of_all_cells_asked_for():
    assert EVALUATED.share(IN, Outcome.CHEESE) == Share.out_of(9, 20)
    assert EVALUATED.share(IN, Outcome.CHEESE, (3,)) == Share.out_of(8, 10)
    assert EVALUATED.share(IN, Outcome.TOP_RIGHT_FIRST) == Share.out_of(0, 20)
    assert EVALUATED.share(OFF, Outcome.TOP_RIGHT_FIRST) == Share.out_of(6, 10)


def test_means_weigh_squares_alike():
    assert EVALUATED.mean(IN, "accuracy") == pytest.approx(0.8)
    assert EVALUATED.mean(IN, "entropy") == pytest.approx(0.4)
    assert EVALUATED.mean(IN, "value_agreement") == pytest.approx(0.2)
    assert EVALUATED.mean(IN, "accuracy", (3,)) == pytest.approx(0.5)
    assert EVALUATED.mean(OFF, "accuracy") == pytest.approx(0.2)


def test_where_no_cell_is_there_is_no_share_and_no_mean():
    assert EVALUATED.share(OFF, Outcome.CHEESE, (3,)) is None
    assert EVALUATED.mean(IN, "accuracy", (25,)) is None
    assert dataclasses.replace(EVALUATED, cells=()).share(IN, Outcome.CHEESE) is None


@pytest.mark.parametrize("one", CELLS, ids=lambda one: one.where.value)
def test_a_cell_survives_json(one):
    again = Cell.from_dict(json.loads(json.dumps(one.to_dict())))
    assert again == dataclasses.replace(one, outcomes={outcome: one.outcomes.get(outcome, 0) for outcome in Outcome})
    assert again.to_dict() == one.to_dict()


@pytest.mark.parametrize("change", [{"where": "nowhere"}, {"outcomes": {"sleeps": 3}}, {"colour": 1}], ids=str)
def test_a_cell_of_something_else_is_refused(change):
    with pytest.raises((ValueError, TypeError)):
        Cell.from_dict({**CELLS[0].to_dict(), **change})
