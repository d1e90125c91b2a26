"""Clamps at the published strengths, targets by where they lie, and ratios as bounded numbers."""

import dataclasses
import functools

import numpy as np
import pytest

from interp_claims.edits import clamp
from interp_claims.mazes import DISCOVERY, Maze, MazeError, reachable_squares, shortest_path, size_between, stock_mazes
from interp_claims.measures import (
    ALL,
    EFFECTIVE,
    ONE,
    clamped_at,
    normalised_path_probability,
    paths_without_cheese,
    relative_gain,
    steps_from_top_right_path,
    target_in,
    target_off_the_way,
)
from interp_claims.policies import discover_roles, roles, roles_of


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 12)


@pytest.fixture(scope="module")
def large():
    return size_between(25, 25).sample(DISCOVERY, 2)


@pytest.fixture
def few_discovery_mazes(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))
    monkeypatch.setattr(roles, "discover_roles", functools.partial(discover_roles, mazes=12))


# -- clamps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "strength"), [(ONE, 5.5), (EFFECTIVE, 2.3), (ALL, 1.0)])
def test_channels_are_clamped_as_strongly_as_published(tiny_policy, few_discovery_mazes, share, strength):
    found = roles_of(tiny_policy)
    channels = list(found.cheese_channels[:2])
    targets = [(11, 12), (13, 13)]
    values = [9 * found.at_cheese[channel] * strength / 5.5 for channel in channels]
    assert clamped_at(tiny_policy, channels, targets, share).edit == clamp(channels, targets, values, found.layer)


def test_paths_are_those_of_the_mazes_without_their_cheese(scrambled, mazes):
    one, two = scrambled(), scrambled()
    targets = [target_in(maze, top=True) for maze in mazes]
    got = paths_without_cheese(targets, mazes, one, two)
    wanted = normalised_path_probability(scrambled(), [maze.without_cheese() for maze in mazes], targets)
    assert [path.tolist() for path in got] == [wanted.tolist()] * 2
    assert all(shown.cheese is None for asked in one.asked for shown in asked.mazes)


# -- ratios ----------------------------------------------------------------------------------------------------------


def test_a_relative_gain_is_bounded_odd_and_grows_with_the_ratio():
    ratios = np.array([0.01, 0.5, 1.0, 1.1, 5.0, 1000.0])
    gains = relative_gain(0.2 * ratios, np.full(6, 0.2))
    np.testing.assert_allclose(gains, (ratios - 1) / (ratios + 1))
    np.testing.assert_allclose(relative_gain(np.full(6, 0.2), 0.2 * ratios), -gains)
    assert (np.diff(gains) > 0).all()
    assert relative_gain(np.array([0.3, 0.0]), np.array([0.0, 0.3])).tolist() == [1, -1]


def test_nothing_of_nothing_is_no_ratio():
    with pytest.raises(MazeError) as error:
        relative_gain(np.array([0.1, 0.0]), np.array([0.1, 0.0]))
    assert str(error.value) == "relative gain: 0 of 0 at [1] is no ratio"


# -- targets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fewest", "most"), [(0, 0), (1, 5), (10, 12)])
def test_a_target_lies_as_far_off_the_way_as_wanted(large, fewest, most):
    for maze in large:
        drawn = {target_off_the_way(dataclasses.replace(maze, seed=seed), fewest, most) for seed in range(60)}
        assert {steps_from_top_right_path(maze, square) for square in drawn} <= set(range(fewest, most + 1))
        assert len(drawn) > 3
        assert maze.start not in drawn


def test_on_the_way_any_square_but_the_start_may_be_drawn():
    maze = Maze.from_text("..C\n.##\nM..")
    drawn = {target_off_the_way(dataclasses.replace(maze, seed=seed), 0, 0) for seed in range(100)}
    assert drawn == set(shortest_path(maze, maze.start, maze.top_right)[1:])


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("right", [True, False, None])
def test_a_target_lies_in_the_half_or_quadrant_that_is_wanted(mazes, top, right):
    for maze in mazes:
        row, column = target_in(maze, top=top, right=right)
        assert (row > 12) == top
        assert right is None or (column > 12) == right
        assert (row, column) in reachable_squares(maze, maze.start)
        assert (row, column) != maze.start


def test_every_square_of_a_half_may_be_drawn_and_the_smallest_mazes_have_four_quadrants():
    maze = Maze.from_text("..C\n.#.\nM..")
    drawn = {target_in(dataclasses.replace(maze, seed=seed), top=False) for seed in range(200)}
    assert drawn == {(11, 12), (11, 13), (12, 11), (12, 13)}
    for smallest in size_between(3, 3).sample(DISCOVERY, 6):
        for top in (True, False):
            assert all(target_in(smallest, top=top, right=right) for right in (True, False))


def test_a_target_belongs_to_the_maze_and_to_its_purpose(large):
    one, two = large
    assert target_in(one, top=True) == target_in(one.with_mouse(one.top_right), top=True)
    draws = {target_in(one, top=True, right=right) for right in (None, True)} | {target_off_the_way(one, 1, 5)}
    assert len(draws) > 1
    assert target_in(dataclasses.replace(one, seed=two.seed), top=True) != target_in(one, top=True)


def test_where_there_is_no_such_square_that_is_said():
    maze = Maze.from_text("..C\n.##\nM..")
    with pytest.raises(MazeError) as error:
        target_off_the_way(maze, 25, 25)
    assert str(error.value) == f"target 25 to 25 steps off the way to the corner: {maze!r} has no such square"
