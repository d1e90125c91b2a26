"""Evidence: the mazes that are shown, the edits that a claim makes there, and why something is missing."""

import dataclasses
import json

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim, spec_of, universal_claim
from interp_claims.controls import no_op, untrained
from interp_claims.edits import add, cheese_vector, resample, subtract
from interp_claims.mazes import CONFIRMATION, Maze, Observations, decision_square, only, with_decision_square
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import mean_total_variation, p_cheese, vector_fields
from interp_claims.policies import DEFAULT_LAYER, Policy
from interp_claims.running import ClaimToRun, Measurements, RunOptions, run_claim
from interp_claims.running.asking import acting_in, asked_unedited
from interp_claims.running.evidence import (
    Definition,
    Evidence,
    chosen_mazes,
    evidence_of,
    pictured_mazes,
)
from interp_claims.running.older import OlderPolicy
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts import Verdict, rank_correlation

OPTIONS = RunOptions(max_mazes=6)
declared = claim(
    number=1, source=INVARIANTS, effect_at_least=0.02, bounds=(-1, 1), mazes=with_decision_square(),
    null_controls=(untrained, no_op),
)  # fmt: skip


@declared
def lowered(policy, mazes):
    """Subtracting the cheese vector lowers P(cheese)."""
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(cheese_vector(policy, mazes))), mazes)


@declared
def unedited(policy, mazes):
    """The policy goes to the cheese."""
    return p_cheese(policy, mazes)


@declared
def added_and_subtracted(policy, mazes):
    """Adding does more than subtracting, in mazes without the cheese."""
    vector, shown = cheese_vector(policy, mazes), [maze.without_cheese() for maze in mazes]
    start = Observations.at_start(shown)
    probabilities = [policy.edited(edit(vector)).action_probabilities(start) for edit in (add, subtract, add, subtract)]
    return probabilities[0][:, 0] - probabilities[1][:, 0]


@declared
def squares_of_its_own(policy, mazes):
    """It looks at two squares of each maze, without the cheese."""
    shown = [maze.without_cheese() for maze in mazes]
    observations = Observations.at_squares(shown, [list(maze.free_squares)[:2] for maze in shown])
    edited = policy.edited(subtract(cheese_vector(policy, mazes)))
    change = edited.direction_probabilities(observations) - policy.direction_probabilities(observations)
    return observations.mean_per_maze(np.abs(change).sum(axis=1) / 2)


@declared
def recorded(policy, mazes):
    """It asks the policy nothing."""
    return np.array([maze.seed % 2 for maze in mazes], dtype=float)


@declared
def resampled(policy, mazes):
    """Each observation has a donor of its own."""
    observations = Observations.one_each(mazes)
    edited = policy.edited(resample(policy, [0], observations))
    return edited.direction_probabilities(observations)[:, 0]


@declared
def failing(policy, mazes):
    """It fails on single mazes."""
    if len(mazes) == 1:
        raise ZeroDivisionError("one maze only")
    return p_cheese(policy, mazes)


@pytest.fixture(scope="module")
def policy(make_network):
    return Policy(make_network(), name="lively")


def to_run(function, policy, **arguments):
    name = f"claims/test_x.py::test_{function.__name__}"
    spec = spec_of(function)
    return ClaimToRun(name, spec, next(iter(spec.hypotheses), ""), function, policy, arguments)


def run(function, policy):
    claimed = to_run(function, policy)
    return claimed, run_claim(claimed, OPTIONS, Measurements())


def test_a_typical_maze_and_the_two_that_speak_most_against_are_chosen(policy):
    _, result = run(lowered, policy)
    scores = ((1, 0.0), (2, 0.5), (3, 0.1), (4, 0.9), (5, 0.2), (6, -5.0))
    result = dataclasses.replace(result, scores=scores, mazes=5, against=((1, 0.0), (3, 0.1), (5, 0.2)))
    assert chosen_mazes(result) == ((5, "typical", 0.2), (1, "against", 0.0), (3, "against", 0.1))
    result = dataclasses.replace(result, against=((5, 0.2), (3, 0.1), (1, 0.0)))
    assert chosen_mazes(result) == ((5, "typical", 0.2), (3, "against", 0.1), (1, "against", 0.0))
    assert chosen_mazes(dataclasses.replace(result, scores=())) == ()


def test_fields_are_shown_before_and_under_the_claims_own_edit(policy):
    claimed, result = run(lowered, policy)
    for picture in pictured_mazes(claimed, result, OPTIONS):
        maze = claimed.spec.mazes.maze(picture.seed)
        (before,) = vector_fields(policy, [maze])
        (after,) = vector_fields(policy.edited(subtract(cheese_vector(policy, [maze]))), [maze])
        assert picture.edits == (f"subtract(cheese vector, at {DEFAULT_LAYER})",)
        np.testing.assert_allclose(picture.unedited.probabilities, before.probabilities, atol=5.1e-5)
        np.testing.assert_allclose(picture.edited.probabilities, after.probabilities, atol=5.1e-5)
        assert np.abs(before.probabilities - after.probabilities).max() > 1e-3, "or the test would show nothing"
        assert (picture.first, picture.trouble) == (None, "")
        assert picture.unedited.squares == before.squares


def test_a_claim_without_edits_shows_the_policy_alone(policy):
    claimed, result = run(unedited, policy)
    pictures = pictured_mazes(claimed, result, OPTIONS)
    assert len(pictures) == 3
    assert all(p.edits == () and p.unedited is not None and p.edited is None for p in pictures)


def test_of_several_edits_the_first_and_the_last_are_shown_in_the_mazes_shown_under_them(policy):
    claimed, result = run(added_and_subtracted, policy)
    picture = pictured_mazes(claimed, result, OPTIONS)[0]
    assert picture.edits == tuple(f"{verb}(cheese vector, at {DEFAULT_LAYER})" for verb in ("add", "subtract"))
    maze = claimed.spec.mazes.maze(picture.seed)
    shown = maze.without_cheese()
    assert picture.edited.maze.cheese is picture.first.maze.cheese is picture.unedited.maze.cheese is None
    for edit, field in ((add, picture.first), (subtract, picture.edited)):
        (expected,) = vector_fields(policy.edited(edit(cheese_vector(policy, [maze]))), [shown])
        np.testing.assert_allclose(field.probabilities, expected.probabilities, atol=5.1e-5)


def test_claims_that_ask_the_policy_nothing_have_no_pictures(policy):
    claimed, result = run(recorded, policy)
    assert pictured_mazes(claimed, result, OPTIONS) == ()


def test_an_edit_with_a_value_for_each_observation_says_why_it_is_not_shown(policy):
    claimed, result = run(resampled, policy)
    picture = pictured_mazes(claimed, result, OPTIONS)[0]
    assert picture.unedited is not None
    assert picture.edited is None
    assert picture.trouble.startswith("the edit cannot be made on every square (EditError: resample(channel 0, at")


def test_whatever_a_claim_raises_is_said_and_nothing_fails(policy):
    claimed, result = run(failing, policy)
    pictures = pictured_mazes(claimed, result, OPTIONS)
    assert {picture.trouble for picture in pictures} == {"ZeroDivisionError: one maze only"}
    lost = dataclasses.replace(result, scores=((1_100_000_000, 0.5),), mazes=1, against=())
    narrow = dataclasses.replace(claimed, spec=dataclasses.replace(claimed.spec, mazes=_none_at_all()))
    (picture,) = pictured_mazes(narrow, lost, OPTIONS)
    assert picture.trouble.startswith("the maze does not belong to only(")


def _none_at_all():
    def nothing(maze: Maze) -> bool:
        return False

    return only(nothing)


def test_where_no_maze_can_be_drawn_there_are_no_pictures(policy, monkeypatch):
    def condition(maze):
        raise ZeroDivisionError("of the claim's own")

    monkeypatch.setattr("interp_claims.mazes.sampling._PATIENCE", 3)
    claimed, result = run(lowered, policy)
    result = dataclasses.replace(result, scores=(), mazes=0)
    for mazes in (_none_at_all(), only(condition)):
        narrow = dataclasses.replace(claimed, spec=dataclasses.replace(claimed.spec, mazes=mazes))
        assert pictured_mazes(narrow, result, OPTIONS) == ()


def test_approximate_claims_show_the_first_maze(policy):
    @approximate_claim(
        number=2, source=INVARIANTS, mazes=with_decision_square(), statistic=rank_correlation, sample=30,
        at_least=0.0, null_controls=(untrained,),
    )  # fmt: skip
    def ranked(policy, mazes):
        """Two numbers go together."""
        return np.column_stack([p_cheese(policy, mazes), np.arange(len(mazes))])

    claimed = to_run(ranked, policy)
    result = claimed.result(Verdict.UNDECIDED, OPTIONS, mazes=30)
    assert Definition.of(claimed).statement == "at least 0 (approximate)"
    (picture,) = pictured_mazes(claimed, result, OPTIONS)
    assert (picture.chosen, picture.score) == ("first", None)
    assert picture.seed == with_decision_square().sample(CONFIRMATION, 1)[0].seed


def test_universal_claims_and_those_about_no_policy_and_those_that_broke_off_have_no_mazes(policy):
    @universal_claim(number=3, source=INVARIANTS, maze=perfect_mazes(cheese=True))
    def always(policy, maze):
        """It holds on every maze."""

    claimed = to_run(always, policy)
    assert pictured_mazes(claimed, claimed.result(Verdict.SUPPORTED, OPTIONS), OPTIONS) == ()
    assert "def always" in Definition.of(claimed).source
    claimed, result = run(lowered, policy)
    assert pictured_mazes(claimed, dataclasses.replace(result, broken_off=True), OPTIONS) == ()
    assert pictured_mazes(dataclasses.replace(claimed, policy=None), result, OPTIONS) == ()


def test_a_definition_says_what_is_declared_and_shows_the_function(policy):
    definition = Definition.of(dataclasses.replace(to_run(lowered, policy), variant="3"))
    assert definition.file == "claims/test_x.py"
    assert definition.statement == "mean at least 0.02"
    assert definition.source.startswith("@declared\ndef lowered(policy, mazes):\n")
    assert definition.declared == (
        ("kind", "sampled"),
        ("states", "mean at least 0.02"),
        ("bounds", "-1 to 1"),
        ("mazes", "with_decision_square()"),
        ("budget", "1024 mazes"),
        ("null controls", "untrained, no-op"),
        ("parameters", "3"),
    )


def test_a_function_whose_text_is_not_to_be_found_has_none(policy):
    scope = {}
    exec("def written(policy, mazes):\n    'It is so.'\n    return mazes", scope)
    definition = Definition.of(to_run(declared(scope["written"]), policy))
    assert (definition.source, definition.line) == ("", 0)


def test_evidence_travels_as_plain_data(policy):
    claimed, result = run(lowered, policy)
    evidence = evidence_of(claimed, result, pictures=True, options=OPTIONS)
    travelled = Evidence.from_dict(json.loads(json.dumps(evidence.to_dict())))
    assert travelled.definition == evidence.definition
    for before, after in zip(evidence.mazes, travelled.mazes):
        assert (before.seed, before.chosen, before.score, before.edits) == (
            after.seed, after.chosen, after.score, after.edits
        )  # fmt: skip
        assert np.array_equal(before.edited.probabilities, after.edited.probabilities)
        assert before.edited.squares == after.edited.squares
        assert before.edited.maze == after.edited.maze
    assert evidence_of(claimed, result, pictures=False, options=OPTIONS).mazes == ()


def test_the_policy_itself_notes_nothing_and_its_activations_are_shared(policy):
    claimed, result = run(lowered, policy)
    forward, before = policy.forward, policy.forward.observations_run
    pictured_mazes(claimed, result, OPTIONS)
    assert policy.forward is forward
    assert not hasattr(policy.forward, "asked")
    again = policy.forward.observations_run
    pictured_mazes(claimed, result, OPTIONS)
    assert policy.forward.observations_run == again, "what is known is not computed again"
    assert before <= again


def test_two_policies_are_compared_unedited_where_a_claim_looks(make_network):
    policy, older = Policy(make_network(), name="new"), OlderPolicy(Policy(make_network(seed=5), name="old"))
    mazes = tuple(with_decision_square().sample(CONFIRMATION, 3))

    def run(function):
        return ClaimToRun("it", spec_of(function), "", function, policy, {})

    shown = asked_unedited(run(squares_of_its_own), policy, mazes)
    assert [len(shown), shown.owners] == [6, (0, 0, 1, 1, 2, 2)]
    assert all(maze.cheese is None for maze in shown.mazes)
    changes = older.changes(run(squares_of_its_own), policy, mazes)
    np.testing.assert_allclose(changes, mean_total_variation(policy, older.policy, shown))
    at_start = asked_unedited(run(added_and_subtracted), policy, mazes)
    assert at_start.mazes == Observations.at_start([maze.without_cheese() for maze in mazes]).mazes, "under edits alone"
    assert asked_unedited(run(recorded), policy, mazes) is None


def test_how_much_edits_act_is_their_total_variation_on_what_is_asked_of_the_edited_policy(policy):
    mazes = tuple(with_decision_square().sample(CONFIRMATION, 3))
    acting = acting_in(to_run(lowered, policy), policy, mazes)
    edited = policy.edited(subtract(cheese_vector(policy, mazes)))
    squares = Observations.at_squares(mazes, [[decision_square(maze)] for maze in mazes])
    np.testing.assert_allclose(acting, mean_total_variation(edited, policy, squares), atol=1e-6)
    assert acting.min() > 0
    assert acting_in(to_run(recorded, policy), policy, mazes) is None, "it asks nothing of an edited policy"
