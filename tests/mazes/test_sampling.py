"""Mazes by seed: the same ones every time, each filter exact, each draw uniform and the maze's own."""

import dataclasses
import zlib
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from interp_claims import mazes as room
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import (
    CONFIRMATION,
    DISCOVERY,
    DONORS,
    EVALUATION,
    REGISTERED,
    SIZES,
    TRAINING,
    Facing,
    Maze,
    MazeDistribution,
    SamplingError,
    SeedBlock,
    Theme,
    cheese_in_corner,
    cheese_on,
    cheese_outside_corner,
    corner_squares,
    drawn_squares,
    drawn_target,
    level,
    maze_rng,
    sampling,
    shared_rng,
    simulator,
    size_between,
    stock_mazes,
    with_decision_square,
)
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=50, derandomize=True, database=None, deadline=None)

BLOCKS = (TRAINING, EVALUATION, DISCOVERY, CONFIRMATION, DONORS, REGISTERED)
FEW = SeedBlock("few", 1_000, 300)
#: How often a test of uniformity would fail on fresh seeds though the draws are uniform.
FALSE_ALARM = 0.001

DISTRIBUTIONS = [
    stock_mazes(),
    with_decision_square(),
    size_between(5, 9),
    cheese_outside_corner(5),
    cheese_in_corner(5),
    cheese_on((12, 14)),
    cheese_in_corner(7) & with_decision_square() & size_between(7, 25),
]


def forget():
    sampling._levels.cache_clear()


@pytest.fixture
def little_patience(monkeypatch):
    monkeypatch.setattr(sampling, "_PATIENCE", 25)


def nothing(maze):
    return None


@dataclasses.dataclass(frozen=True)
class Every:
    """A step that keeps every n-th level."""

    n: int

    def __call__(self, maze):
        return maze if maze.seed % self.n == 0 else None


# -- levels and blocks ---------------------------------------------------------------------------------------------


@settings(examples, max_examples=15)
@given(st.lists(st.integers(0, 2**31 - 64), min_size=1, max_size=4))
def test_a_level_is_what_procgen_makes_of_its_seed_whatever_was_asked_before(seeds):
    assert [level(seed) for seed in seeds] == simulator().mazes(seeds)


def test_neighbouring_levels_are_each_their_own():
    assert [level(seed).seed for seed in range(60, 70)] == list(range(60, 70))


@pytest.mark.parametrize("seed", [2**31 - 32, 2**31 - 2])
def test_the_last_levels_can_be_had_too(seed):
    assert level(seed) == simulator().mazes([seed])[0]


@pytest.mark.parametrize("seed", [-40, 2**31 + 40])
def test_a_level_that_procgen_does_not_have_is_refused(seed):
    with pytest.raises(InterpClaimsError, match=r"^level seed: got .*, wanted 0 to 2147483646"):
        level(seed)


def test_a_refused_level_is_called_by_its_own_seed():
    with pytest.raises(InterpClaimsError, match=r"^level seed: got -1, wanted"):
        level(-1)


def test_blocks_of_seeds_are_disjoint_and_within_procgens_levels():
    for a, b in combinations(BLOCKS, 2):
        assert a.first + a.size <= b.first or b.first + b.size <= a.first
    assert all(block.first >= 0 and block.first + block.size <= 2**31 - 1 for block in BLOCKS)
    assert len({block.name for block in BLOCKS}) == len(BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_seed_is_in_a_block_from_its_first_to_its_last(block):
    last = block.first + block.size - 1
    assert block.first in block
    assert last in block
    assert block.first - 1 not in block
    assert last + 1 not in block
    assert sum(block.first in other for other in BLOCKS) == sum(last in other for other in BLOCKS) == 1
    assert "seed" not in block


# -- samples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_a_sample_is_the_same_every_time_and_a_shorter_one_is_its_beginning(distribution):
    block = SeedBlock("odd", 1_045, 700)
    twenty = distribution.sample(block, 20)
    assert len(twenty) == 20
    forget()
    assert distribution.sample(block, 20) == twenty
    assert distribution.sample(block, 13) == twenty[:13]
    assert distribution.sample(block, 0) == ()
    seeds = [maze.seed for maze in twenty]
    assert seeds == sorted(set(seeds))
    assert all(seed in block for seed in seeds)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_a_stream_leaves_out_no_maze_that_the_distribution_accepts(distribution):
    accepted = [maze for seed in range(1_000, 1_120) if (maze := distribution.maze(seed)) is not None]
    assert accepted
    assert distribution.sample(SeedBlock("block", 1_000, 120), len(accepted)) == tuple(accepted)


def test_a_stream_that_uses_up_its_block_says_so():
    stream = size_between(3, 3).stream(FEW)
    kept = []
    with pytest.raises(SamplingError) as error:
        kept.extend(stream)
    assert str(error.value) == ("size_between(smallest=3, largest=3): all 300 seeds of the few block are used up")
    with pytest.raises(SamplingError, match="used up"):
        stock_mazes().sample(SeedBlock("tiny", 0, 5), 6)
    assert len(stock_mazes().sample(SeedBlock("tiny", 0, 5), 5)) == 5


def test_a_stream_that_rejects_everything_gives_up(little_patience):
    with pytest.raises(SamplingError) as error:
        (cheese_in_corner(3) & cheese_outside_corner(3)).sample(CONFIRMATION, 1)
    assert str(error.value) == (
        "cheese_in_corner(region=3) & cheese_outside_corner(region=3): rejected 25 levels in a row; "
        "ask for something less rare"
    )


def test_a_stream_gives_up_only_after_rejections_in_a_row(little_patience):
    sample = MazeDistribution((Every(25),)).sample(SeedBlock("block", 1, 1_000), 8)
    assert [maze.seed for maze in sample] == list(range(25, 201, 25))
    with pytest.raises(SamplingError, match="rejected 25 levels in a row"):
        MazeDistribution((Every(26),)).sample(SeedBlock("block", 1, 1_000), 1)


def test_a_stream_has_the_patience_that_its_docstring_tells():
    assert f"{sampling._PATIENCE:,} levels in a row" in MazeDistribution.stream.__doc__


# -- filters -------------------------------------------------------------------------------------------------------


def stock():
    return [level(seed) for seed in range(FEW.first, FEW.first + FEW.size)]


def sample_seeds(distribution):
    return [seed for seed in range(FEW.first, FEW.first + FEW.size) if distribution.maze(seed) is not None]


def test_stock_mazes_are_procgens_own_of_every_size():
    assert [stock_mazes().maze(maze.seed) for maze in stock()] == stock()
    assert {maze.size for maze in stock()} == set(SIZES)


def test_mazes_with_a_decision_square_are_those_where_the_two_ways_part(steps_from):
    kept = []
    for maze in stock():
        start, cheese, corner = (steps_from(maze.free, s) for s in (maze.start, maze.cheese, maze.top_right))
        cheese_on_the_way = start[maze.cheese] + corner[maze.cheese] == start[maze.top_right]
        corner_on_the_way = start[maze.top_right] + cheese[maze.top_right] == start[maze.cheese]
        if not (cheese_on_the_way or corner_on_the_way):
            kept.append(maze.seed)
    assert sample_seeds(with_decision_square()) == kept
    assert 30 < len(kept) < 270


@pytest.mark.parametrize(("smallest", "largest"), [(3, 3), (5, 9), (4, 12), (25, 25), (3, 25), (0, 100)])
def test_sizes_are_kept_with_both_ends(smallest, largest):
    wanted = [maze.seed for maze in stock() if smallest <= maze.size <= largest]
    assert sample_seeds(size_between(smallest, largest)) == wanted


@pytest.mark.parametrize("region", [1, 2, 5, 25])
def test_the_cheese_outside_the_corner_is_left_or_below_of_it(region):
    def outside(maze):
        from_top, from_right = (a - b for a, b in zip(maze.top_right, maze.cheese))
        return from_top >= region or from_right >= region

    assert sample_seeds(cheese_outside_corner(region)) == [maze.seed for maze in stock() if outside(maze)]


def test_a_maze_without_cheese_has_none_outside_the_corner(drawn):
    assert [step(drawn.without_cheese()) for step in cheese_outside_corner(1).steps] == [None]


def test_the_cheese_can_be_put_on_one_square_wherever_that_is_free():
    for maze in stock():
        moved = cheese_on((12, 14)).maze(maze.seed)
        assert moved == (maze.with_cheese((12, 14)) if maze.free[12, 14] else None)


@examples
@given(maze=perfect_mazes(loops=True), region=st.integers(1, 25))
def test_the_corner_is_the_free_squares_near_the_top_right(maze, region):
    row, column = maze.top_right
    box = [(r, c) for r in range(row - region + 1, row + 1) for c in range(column - region + 1, column + 1)]
    wanted = [(r, c) for r, c in box if r >= maze.margin and c >= maze.margin and maze.free[r, c]]
    assert list(corner_squares(maze, region)) == wanted


# -- the cheese in the corner --------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [1, 3, 5, 25])
def test_the_cheese_in_the_corner_lies_there_and_nothing_else_changes(region):
    for maze in stock():
        moved = cheese_in_corner(region).maze(maze.seed)
        assert all(a - b < region for a, b in zip(maze.top_right, moved.cheese))
        assert maze.free[moved.cheese]
        assert moved.cheese != maze.start
        assert moved.with_cheese(maze.cheese) == maze


OPEN_5 = Maze.from_text("\n".join(["....."] * 5))


def cheeses(maze, region, seeds):
    (step,) = cheese_in_corner(region).steps
    return [step(dataclasses.replace(maze, seed=seed)).cheese for seed in seeds]


@pytest.mark.parametrize(
    ("maze", "region", "squares"),
    [
        pytest.param(OPEN_5, 3, 9, id="open"),
        pytest.param(Maze.from_text("...#.\n##.#.\n.....\n.#.##\n.#..."), 4, 10, id="walls"),
        pytest.param(OPEN_5, 25, 24, id="all but the start"),
        pytest.param(Maze.from_text("...\n.##\n..."), 3, 6, id="size 3"),
    ],
)
def test_the_cheese_in_the_corner_is_drawn_uniformly_and_never_on_the_start(maze, region, squares):
    drawn = cheeses(maze, region, range(CONFIRMATION.first, CONFIRMATION.first + 3_000))
    wanted = [square for square in corner_squares(maze, region) if square != maze.start]
    assert len(wanted) == squares
    assert set(drawn) == set(wanted)
    assert chisquare([drawn.count(square) for square in wanted]).pvalue > FALSE_ALARM


def test_the_cheese_in_the_corner_of_stock_mazes_of_one_size_is_drawn_uniformly():
    ranks, expected = np.zeros(8), np.zeros(8)
    for maze in cheese_in_corner(3).stream(CONFIRMATION):
        if maze.size == 9:
            squares = corner_squares(maze, 3)
            ranks[squares.index(maze.cheese)] += 1
            expected[: len(squares)] += 1 / len(squares)
        if maze.seed == CONFIRMATION.first + 2_500:
            break
    assert ranks.sum() > 200
    assert chisquare(ranks[expected > 0], expected[expected > 0]).pvalue > FALSE_ALARM


def test_where_only_the_start_would_do_the_maze_is_rejected():
    alone = Maze.from_text("###\n###\nM##")
    assert [step(alone) for step in cheese_in_corner(25).steps] == [None]


# -- randomness of a maze ------------------------------------------------------------------------------------------


@examples
@given(a=perfect_mazes(), b=perfect_mazes(), seed=st.integers(0, 2**31 - 2), purpose=st.text(max_size=5))
def test_a_mazes_randomness_depends_on_its_seed_and_the_purpose_alone(a, b, seed, purpose):
    a, b = (dataclasses.replace(maze, seed=seed) for maze in (a, b))
    numbers = maze_rng(a, purpose).random(4)
    assert (maze_rng(b, purpose).random(4) == numbers).all()
    assert not (maze_rng(dataclasses.replace(a, seed=seed + 1), purpose).random(4) == numbers).any()
    assert not (maze_rng(a, purpose + "!").random(4) == numbers).any()


def test_a_mazes_randomness_is_the_same_on_every_machine_and_in_every_version(drawn):
    assert maze_rng(drawn, "cheese").integers(1_000_000, size=3).tolist() == [3892, 178876, 297399]


def test_a_drawn_mazes_randomness_depends_on_what_it_looks_like():
    maze = Maze.from_text("..C\n...\nM..")
    again = Maze.from_text("..C\n...\nM..")
    assert maze_rng(maze, "x").random() == maze_rng(again, "x").random()
    for other in (maze.without_cheese(), maze.with_mouse((11, 11), Facing.RIGHT), maze.with_theme(Theme(1))):
        assert maze_rng(other, "x").random() != maze_rng(maze, "x").random()


def test_a_mazes_randomness_leaves_the_global_one_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    maze_rng(OPEN_5, "x").random(10)
    cheese_in_corner(5).sample(FEW, 5)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


# -- squares of a maze ---------------------------------------------------------------------------------------------

LOPSIDED = Maze.from_text(
    """
    ...##
    .###.
    .....
    .#.##
    M####
    """
)


def quadrant(square):
    return square[0] > 12, square[1] > 12


@examples
@given(maze=perfect_mazes(loops=True), seed=st.integers(0, 2**31 - 2))
def test_a_target_can_be_reached_is_not_the_start_and_belongs_to_the_seed(steps_from, maze, seed):
    maze = dataclasses.replace(maze, seed=seed)
    target = drawn_target(maze)
    assert steps_from(maze.free, maze.start)[target] > 0
    moved = maze.with_mouse(target, Facing.RIGHT).with_theme(Theme(2)).without_cheese()
    assert drawn_target(moved) == target


def test_targets_are_drawn_uniformly_by_quadrant_and_then_within_it():
    maze = LOPSIDED.with_free((13, 14), free=False).with_free((14, 14))
    squares = [square for square in maze.free_squares if square not in (maze.start, (14, 14))]
    weights = [1 / 3 / sum(quadrant(s) == quadrant(square) for s in squares) for square in squares]
    assert sum(weights) == pytest.approx(1)
    targets = [drawn_target(dataclasses.replace(maze, seed=seed)) for seed in range(3_000)]
    counts = [targets.count(square) for square in squares]
    assert sum(counts) == 3_000
    assert chisquare(counts, np.array(weights) * 3_000).pvalue > FALSE_ALARM


def test_a_maze_with_nothing_but_a_start_has_no_target():
    alone = Maze.from_text("#C#\n###\nM##")
    with pytest.raises(SamplingError) as error:
        drawn_target(alone)
    assert str(error.value) == f"target: no square but the start can be reached in {alone!r}"


@examples
@given(maze=perfect_mazes(loops=True), seed=st.integers(0, 2**31 - 2), at_most=st.integers(0, 30))
def test_drawn_squares_are_different_free_ones_without_cheese_in_grid_order(maze, seed, at_most):
    maze = dataclasses.replace(maze, seed=seed)
    squares = drawn_squares(maze, at_most)
    there = [square for square in maze.free_squares if square != maze.cheese]
    assert len(squares) == min(at_most, len(there))
    assert list(squares) == sorted(set(squares))
    assert set(squares) <= set(there)
    assert set(squares) <= set(drawn_squares(maze, at_most + 3))


def test_squares_are_drawn_uniformly_by_the_mazes_seed():
    maze = LOPSIDED.with_cheese((12, 14))
    squares = [square for square in maze.free_squares if square != maze.cheese]
    drawn = [square for seed in range(2_000) for square in drawn_squares(dataclasses.replace(maze, seed=seed), 3)]
    counts = [drawn.count(square) for square in squares]
    assert sum(counts) == 6_000
    assert chisquare(counts).pvalue > FALSE_ALARM


# -- composition and print -----------------------------------------------------------------------------------------


def test_steps_act_in_the_order_in_which_they_are_written():
    outside_then_in = cheese_outside_corner(3) & cheese_in_corner(3)
    kept = sample_seeds(outside_then_in)
    assert kept == sample_seeds(cheese_outside_corner(3))
    assert all(outside_then_in.maze(seed) == cheese_in_corner(3).maze(seed) for seed in kept)
    assert sample_seeds(cheese_in_corner(3) & cheese_outside_corner(3)) == []


def test_a_step_after_a_rejection_is_not_taken():
    def fail(maze):
        raise AssertionError("taken")

    assert MazeDistribution((nothing, fail)).maze(3) is None
    assert (MazeDistribution((nothing,)) & MazeDistribution((fail,))).maze(3) is None


@pytest.mark.parametrize("seed", [None, 8])
def test_a_step_that_changes_the_seed_is_refused(seed):
    class Reseeded:
        def __call__(self, maze):
            return dataclasses.replace(maze, seed=seed)

        def __str__(self):
            return "reseeded()"

    for distribution in (MazeDistribution((Reseeded(),)), MazeDistribution((Reseeded(), lambda maze: None))):
        with pytest.raises(SamplingError) as error:
            distribution.maze(7)
        assert str(error.value) == (
            f"reseeded(): made a maze of seed {seed} of that of seed 7, wanted the same seed, by which mazes are "
            "ordered, paired and replayed; change the maze that is given, by with_cheese and the like"
        )


def test_composition_keeps_all_the_steps_of_both():
    a, b, c = with_decision_square(), size_between(5, 9), cheese_in_corner(5)
    assert ((a & b) & c).steps == (a & (b & c)).steps == a.steps + b.steps + c.steps
    assert a & stock_mazes() == stock_mazes() & a == a


@pytest.mark.parametrize(
    ("distribution", "printed"),
    [
        (stock_mazes(), "stock_mazes()"),
        (with_decision_square(), "with_decision_square()"),
        (size_between(5, 9), "size_between(smallest=5, largest=9)"),
        (cheese_in_corner(5), "cheese_in_corner(region=5)"),
        (cheese_outside_corner(5) & size_between(7, 25), "cheese_outside_corner(region=5) & "
         "size_between(smallest=7, largest=25)"),
    ],
)  # fmt: skip
def test_a_distribution_prints_as_the_call_that_makes_it(distribution, printed):
    assert str(distribution) == printed
    assert eval(printed, vars(room)) == distribution


def test_a_distribution_with_the_cheese_on_a_square_prints_as_the_call_that_makes_it():
    assert eval(str(cheese_on((12, 14))), vars(room)) == cheese_on((12, 14))


def test_distributions_made_by_the_same_calls_are_equal():
    assert cheese_in_corner(5) & size_between(5, 9) == cheese_in_corner(5) & size_between(5, 9)
    assert cheese_in_corner(5) != cheese_in_corner(6)
    assert len({cheese_in_corner(5), cheese_in_corner(5), cheese_outside_corner(5)}) == 2


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [cheese_in_corner, cheese_outside_corner])
@pytest.mark.parametrize("region", [0, -1, 26])
def test_a_region_must_fit_the_world(make, region):
    with pytest.raises(SamplingError) as error:
        make(region)
    assert str(error.value) == f"region: got {region}, wanted 1 to 25 tiles"


@pytest.mark.parametrize(("smallest", "largest"), [(9, 3), (4, 4), (26, 30), (-5, 2)])
def test_a_range_of_sizes_must_hold_one(smallest, largest):
    with pytest.raises(SamplingError) as error:
        size_between(smallest, largest)
    assert str(error.value) == (
        f"size_between: got {smallest} to {largest}, wanted a range holding an odd size 3 to 25"
    )


def test_the_square_of_the_cheese_must_be_in_the_world(outside):
    with pytest.raises(SamplingError) as error:
        cheese_on(outside)
    assert str(error.value) == f"cheese_on: got square {outside}, wanted row and column from 0 to 24"


def test_sampling_errors_are_errors_of_this_library():
    assert issubclass(SamplingError, InterpClaimsError)


def test_shared_randomness_depends_on_its_purpose_alone():
    one, again, other = (shared_rng(purpose).random(4).tolist() for purpose in ("a", "a", "b"))
    assert one == again != other
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    shared_rng("a").random()
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_shared_randomness_is_the_same_on_every_machine_and_in_every_version():
    wanted = np.random.default_rng([20_230_311, zlib.crc32(b"a purpose")]).integers(1000, size=3)
    assert shared_rng("a purpose").integers(1000, size=3).tolist() == wanted.tolist()
