"""How channels follow the cheese: activations at a cell, means elsewhere, and a probe that finds what was planted."""

import numpy as np
import pytest
import torch

from interp_claims.mazes import CONFIRMATION, DISCOVERY, Maze, MazeError, Observations, stock_mazes
from interp_claims.measures import activations_at, another_square, mean_elsewhere, probe_of, tracking
from interp_claims.measures.tracking import CheeseProbe
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy, cell_of

EARLY = "embedder.block1.res2.resadd_out"


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 4)


def written(write):
    """A policy whose activations are written by hand; ``write(maze, activation)`` fills in those of one maze."""
    policy = Policy(ImpalaNetwork(1).initialise(0), name="written")
    policy.asked = []

    def activations(observations, layer):
        policy.asked.append(observations)
        answer = np.zeros((len(observations), *policy.shape(layer)), dtype=np.float32)
        for maze, activation in zip(observations.mazes, answer):
            write(maze, activation)
        return torch.from_numpy(answer)

    policy.activations = activations
    return policy


def noise(maze, *size):
    return np.random.default_rng(maze.seed).standard_normal(size)


# -- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, EARLY])
def test_activations_are_those_of_all_channels_at_the_cell_of_a_square(tiny_policy, mazes, layer):
    squares = [maze.free_squares[3 * i] for i, maze in enumerate(mazes)]
    got = activations_at(tiny_policy, [maze.with_mouse(maze.cheese) for maze in mazes], squares, layer)
    at_start = tiny_policy.activations(Observations.at_start(mazes), layer).numpy()
    resolution = tiny_policy.shape(layer)[-1]
    wanted = [at_start[(i, slice(None), *cell_of(square, resolution))] for i, square in enumerate(squares)]
    np.testing.assert_array_equal(got, wanted)
    assert (got.shape, got.dtype) == ((4, tiny_policy.shape(layer)[0]), np.float32)


def test_one_square_for_each_maze_is_wanted(tiny_policy, mazes):
    with pytest.raises(MazeError) as error:
        activations_at(tiny_policy, mazes, [mazes[0].start], DEFAULT_LAYER)
    assert str(error.value) == "activations: got 4 mazes and 1 squares, wanted as many"


def test_means_elsewhere_are_over_the_cells_of_free_squares_but_the_cheeses(mazes):
    def write(maze, activation):
        activation[:] = 1000  # walls
        for square in maze.free_squares:
            activation[(0, *cell_of(square))] = 5
        activation[(1, *cell_of(maze.free_squares[0]))] = 1

    policy = written(write)
    small = Maze.from_text("..C\n.##\nM..")
    cells = {cell_of(square) for square in small.free_squares} - {cell_of(small.cheese)}
    assert len(cells) < len(small.free_squares) - 1, "some squares share a cell, which counts once"
    got = mean_elsewhere(policy, [small, mazes[0]], DEFAULT_LAYER)
    assert got.shape == (2, 32)
    assert got[:, 0].tolist() == [5, 5]
    assert got[0, 1] == pytest.approx((1 + 1000 * (len(cells) - 1)) / len(cells))


def test_the_cheeses_cell_is_left_out_and_without_cheese_none_is():
    def write(maze, activation):
        activation[(2, *cell_of((13, 13)))] = 12

    small = Maze.from_text("..C\n.##\nM..")
    with_cheese, without = mean_elsewhere(written(write), [small, small.without_cheese()], DEFAULT_LAYER)[:, 2]
    assert with_cheese == 0
    assert without == pytest.approx(12 / len({cell_of(square) for square in small.free_squares}))


def test_another_square_is_free_without_mouse_and_cheese_and_the_mazes_own():
    sample = stock_mazes().sample(DISCOVERY, 60)
    for maze in sample:
        square = another_square(maze)
        assert maze.free[square]
        assert square not in (maze.cheese, maze.start)
        assert another_square(maze.with_mouse(maze.cheese)) == square
    places = [maze.free_squares.index(another_square(maze)) / len(maze.free_squares) for maze in sample]
    assert np.histogram(places, 4, (0, 1))[0].min() > 5, "drawn from the whole maze"


def test_there_may_be_no_other_square():
    maze = Maze.from_text("###\n###\nMC#")
    with pytest.raises(MazeError) as error:
        another_square(maze)
    assert str(error.value) == f"{maze!r} has no free square besides those of mouse and cheese"


# -- the probe -------------------------------------------------------------------------------------------------------


def planted(maze, activation):
    """Channel 6 is higher at the cheese; the others are noise, channel 0 large."""
    activation[:] = noise(maze, *activation.shape)
    activation[0] *= 100
    if maze.cheese is not None:
        activation[(6, *cell_of(maze.cheese, activation.shape[-1]))] += 8


def blind(maze, activation):
    activation[:] = noise(maze, *activation.shape)


@pytest.fixture(scope="module")
def fresh():
    return stock_mazes().sample(CONFIRMATION, 24)


def test_a_probe_finds_a_cheese_that_was_planted_and_none_where_channels_are_blind(fresh):
    found = CheeseProbe(written(planted), DEFAULT_LAYER, 48).finds_cheese(written(planted), fresh)
    assert (found.shape, found.dtype) == ((24,), np.float64)
    assert set(found.tolist()) <= {0.0, 1.0}
    assert found.mean() > 0.9
    assert CheeseProbe(written(blind), DEFAULT_LAYER, 48).finds_cheese(written(blind), fresh).mean() < 0.1


def test_a_probe_of_a_seeing_policy_does_not_find_the_cheese_in_a_blind_one(fresh):
    probe = CheeseProbe(written(planted), DEFAULT_LAYER, 48)
    assert probe.finds_cheese(written(blind), fresh).mean() < 0.1


def test_the_scored_cell_is_that_of_the_cheese_and_no_other(fresh):
    def elsewhere(maze, activation):
        planted(maze.without_cheese(), activation)
        activation[(6, *cell_of(another_square(maze), activation.shape[-1]))] += 8

    probe = CheeseProbe(written(planted), DEFAULT_LAYER, 48)
    far = [maze for maze in fresh if cell_of(another_square(maze)) != cell_of(maze.cheese)]
    assert probe.finds_cheese(written(elsewhere), far).mean() < 0.1


def test_a_probe_is_fitted_on_the_first_discovery_mazes_at_the_start():
    policy = written(planted)
    CheeseProbe(policy, DEFAULT_LAYER, 8)
    (asked,) = policy.asked
    assert asked == Observations.at_start(stock_mazes().sample(DISCOVERY, 8))


def test_a_probe_wants_height_width_and_cheese(tiny_policy, mazes):
    with pytest.raises(MazeError) as error:
        CheeseProbe(tiny_policy, "embedder.fc_out", 4)
    assert str(error.value) == "probe: embedder.fc_out has shape (256,), wanted one with height and width"
    probe = CheeseProbe(written(planted), DEFAULT_LAYER, 8)
    with pytest.raises(MazeError) as error:
        probe.finds_cheese(written(planted), [mazes[0].without_cheese()])
    assert (
        str(error.value) == f"probe: {mazes[0].without_cheese()!r} has no cheese to find; filter for mazes with cheese"
    )


def test_a_policys_probe_is_fitted_once_on_what_the_bare_policy_sees(mazes, monkeypatch):
    made = []

    class Probe:
        def __init__(self, policy, layer):
            made.append((policy, layer))

    monkeypatch.setattr(tracking, "CheeseProbe", Probe)
    monkeypatch.setattr(tracking, "_probes", {})
    policy = Policy(ImpalaNetwork(1).initialise(4), name="one")
    probe = probe_of(policy.seeing(Maze.without_cheese), DEFAULT_LAYER)
    assert probe_of(policy, DEFAULT_LAYER) is probe
    assert probe_of(Policy(ImpalaNetwork(1).initialise(4), name="same weights"), DEFAULT_LAYER) is probe
    assert probe_of(policy, EARLY) is not probe
    assert probe_of(Policy(ImpalaNetwork(1).initialise(5), name="one"), DEFAULT_LAYER) is not probe
    assert [layer for _, layer in made] == [DEFAULT_LAYER, EARLY, DEFAULT_LAYER]
    shown = Observations.at_start(mazes)
    np.testing.assert_array_equal(made[0][0].logits(shown), policy.logits(shown))
