"""The smallest maze that contradicts a claim: found and shrunk where there is one, kept and read back."""

import dataclasses
import json

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim, spec_of, universal_claim
from interp_claims.controls import Control
from interp_claims.mazes import Maze, MazeError, size_between, stock_mazes
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.running import ClaimToRun
from interp_claims.running.counterexamples import (
    CounterexampleError,
    read_counterexample,
    save_counterexample,
    smallest_counterexample,
)
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts import linear_coefficient

NOTHING = Control("nothing", lambda policy, mazes: policy)


@pytest.fixture(scope="module")
def policy():
    return Policy(ImpalaNetwork(1).initialise(0), name="small net")


@pytest.fixture
def to_run(policy):
    """A sampled claim whose effect is a function of the maze."""

    def make(effect, **options):
        def test_it(policy, mazes):
            """It is so."""
            values = [effect(maze) for maze in mazes]
            return tuple(zip(*values)) if isinstance(values[0], tuple) else np.array(values, dtype=float)

        declared = {"number": 1, "source": INVARIANTS, "mazes": stock_mazes(), "null_controls": [NOTHING]}
        function = claim(**{**declared, **(options or {"effect_at_least": 0.2, "bounds": (-1, 1)})})(test_it)
        return ClaimToRun("claims/test_a.py::test_it[x]", spec_of(function), "", function, policy, {})

    return make


# -- searching -------------------------------------------------------------------------------------------------------


def test_a_claim_that_fails_in_larger_mazes_is_contradicted_by_the_smallest_of_them(to_run):
    maze = smallest_counterexample(to_run(lambda maze: 1.0 if maze.size < 7 else 0.0))
    assert maze.size == 7
    assert maze.cheese is not None
    assert (maze.mouse, maze.facing.name) == (maze.start, "LEFT")


def test_every_maze_is_tried_with_its_mouse_at_the_start(to_run):
    at_start = to_run(lambda maze: float((maze.mouse, maze.facing.name) == (maze.start, "LEFT")))
    assert smallest_counterexample(at_start) is None


def test_where_no_maze_contradicts_there_is_none(to_run):
    assert smallest_counterexample(to_run(lambda maze: 0.2)) is None, "the threshold itself is no contradiction"


def test_a_maze_outside_the_claims_distribution_contradicts_nothing(to_run):
    declared = {"effect_at_least": 0.2, "bounds": (-1, 1)}
    maze = smallest_counterexample(to_run(lambda maze: 0.0, mazes=size_between(9, 13), **declared))
    assert maze.size == 9
    fails_outside = to_run(lambda maze: float(maze.size >= 9), mazes=size_between(9, 13), **declared)
    assert smallest_counterexample(fails_outside) is None


@pytest.mark.parametrize(
    ("options", "small", "large"),
    [
        ({"effect_at_least": 0.2, "bounds": (-1, 1)}, 0.3, 0.1),
        ({"effect_at_most": 0.2, "bounds": (-1, 1)}, 0.1, 0.3),
        ({"effect_within": 0.2, "bounds": (-1, 1)}, -0.1, -0.3),
        ({"effect_within": 0.2, "bounds": (-1, 1)}, 0.1, 0.3),
        ({"accuracy_at_least": 0.8}, 1, 0),
        ({"ratio_at_least": 2, "bounds": (0, 1)}, (0.5, 0.2), (0.3, 0.2)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_maze_contradicts_a_statement_that_is_false_of_it_alone(to_run, options, small, large):
    assert smallest_counterexample(to_run(lambda maze: small, **options)) is None
    found = smallest_counterexample(to_run(lambda maze: small if maze.size < 5 else large, **options))
    assert found.size == 5


def test_each_threshold_has_counterexamples_of_its_own(to_run, policy):
    run = to_run(lambda maze: 0.3, effect_at_least={"direction": 0.02, "size": 0.5}, bounds=(-1, 1))
    found = {
        threshold: smallest_counterexample(
            ClaimToRun(run.name, run.spec, threshold, run.function, policy, run.arguments)
        )
        for threshold in ("direction", "size")
    }
    assert found["direction"] is None
    assert found["size"].size == 3


def test_the_same_maze_is_found_every_time(to_run):
    found = [smallest_counterexample(to_run(lambda maze: float(len(maze.free_squares) < 40))) for _ in range(2)]
    assert found[0] == found[1]
    assert len(found[0].free_squares) >= 40


def kinds(policy):
    @universal_claim(number=1, source=INVARIANTS, maze=perfect_mazes())
    def test_universal(policy, maze):
        """It is so."""

    @approximate_claim(
        number=1,
        source=INVARIANTS,
        mazes=stock_mazes(),
        statistic=linear_coefficient(0),
        sample=64,
        at_least=0,
        null_controls=[NOTHING],
    )
    def test_approximate(policy, mazes):
        """It is so."""

    return [ClaimToRun(f.__name__, spec_of(f), "", f, policy, {}, "") for f in (test_universal, test_approximate)]


@pytest.mark.parametrize("which", [0, 1], ids=["universal", "approximate"])
def test_a_claim_that_is_not_measured_maze_by_maze_has_no_counterexample(policy, which):
    run = kinds(policy)[which]
    with pytest.raises(CounterexampleError) as error:
        smallest_counterexample(run)
    assert str(error.value) == f"{run.name}: is not measured maze by maze, so that no maze can contradict it"


def test_an_error_of_the_measure_is_told(to_run):
    def broken(maze):
        raise MazeError("this cannot be measured anywhere")

    with pytest.raises(CounterexampleError, match=r"on any maze drawn for it .MazeError: this cannot be measured"):
        smallest_counterexample(to_run(broken))


def test_a_measure_that_wants_a_seed_is_told_in_the_same_way(to_run):
    with pytest.raises(
        CounterexampleError, match=r"on any maze drawn for it .TypeError: .*, which has no seed; claims"
    ):
        smallest_counterexample(to_run(lambda maze: maze.seed % 2))


def test_mazes_where_the_measure_is_undefined_contradict_nothing(to_run):
    def undefined_in_the_smallest(maze):
        if maze.size == 3:
            raise MazeError("undefined")
        return -1.0 if maze.size >= 7 else 1.0

    assert smallest_counterexample(to_run(undefined_in_the_smallest)).size == 7


def test_the_cheese_of_a_counterexample_is_never_under_the_mouse(to_run):
    found = smallest_counterexample(to_run(lambda maze: -1.0))
    assert found.cheese != found.mouse == found.start


# -- keeping ---------------------------------------------------------------------------------------------------------


def test_a_counterexample_is_read_back_as_the_maze_that_was_kept(to_run, tmp_path, policy):
    maze = Maze.from_text("..C\n.##\nM..")
    path = save_counterexample(to_run(lambda maze: 0.0), maze, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "test_a-test_it-x--small-net.json"
    assert read_counterexample(path) == maze
    content = json.loads(path.read_text())
    assert (content["claim"], content["policy"], content["sha256"]) == (
        "claims/test_a.py::test_it[x]",
        "small net",
        policy.sha256,
    )


def test_claims_of_one_name_in_two_files_keep_their_counterexamples_apart(to_run, tmp_path):
    run = to_run(lambda maze: 0.0)
    maze = Maze.from_text("..C\n.##\nM..")
    other = dataclasses.replace(run, name="claims/test_b.py::test_it[x]")
    assert save_counterexample(run, maze, tmp_path) != save_counterexample(other, maze, tmp_path)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"maze": {}}', '{"maze": {"grid": ["#"]}}', "7"])
def test_a_file_without_a_maze_is_named(tmp_path, text):
    path = tmp_path / "kept.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CounterexampleError) as error:
        read_counterexample(path)
    assert str(error.value).startswith(f"{path}: holds no maze (")
    assert str(error.value).endswith("); give a seed, or a file that --counterexamples wrote")
