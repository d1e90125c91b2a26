"""Donors: drawn by the maze's own seed from a pool of their own, and fit for what they lend to."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from scipy.stats import binom

from interp_claims.mazes import (
    DISCOVERY,
    DONORS,
    Facing,
    Maze,
    MazeError,
    Observations,
    SamplingError,
    donor_observations,
    donor_pairs,
    drawn_squares,
    drawn_target,
    euclidean,
    level,
    mazes_with_cheese_at_offset,
    other_mazes,
    size_between,
    stock_mazes,
)
from interp_claims.mazes.donors import NEARBY_TILES, POOL, draw_donor
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=10, derandomize=True, database=None, deadline=None)


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 8)


def test_other_mazes_are_stock_levels_of_the_donors_with_their_cheese_elsewhere(mazes):
    for maze, other in zip(mazes, other_mazes(mazes)):
        assert other == level(other.seed)
        assert DONORS.first <= other.seed < DONORS.first + POOL
        assert euclidean(other.cheese, maze.cheese) > NEARBY_TILES


@pytest.mark.parametrize("cheese", [(12, 12), (14, 14), (10, 10)])
def test_a_donor_with_its_cheese_two_tiles_away_is_not_elsewhere(cheese):
    maze = Maze.from_text("\n".join(["....."] * 5), seed=1).with_cheese(cheese)
    for seed in range(30):
        (other,) = other_mazes([dataclasses.replace(maze, seed=seed)])
        assert euclidean(other.cheese, cheese) > 2


def test_a_pair_of_donors_differs_in_the_cheese_alone(mazes):
    middle = Maze.from_text("...\n.C.\nM..")
    mazes = [*mazes, *(dataclasses.replace(middle, seed=seed) for seed in range(120))]
    for maze, (same, different) in zip(mazes, donor_pairs(mazes)):
        assert different == level(different.seed)
        assert DONORS.first <= different.seed < DONORS.first + POOL
        assert same.cheese == maze.cheese != different.cheese
        assert same.with_cheese(different.cheese) == different


def test_no_donors_mouse_starts_on_its_cheese():
    """The mouse starts on (9, 9) in mazes of size 7: these lend nothing to a maze with its cheese there."""
    mazes = [open_maze(9, (9, 9), seed) for seed in range(200)]
    for same, different in donor_pairs(mazes):
        assert same.start not in (same.cheese, different.cheese)


@pytest.mark.parametrize("draw", [other_mazes, donor_pairs])
def test_a_mazes_donors_are_its_own_whatever_the_batch(mazes, draw):
    together = draw(mazes)
    assert draw(mazes) == together
    assert draw(mazes[::-1]) == together[::-1]
    assert draw(mazes[2:3]) == together[2:3]
    assert len(set(together)) > 5
    assert draw([dataclasses.replace(mazes[0], seed=5)]) != together[:1]


def test_each_purpose_draws_its_own_donor(mazes):
    donors = {draw_donor(mazes[0], purpose, lambda donor: True) for purpose in ("resampling", "other maze", "", "x")}
    assert len(donors) == 4


@pytest.mark.parametrize("draw", [other_mazes, donor_pairs])
def test_a_maze_without_cheese_has_none_to_compare(draw, drawn):
    with pytest.raises(MazeError) as error:
        draw([drawn.without_cheese()])
    assert str(error.value) == (
        f"{drawn.without_cheese()!r} has no cheese to compare with a donor's; filter for mazes with cheese"
    )


def test_donors_that_nothing_satisfies_are_given_up(drawn, monkeypatch):
    monkeypatch.setattr("interp_claims.mazes.donors._TRIES", 40)
    asked = []
    with pytest.raises(SamplingError) as error:
        draw_donor(drawn, "unheard of", lambda donor: asked.append(donor))
    assert len(asked) == 40
    assert str(error.value) == (f"unheard of: no donor for {drawn!r} among 40 draws; ask for something less rare")


@examples
@given(perfect_mazes())
def test_the_mouse_stands_on_the_same_square_of_its_donor_or_at_its_start(mazes, maze):
    shown = Observations.at_squares([maze, mazes[0]], [maze.free_squares, [mazes[0].start]], maze.facing)
    donors = mazes[5], mazes[6]
    lent = donor_observations(donors, shown)
    assert (lent.owners, lent.num_mazes) == (shown.owners, 2)
    for owner, ours, donors_own in zip(shown.owners, shown.mazes, lent.mazes):
        open_to_us = ours.mouse in donors[owner].free_squares and ours.mouse != donors[owner].cheese
        square = ours.mouse if open_to_us else donors[owner].start
        assert donors_own == donors[owner].with_mouse(square, maze.facing)


def test_the_donors_mouse_looks_where_the_mouse_looks(mazes):
    for facing in Facing:
        shown = Observations.at_squares(mazes[:1], [[mazes[0].start]], facing)
        assert [maze.facing for maze in donor_observations(mazes[1:2], shown).mazes] == [facing]


def test_one_donor_for_each_maze_is_wanted(mazes):
    with pytest.raises(MazeError) as error:
        donor_observations(mazes[:2], Observations.one_each(mazes[:3]))
    assert str(error.value) == "donors: got 2 for 3 mazes, wanted one for each"


def open_maze(size, cheese, seed):
    """A maze of open squares with its cheese on one of them."""
    return Maze.from_text("\n".join(["." * size] * size), seed=seed).with_cheese(cheese)


@pytest.mark.parametrize(
    ("size", "cheese"), [(3, (11, 13)), (3, (13, 13)), (25, (0, 2)), (25, (24, 24)), (25, (0, 24)), (25, (12, 11))]
)
def test_there_are_donors_for_the_smallest_mazes_and_for_the_farthest_squares(size, cheese):
    batch = [open_maze(size, cheese, seed) for seed in range(4)]
    for same, elsewhere in donor_pairs(batch):
        assert same.free[cheese]
        assert (same.cheese, same.with_cheese(elsewhere.cheese)) == (cheese, elsewhere)
        assert elsewhere.cheese != cheese
    assert all(euclidean(other.cheese, cheese) > 2 for other in other_mazes(batch))


def test_donors_for_one_purpose_say_nothing_of_those_for_another(mazes):
    resampled = [different for _, different in donor_pairs(mazes)]
    assert not set(resampled) & set(other_mazes(mazes))
    anywhere = [draw_donor(maze, purpose, lambda donor: True) for maze in mazes for purpose in ("a", "b")]
    assert len(set(anywhere)) == 2 * len(mazes)


def test_donors_are_drawn_from_the_whole_pool():
    drawn = [draw_donor(open_maze(3, (12, 12), seed), "any", lambda donor: True).seed for seed in range(100)]
    quarters = [sum(4 * (seed - DONORS.first) // POOL == quarter for seed in drawn) for quarter in range(4)]
    assert sum(quarters) == 100
    assert min(quarters) > 8


# -- another cheese near by ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiles", [0, 1, 2, 5])
def test_another_maze_may_have_its_cheese_some_tiles_away(mazes, tiles):
    for maze, donor in zip(mazes, mazes_with_cheese_at_offset(mazes, tiles)):
        assert tiles - 0.5 <= euclidean(donor.cheese, maze.cheese) <= tiles + 0.5
        assert donor == level(donor.seed).with_cheese(donor.cheese)
        assert DONORS.first <= donor.seed < DONORS.first + POOL
        assert donor.cheese != donor.start


def test_distances_are_rounded_and_every_square_at_the_distance_may_be_drawn():
    drawn = mazes_with_cheese_at_offset([open_maze(5, (12, 12), seed) for seed in range(60)], 1)
    offsets = {(maze.cheese[0] - 12, maze.cheese[1] - 12) for maze in drawn}
    around = {(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)} - {(0, 0)}
    assert offsets == around, "a diagonal step, 1.41 tiles, rounds to 1"


def test_the_maze_with_its_cheese_near_by_is_each_mazes_own_whatever_the_batch(mazes):
    together = mazes_with_cheese_at_offset(mazes, 3)
    assert mazes_with_cheese_at_offset(mazes[::-1], 3) == together[::-1]
    assert mazes_with_cheese_at_offset(mazes[3:4], 3) == together[3:4]
    assert len({maze.seed for maze in together}) > 4
    seeds = [{maze.seed for maze in mazes_with_cheese_at_offset(mazes, tiles)} for tiles in (3, 4)]
    assert seeds[0] != seeds[1], "each distance draws its own"


def test_a_maze_without_cheese_has_none_to_measure_from(drawn):
    with pytest.raises(MazeError, match="has no cheese to compare with a donor's; filter for mazes with cheese"):
        mazes_with_cheese_at_offset([drawn.without_cheese()], 1)


# -- targets and squares, by the seed of the maze ----------------------------------------------------------------------


def test_in_a_large_maze_each_quadrant_is_as_often_the_target():
    (maze,) = size_between(25, 25).sample(DISCOVERY, 1)
    draws = 2_000
    targets = [drawn_target(dataclasses.replace(maze, seed=seed)) for seed in range(draws)]
    low, high = binom.ppf([1e-5, 1 - 1e-5], draws, 1 / 4)
    counts = Counter((row > 12, column > 12) for row, column in targets)
    assert len(counts) == 4
    assert all(low <= count <= high for count in counts.values())
    assert len(set(targets)) > len(maze.free_squares) / 2, "all over the maze"
    assert maze.start not in targets


def test_the_smallest_mazes_have_targets_and_squares_too():
    for maze in size_between(3, 3).sample(DISCOVERY, 6):
        assert drawn_target(maze) in {*maze.free_squares} - {maze.start}
        assert drawn_squares(maze, 2) == drawn_squares(maze.with_mouse_at_start(), 2)
        assert set(drawn_squares(maze, 100)) == {*maze.free_squares} - {maze.cheese}
