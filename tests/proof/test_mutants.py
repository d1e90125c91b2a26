"""Mutants: what each makes of real edits, when there is nothing to mutate, and that claims run under them alone."""

import numpy as np
import pytest
import torch

from interp_claims.claims import claim, spec_of, universal_claim
from interp_claims.controls import no_op, untrained
from interp_claims.edits import (
    add,
    cheese_vector,
    clamp,
    resample,
    scale_channels,
    subtract,
    top_right_vector,
    zero_ablate,
)
from interp_claims.edits.edit import EditError, NoOp, Sequence
from interp_claims.mazes import (
    DISCOVERY,
    WORLD_TILES,
    Observations,
    drawn_target,
    other_mazes,
    size_between,
    stock_mazes,
    with_decision_square,
)
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import p_cheese
from interp_claims.policies import DEFAULT_LAYER, Policy, roles_of
from interp_claims.policies.forward import Rows
from interp_claims.policies.manifest import ANOTHER
from interp_claims.proof.mutants import (
    MUTANTS,
    OVERDONE,
    UNCHANGED,
    BesideTheClaimError,
    NothingToMutateError,
    beside_the_claim,
    mutated,
)
from interp_claims.running import ClaimToRun, Measurements, RunOptions, not_evaluated, run_claim
from interp_claims.sources import INVARIANTS


@pytest.fixture(scope="module")
def mazes():
    return with_decision_square().sample(DISCOVERY, 6)


@pytest.fixture(scope="module")
def other(make_network):
    return Policy(make_network(seed=5), name="other")


@pytest.fixture(scope="module")
def policy(make_network, other):
    policy = Policy(make_network(), name="small")
    policy.relatives[ANOTHER] = other
    return policy


def under(name, policy, mazes, edit):
    """The edit that the policy has in the end, when it is given this one under a mutant."""
    return MUTANTS[name](policy, mazes).edited(edit).edit


def test_unchanged_is_unchanged_and_a_no_op_does_nothing(policy, mazes):
    edit = subtract(cheese_vector(policy, mazes))
    assert under(UNCHANGED, policy, mazes, edit) is edit
    assert under("no-op", policy, mazes, edit) == NoOp(()), "at no layer"


def test_negated_changes_by_as_much_in_the_opposite_direction(policy, mazes):
    start = Observations.at_start(mazes)
    before, vector = policy.activations(start, DEFAULT_LAYER), cheese_vector(policy, mazes)
    targets = [drawn_target(maze) for maze in mazes]
    rows = Rows(torch.arange(len(mazes)), torch.arange(len(mazes)))
    edits = [
        subtract(vector),
        clamp([1, 2], targets, [3.0, -4.0]),
        resample(policy, [1], start),
        zero_ablate(policy, 1),
        scale_channels(1, 2.0, negative=0.5),
        Sequence((subtract(vector), clamp(1, targets, 3.0))),
    ]
    for edit in edits:
        negated = under("negated", policy, mazes, edit)
        change = edit.apply(DEFAULT_LAYER, before, rows) - before
        torch.testing.assert_close(negated.apply(DEFAULT_LAYER, before, rows), before - change)
        negated.check(policy.forward.network, policy.forward.shapes, start)
    assert under("negated", policy, mazes, subtract(vector)) != under("negated", policy, mazes, add(vector))
    misfit = under("negated", policy, mazes, clamp(1, targets[:2], 3.0))
    with pytest.raises(EditError):
        policy.edited(misfit).logits(start)


def test_an_edit_that_changes_nothing_has_no_opposite_and_is_a_no_op_already(policy, mazes):
    nothing = NoOp((DEFAULT_LAYER,))
    for name in ("negated", "no-op"):
        assert under(name, policy, mazes, nothing) is nothing


def test_vectors_of_other_mazes_can_be_measured_in_them(policy):
    framed = size_between(3, 23).sample(DISCOVERY, 24)
    vector = top_right_vector(policy, framed)
    changed = under("another-maze", policy, framed, add(vector)).vector
    assert not torch.equal(changed.values, vector.values)
    assert any(maze.size == WORLD_TILES for maze in other_mazes(framed)), "others do not fit"


def test_other_channels_keep_what_a_vector_holds_but_not_where(policy, mazes):
    vector = cheese_vector(policy, mazes)
    changed = under("other-channels", policy, mazes, add(vector)).vector
    assert not torch.equal(changed.values, vector.values)
    np.testing.assert_allclose(changed.norms(), vector.norms(), rtol=1e-5)
    assert torch.equal(changed.values.sort(dim=1).values, vector.values.sort(dim=1).values)
    np.testing.assert_allclose(changed.values.sum(dim=1), vector.values.sum(dim=1), atol=1e-4)
    order = under("other-channels", policy, mazes[:2], add(cheese_vector(policy, mazes[:2]))).vector.values
    assert torch.equal(order, changed.values[:2]), "the same order for every maze and batch"


def test_other_channels_are_neither_those_of_the_edit_nor_cheese_channels(policy, mazes):
    roles = roles_of(policy)
    targets = [drawn_target(maze) for maze in mazes]
    changed = under("other-channels", policy, mazes, clamp(roles.cheese_channel, targets, 5.0))
    assert changed.channels.shape == (len(mazes), 1)
    assert not set(changed.channels.ravel().tolist()) & set(roles.cheese_channels)
    assert changed.values.tolist() == [5.0]


def test_another_maze_lends_its_vector_and_another_square_is_clamped(policy, mazes):
    vector = cheese_vector(policy, mazes)
    changed = under("another-maze", policy, mazes, subtract(vector)).vector
    assert changed.name == "cheese vector of another maze"
    assert all(not torch.equal(a, b) for a, b in zip(changed.values, vector.values, strict=True))
    averaged = subtract(vector.mean())
    assert under("another-maze", policy, mazes, averaged) == averaged, "an average is of no maze"
    targets = tuple(drawn_target(maze) for maze in mazes)
    squares = under("another-maze", policy, mazes, clamp(1, targets, 5.0)).squares
    for maze, target, square in zip(mazes, targets, squares, strict=True):
        assert square != target
        assert square in maze.free_squares


def test_from_another_checkpoint_come_activations_and_roles_but_no_outputs(policy, other, mazes):
    mutant = MUTANTS["another-checkpoint"](policy, mazes)
    observations = Observations.at_start(mazes)
    assert np.array_equal(mutant.logits(observations), policy.logits(observations))
    assert roles_of(mutant) == roles_of(other) != roles_of(policy)
    edit = subtract(cheese_vector(mutant, mazes))
    assert edit == subtract(cheese_vector(other, mazes)) != subtract(cheese_vector(policy, mazes))
    edited = mutant.edited(edit)
    assert np.array_equal(edited.logits(observations), policy.edited(edit).logits(observations))
    assert edited.bare.source.forward is policy.forward


def test_what_is_overdone_makes_the_policy_answer_the_same_everywhere(policy, mazes):
    edited = MUTANTS[OVERDONE](policy, mazes).edited(scale_channels(1, 2.0))
    logits = edited.logits(Observations.at_start(mazes))
    assert (logits == logits[0]).all()
    assert not np.array_equal(logits, policy.logits(Observations.at_start(mazes)))


# -- running ----------------------------------------------------------------------------------------------------------

declared = {"number": 1, "source": INVARIANTS, "bounds": (-1, 1), "mazes": stock_mazes(), "null_controls": (untrained,)}


@claim(**{**declared, "mazes": with_decision_square()}, effect_at_least=0.2)
def it_changes(policy, mazes):
    """Doubling what the network sees of the cheese changes P(cheese)."""
    return p_cheese(policy.edited(add(cheese_vector(policy, mazes), 5)), mazes) - p_cheese(policy, mazes)


@claim(**declared, effect_at_least=-0.5)
def it_edits_nothing(policy, mazes):
    """It is so, whatever the policy does."""
    return np.zeros(len(mazes))


@claim(**declared, effect_at_least=-0.5)
def it_scales(policy, mazes):
    """Scaling a channel does something, or nothing."""
    changed = policy.edited(scale_channels(0, 2.0))
    return 0 * changed.values(Observations.at_start(mazes))


@universal_claim(number=None, source=INVARIANTS, examples=5, fails_for=(no_op,), maze=perfect_mazes())
def it_differs(policy, maze):
    """A little of everything changes some logit."""
    observations = Observations.one_each([maze])
    changed = policy.edited(scale_channels(range(policy.shape(DEFAULT_LAYER)[0]), 1.5))
    assert not np.array_equal(changed.logits(observations), policy.logits(observations))


def outcome(function, policy, name):
    spec = spec_of(function)
    run = mutated(ClaimToRun(function.__name__, spec, "", function, policy, {}), name)
    options = RunOptions(max_mazes=64, mutant=name)
    try:
        return run_claim(run, options, Measurements())
    except NothingToMutateError as error:
        return not_evaluated(run, options, error)


def test_a_claim_runs_under_a_mutant_without_its_controls_and_is_never_recorded(policy):
    result = outcome(it_scales, policy, "negated")
    assert (result.verdict, result.mutant, result.exploratory, result.controls) == ("supported", "negated", True, ())
    universal = outcome(it_differs, policy, "negated")
    assert (universal.verdict, universal.exploratory, universal.controls) == ("supported", True, ())


def test_what_a_claim_measures_under_a_mutant_is_what_the_mutant_makes(policy, mazes):
    measured = {
        name: mutated(ClaimToRun("it", spec_of(it_changes), "", it_changes, policy, {}), name).function(
            policy=policy, mazes=mazes
        )
        for name in MUTANTS
        if name != OVERDONE
    }
    np.testing.assert_array_equal(measured[UNCHANGED], it_changes(policy, mazes))
    assert not measured["no-op"].any()
    vector = cheese_vector(policy, mazes)
    subtracted = p_cheese(policy.edited(subtract(vector, 5)), mazes) - p_cheese(policy, mazes)
    np.testing.assert_allclose(measured["negated"], subtracted, atol=1e-6)
    for one in measured:
        for two in measured:
            assert one == two or abs(measured[one] - measured[two]).max() > 1e-7, (one, two)


@claim(**declared, effect_at_most=0.05)
def it_scales_little(policy, mazes):
    """Scaling a channel a little changes little."""
    observations = Observations.at_start(mazes)
    changed = policy.edited(scale_channels(0, 1.01)).direction_probabilities(observations)
    return np.abs(changed - policy.direction_probabilities(observations)).sum(axis=1) / 2


@pytest.mark.parametrize("name", MUTANTS)
def test_that_little_changes_is_asked_of_more_and_that_something_does_of_less(policy, name):
    little, something = outcome(it_scales_little, policy, name), outcome(it_scales, policy, name)
    if name in (UNCHANGED, OVERDONE):
        assert little.verdict == ("undecided" if name == UNCHANGED else "refuted")
        assert (little.effect < 0.01) == (name == UNCHANGED)
        assert name == UNCHANGED or "BesideTheClaimError: it_scales: says that something changes" in something.reason
    else:
        assert little.reason.startswith("BesideTheClaimError: it_scales_little: says that little changes")
        assert not something.reason.startswith("BesideTheClaimError")


@pytest.mark.parametrize(
    ("stated", "little"),
    [
        ({"effect_at_most": 0.05}, True),
        ({"effect_within": 0.05, "null_controls": (no_op,)}, True),
        ({"ratio_at_most": 1.1, "bounds": None}, True),
        ({"effect_at_most": -0.02}, False),
        ({"effect_at_least": 0.02}, False),
        ({"ratio_at_most": 0.9, "bounds": None}, False),
    ],
)
def test_whether_doing_nothing_would_fulfil_a_claim_tells_which_mutants_concern_it(stated, little):
    options = {name: value for name, value in {**declared, **stated}.items() if value is not None}

    @claim(**options)
    def it(policy, mazes):
        """So."""

    assert bool(beside_the_claim(spec_of(it), "", OVERDONE)) != little
    assert all(bool(beside_the_claim(spec_of(it), "", name)) == little for name in MUTANTS if name not in
               (OVERDONE, UNCHANGED))  # fmt: skip


def test_that_something_is_always_equal_is_asked_of_every_mutant():
    assert not any(beside_the_claim(spec_of(it_differs), "", name) for name in MUTANTS)
    assert issubclass(BesideTheClaimError, NothingToMutateError)


def test_a_mutant_that_makes_a_universal_claim_fail_refutes_it(policy):
    assert outcome(it_differs, policy, "no-op").verdict == "refuted"


@claim(**declared, effect_at_least=-0.5)
def it_changes_nothing(policy, mazes):
    """An edit that changes nothing."""
    return 0 * policy.edited(NoOp((DEFAULT_LAYER,))).values(Observations.at_start(mazes))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (it_edits_nothing, "no-op"),
        (it_edits_nothing, UNCHANGED),
        (it_scales, "another-maze"),
        (it_changes_nothing, "no-op"),
        (it_changes_nothing, "negated"),
        (it_changes_nothing, "another-checkpoint"),
    ],
)
def test_where_there_is_nothing_to_mutate_the_claim_says_so(policy, function, name):
    result = outcome(function, policy, name)
    assert result.verdict == "not evaluated"
    assert result.reason.startswith("NothingToMutateError: ")


@claim(**declared, effect_at_least=-0.5)
def it_scales_if(policy, mazes, scaled):
    """Scaling a channel does something, or nothing is scaled."""
    return it_scales(policy, mazes) if scaled else it_edits_nothing(policy, mazes)


def test_whether_there_is_something_to_mutate_depends_on_no_other_parameter_or_policy(policy, other):
    def reason(policy, scaled):
        spec = spec_of(it_scales_if)
        run = ClaimToRun("it", spec, "", it_scales_if, policy, {"scaled": scaled}, str(scaled))
        try:
            return run_claim(mutated(run, "negated"), RunOptions(max_mazes=8), Measurements()).reason
        except NothingToMutateError:
            return "nothing to mutate"

    assert [reason(policy, scaled) for scaled in (True, False)] == ["", "nothing to mutate"]
    assert [reason(other, scaled) for scaled in (False, True)] == ["nothing to mutate", ""]


def test_the_thresholds_of_a_claim_share_what_it_measures_under_a_mutant(policy, other):
    def function(variant, policy):
        return mutated(ClaimToRun("it", spec_of(it_scales), "", it_scales, policy, {}, variant), "negated").function

    assert function("a", policy) is function("a", policy)
    assert len({function("a", policy), function("b", policy), function("a", other)}) == 3


def test_of_another_maze_there_is_only_what_belongs_to_a_maze(policy, mazes):
    edit = scale_channels(1, 2.0)
    assert under("another-maze", policy, mazes, edit) == edit
