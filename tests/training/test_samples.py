"""Training data: chunks by number, drawn as described, and labelled with what the shortest path says."""

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chisquare

from interp_claims.mazes import (
    DIRECTION_OF_ACTION,
    EVALUATION,
    TRAINING,
    Direction,
    Facing,
    Maze,
    corner_squares,
    direction_between,
    distances_steps_each,
    paint,
    path_length_steps,
    shortest_path,
    simulator,
)
from interp_claims.training import OracleSamples, Recipe, held_out, oracle_actions, samples
from interp_claims.training.samples import BATCHES_A_CHUNK

DATA = OracleSamples(region=5, seed=0, squares_per_level=4, chunk=512)
SMALL = OracleSamples(region=5, seed=0, squares_per_level=4, chunk=24)
#: How often a test of a draw would fail on fresh seeds though it is drawn as described.
FALSE_ALARM = 0.001
OPEN_25 = "\n".join(["." * 25] * 25)


class Spy:
    """The simulator, keeping the levels it is asked for and the mazes it is to render."""

    def __init__(self, *, blind=False):
        self.blind = blind
        self.seeds, self.mazes_rendered = [], []

    def mazes(self, seeds):
        self.seeds += seeds
        return simulator().mazes(seeds)

    def paint(self, mazes):
        self.mazes_rendered += mazes
        return np.zeros((len(mazes), 64, 64, 3), np.uint8) if self.blind else paint(mazes)


@pytest.fixture
def spied(monkeypatch):
    """Makes data; gives them with the mazes and the level seeds that they come from."""

    def make(produce):
        spy = Spy(blind=True)
        with monkeypatch.context() as patch:
            patch.setattr(samples, "simulator", lambda: spy)
            patch.setattr(samples, "paint", spy.paint)
            return produce(), spy.mazes_rendered, spy.seeds

    return make


@pytest.fixture(scope="module")
def drawn():
    """One chunk of 512, and its mazes in the same order."""
    spy = Spy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "simulator", lambda: spy)
        patch.setattr(samples, "paint", spy.paint)
        return DATA[7], spy.mazes_rendered


def digest(chunk):
    return hashlib.sha256(chunk.actions.numpy().tobytes() + chunk.values.numpy().tobytes()).hexdigest()


def share_of(truths):
    return binomtest(sum(truths), len(truths)).proportion_ci(1 - FALSE_ALARM)


def one_hot(direction):
    actions = [d is direction for d in DIRECTION_OF_ACTION]
    return np.array(actions, dtype=np.float32) / sum(actions)


# -- by number -----------------------------------------------------------------------------------------------------


def test_a_chunk_is_the_same_whatever_was_made_before():
    first = SMALL[2]
    _ = SMALL[0], dataclasses.replace(SMALL, seed=1)[2]
    again = dataclasses.replace(SMALL)[2]
    assert all(torch.equal(a, b) for a, b in zip(first, again))


def test_the_data_of_a_recipe_never_change():
    chunk = OracleSamples.of(Recipe(region=5, seed=3, batch=4, squares_per_level=4))[5]
    assert digest(chunk) == "c5954d2b32c555da3cc68b7ab25ed709340e8b21a7f6d0f2155a2ae1453863c1"


def test_another_number_seed_region_or_block_gives_other_data(spied):
    makers = [(SMALL, 0), (SMALL, 1), *((dataclasses.replace(SMALL, **change), 0) for change in (
        {"seed": 1}, {"region": 4}, {"block": EVALUATION}, {"init": "ab" * 32}, {"init": "ac" * 32}
    ))]  # fmt: skip
    made = [spied(lambda data=data, number=number: data[number]) for data, number in makers]
    assert len({digest(chunk) for chunk, _, _ in made}) == len(makers)
    levels = [seed for _, _, seeds in made for seed in seeds]
    assert len(set(levels)) == len(levels), "each has levels of its own"


def test_the_data_depend_on_no_more_of_a_recipe_than_they_must():
    recipe = Recipe(region=3, seed=2, batch=8, squares_per_level=5)
    other = dataclasses.replace(recipe, scale=1, samples=99, learning_rate=1.0, warm_up=1, precision="bfloat16")
    assert OracleSamples.of(recipe) == OracleSamples.of(other) == OracleSamples(3, 2, 5, 8 * BATCHES_A_CHUNK, TRAINING)
    longer = dataclasses.replace(recipe, init="ab" * 32, level_sizes="by-area")
    assert OracleSamples.of(longer) == OracleSamples(3, 2, 5, 8 * BATCHES_A_CHUNK, TRAINING, "by-area", "ab" * 32)


def test_a_chunk_leaves_global_randomness_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    _ = SMALL[0]
    assert (np.random.get_state()[1] == before[0]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])


# -- levels --------------------------------------------------------------------------------------------------------


def test_levels_come_from_all_of_the_training_block(spied):
    _, _, seeds = spied(lambda: DATA[0])
    assert len(seeds) == len(set(seeds)) == 128
    assert all(seed in TRAINING for seed in seeds)
    assert min(seeds) < TRAINING.size * 0.1
    assert max(seeds) > TRAINING.size * 0.9


def test_levels_are_of_every_size_equally_often_or_in_proportion_to_their_area(spied):
    for sizes, weights in (("stock", np.ones(12)), ("by-area", np.arange(3, 26, 2) ** 2.0)):
        chunk, mazes, _ = spied(lambda sizes=sizes: OracleSamples(5, 0, 1, 1200, level_sizes=sizes)[0])
        counts = np.array([sum(maze.size == size for maze in mazes) for size in range(3, 26, 2)])
        assert counts.sum() == len(chunk.observations) == 1200
        assert chisquare(counts, 1200 * weights / weights.sum()).pvalue > FALSE_ALARM, sizes


def test_held_out_observations_come_from_the_evaluation_block_one_a_level(spied):
    chunk, mazes, seeds = spied(lambda: held_out(Recipe(region=3), 50))
    assert len(chunk.observations) == len(chunk.actions) == len(chunk.values) == len(set(seeds)) == 50
    assert all(seed in EVALUATION for seed in seeds)
    assert {maze.seed for maze in mazes} == set(seeds)
    assert all(maze.cheese in corner_squares(maze, 3) for maze in mazes)


def test_each_level_gives_its_squares_and_the_last_what_is_left(spied):
    chunk, mazes, seeds = spied(lambda: OracleSamples(5, 0, 5, 12)[0])
    owners = [maze.seed for maze in mazes]
    assert len(chunk.observations) == 12
    assert [owners.count(seed) for seed in seeds] == [5, 5, 2]
    assert len({(maze.mouse, maze.cheese) for maze in mazes if maze.seed == seeds[0]}) > 1


def test_observations_of_one_level_are_spread_over_the_chunk(drawn):
    _, mazes = drawn
    owners = np.array([maze.seed for maze in mazes])
    assert (owners[1:] == owners[:-1]).mean() < 0.05


# -- mice and cheese -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [1, 3, 25])
def test_the_cheese_lies_in_the_corner_region_and_neither_on_the_start_nor_under_the_mouse(spied, region):
    _, mazes, _ = spied(lambda: OracleSamples(region, 0, 4, 200)[0])
    for maze in mazes:
        assert maze.cheese in corner_squares(maze, region)
        assert maze.cheese not in (maze.start, maze.mouse)


def test_the_cheese_is_drawn_uniformly_from_the_squares_of_the_region(drawn):
    _, mazes = drawn
    ranks, expected = np.zeros(25), np.zeros(25)
    for maze in mazes:
        squares = [square for square in corner_squares(maze, 5) if square != maze.start]
        ranks[squares.index(maze.cheese)] += 1
        expected[: len(squares)] += 1 / len(squares)
    assert chisquare(ranks[expected > 0], expected[expected > 0]).pvalue > FALSE_ALARM


def test_the_mouse_faces_left_as_often_as_right(drawn):
    _, mazes = drawn
    interval = share_of([maze.facing is Facing.RIGHT for maze in mazes])
    assert interval.low < 0.5 < interval.high


def test_half_of_the_mice_are_on_the_way_to_the_cheese_and_half_anywhere(drawn):
    _, mazes = drawn
    on_the_way, expected = [], []
    for maze in mazes:
        path = shortest_path(maze, maze.start, maze.cheese)[:-1]
        on_the_way.append(maze.mouse in path)
        expected.append(0.5 + 0.5 * len(path) / (len(maze.free_squares) - 1))
    interval = share_of(on_the_way)
    assert interval.low < np.mean(expected) < interval.high
    assert interval.low > 0.5
    assert interval.high < 0.9


# -- labels --------------------------------------------------------------------------------------------------------


def test_labels_and_pictures_are_those_of_the_shortest_path_from_the_mouse(drawn):
    chunk, mazes = drawn
    steps = [path_length_steps(maze, maze.mouse, maze.cheese) for maze in mazes]
    assert len(set(steps)) > 30
    np.testing.assert_array_equal(chunk.values, np.float32([0.99**n for n in steps]))
    for maze, actions in zip(mazes, chunk.actions.numpy()):
        here, there = shortest_path(maze, maze.mouse, maze.cheese)[:2]
        np.testing.assert_allclose(actions, one_hot(direction_between(here, there)), rtol=1e-6)
    np.testing.assert_array_equal(chunk.observations, simulator().render(mazes))


def test_a_chunk_has_the_types_that_its_docstring_tells():
    chunk = SMALL[0]
    assert (chunk.observations.dtype, chunk.observations.shape) == (torch.uint8, (24, 64, 64, 3))
    assert (chunk.actions.dtype, chunk.actions.shape) == (torch.float32, (24, 15))
    assert (chunk.values.dtype, chunk.values.shape) == (torch.float32, (24,))


def label(text, mouse=None, cheese=None):
    maze = Maze.from_text(text)
    maze = maze.with_mouse(mouse or maze.mouse).with_cheese(cheese or maze.cheese)
    (actions,) = oracle_actions([maze], distances_steps_each([maze], [maze.cheese]))
    assert actions.dtype == np.float32
    assert actions.sum() == pytest.approx(1)
    return {action: round(float(p), 6) for action, p in enumerate(actions) if p}


THIRD, SIXTH = round(1 / 3, 6), round(1 / 6, 6)


@pytest.mark.parametrize(
    ("drawing", "wanted"),
    [
        pytest.param("###\nC.M\n###", {0: THIRD, 1: THIRD, 2: THIRD}, id="left"),
        pytest.param("#M#\n#.#\n#C#", {3: 1.0}, id="down"),
        pytest.param("#C#\n#.#\n#M#", {5: 1.0}, id="up"),
        pytest.param("###\nM.C\n###", {6: THIRD, 7: THIRD, 8: THIRD}, id="right"),
        pytest.param("..C\n...\nM..", {5: 0.5, 6: SIXTH, 7: SIXTH, 8: SIXTH}, id="up or right"),
        pytest.param("M..\n...\n..C", {3: 0.5, 6: SIXTH, 7: SIXTH, 8: SIXTH}, id="down or right"),
        pytest.param("..C\n.#.\nM..", {5: 0.5, 6: SIXTH, 7: SIXTH, 8: SIXTH}, id="both ways round a wall"),
        pytest.param("C..\n.#.\nM..", {5: 1.0}, id="the shorter way round a wall"),
        pytest.param(".C.\n.#.\n.M.", {0: SIXTH, 1: SIXTH, 2: SIXTH, 6: SIXTH, 7: SIXTH, 8: SIXTH}, id="left or right"),
    ],
)
def test_first_steps_share_equally_and_sideways_steps_are_spread_over_three_actions(drawing, wanted):
    assert label(drawing) == wanted


@pytest.mark.parametrize(
    ("mouse", "cheese", "ways"),
    [
        ((0, 0), (24, 24), (Direction.UP, Direction.RIGHT)),
        ((24, 24), (0, 0), (Direction.DOWN, Direction.LEFT)),
        ((0, 24), (24, 0), (Direction.UP, Direction.LEFT)),
        ((24, 0), (0, 24), (Direction.DOWN, Direction.RIGHT)),
        ((0, 24), (0, 0), (Direction.LEFT,)),
    ],
)
def test_a_mouse_at_the_edge_of_the_world_steps_inwards(mouse, cheese, ways):
    wanted = sum(one_hot(way) for way in ways) / len(ways)
    assert label(OPEN_25, mouse, cheese) == {a: round(float(p), 6) for a, p in enumerate(wanted) if p}


def test_each_maze_of_a_batch_has_its_own_label():
    drawings = ["#C#\n#.#\n#M#", "###\nM.C\n###", "..C\n...\nM.."]
    mazes = [Maze.from_text(drawing) for drawing in drawings]
    together = oracle_actions(mazes, distances_steps_each(mazes, [maze.cheese for maze in mazes]))
    assert [{a: round(float(p), 6) for a, p in enumerate(row) if p} for row in together] == [label(d) for d in drawings]
