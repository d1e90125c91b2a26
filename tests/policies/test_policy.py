"""A policy: what it answers, under which edits, and that nothing ever changes it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.edits import Sequence, Vector, add, no_op, subtract, zero_ablate
from interp_claims.mazes import Direction, Maze, Observations, Theme
from interp_claims.policies import (
    DEFAULT_LAYER,
    RESIDUAL_LAYERS,
    ActivationCache,
    ImpalaNetwork,
    LayerError,
    Policy,
    identity,
    layers_to_edit,
    load_network,
    once_per_policy,
)
from interp_claims.policies.policy import Outcomes

LAYERS = [
    "embedder.block1.conv_out",
    "embedder.block1.res1.relu2_out",
    "embedder.block2.maxpool_out",
    DEFAULT_LAYER,
    "embedder.block2.res2.conv1_out",
    "embedder.block3.res2.resadd_out",
    "embedder.flatten_out",
    "embedder.relufc_out",
    "fc_policy_out",
    "fc_value_out",
]
RAMP = add(Vector("fc_policy_out", torch.arange(15.0), "ramp"))
BUMP = add(Vector("embedder.fc_out", torch.linspace(-1, 1, 256), "bump"))


def everything_about(policy, observations):
    return {
        "logits": policy.logits(observations),
        "values": policy.values(observations),
        "actions": policy.action_probabilities(observations),
        "directions": policy.direction_probabilities(observations),
        "activations": policy.activations(observations, DEFAULT_LAYER).numpy(),
    }


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def silence(policy):
    """An edit after which all logits are 0."""
    return zero_ablate(policy, range(15), layer="fc_policy_out")


# -- answers ---------------------------------------------------------------------------------------------------------


def test_probabilities_are_the_softmax_of_the_networks_logits(small_policy, make_network, positions, render):
    with torch.no_grad():
        logits, values = make_network()(render(positions.mazes))
    np.testing.assert_allclose(small_policy.logits(positions), logits.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(small_policy.values(positions), values[:, 0].numpy(), rtol=1e-5, atol=1e-5)
    got = small_policy.action_probabilities(positions)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, torch.softmax(logits.double(), dim=1).numpy(), atol=1e-6)


def test_directions_sum_the_actions_that_lead_there(small_policy, positions):
    actions = small_policy.edited(RAMP).action_probabilities(positions)
    directions = small_policy.edited(RAMP).direction_probabilities(positions)
    assert directions.shape == (len(positions), 5)
    expected = {
        Direction.LEFT: actions[:, 0] + actions[:, 1] + actions[:, 2],
        Direction.DOWN: actions[:, 3],
        Direction.UP: actions[:, 5],
        Direction.RIGHT: actions[:, 6] + actions[:, 7] + actions[:, 8],
        Direction.STAY: actions[:, 4] + actions[:, 9:].sum(axis=1),
    }
    for direction, probability in expected.items():
        np.testing.assert_allclose(directions[:, direction], probability, rtol=1e-12)


@given(scale=st.floats(-1e4, 1e4), seed=st.integers(0, 3))
@settings(derandomize=True, database=None, deadline=None, max_examples=15)
def test_probabilities_sum_to_one_under_any_edit(make_network, few_mazes, scale, seed):
    policy = Policy(make_network(seed), name="x").edited(BUMP).edited(add(RAMP.vector, scale))
    observations = Observations.at_start(few_mazes)
    for probabilities in (policy.action_probabilities(observations), policy.direction_probabilities(observations)):
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_activations_are_the_unedited_ones_even_of_an_edited_policy(small_policy, positions):
    edited = small_policy.edited(zero_ablate(small_policy, range(32)))
    got = edited.activations(positions, DEFAULT_LAYER)
    assert torch.equal(got, small_policy.activations(positions, DEFAULT_LAYER))
    assert got.abs().sum() > 0


def test_a_layers_shape_is_that_of_its_activations(small_policy, positions):
    assert small_policy.shape(DEFAULT_LAYER) == (32, 16, 16)
    for layer in LAYERS:
        assert (len(positions), *small_policy.shape(layer)) == tuple(small_policy.activations(positions, layer).shape)
    with pytest.raises(LayerError, match="did you mean"):
        small_policy.shape("embedder.block2.res1.resadd")


def test_a_policy_is_identified_by_its_weights(make_network):
    one, same_weights, other = (Policy(make_network(seed), name="x") for seed in (0, 0, 1))
    assert one.sha256 == identity(make_network(0).state_dict()) == same_weights.sha256 != other.sha256
    assert one.edited(BUMP).sha256 == one.sha256
    assert (one.scale, Policy(make_network(0, scale=2), name="x").scale) == (1, 2)


def test_a_policy_prints_its_name_its_identity_and_its_edit(small_policy):
    head = f"<Policy small, sha256 {small_policy.sha256[:12]}"
    assert repr(small_policy) == f"{head}>"
    assert repr(small_policy.edited(no_op(DEFAULT_LAYER)).edited(RAMP)) == (
        f"{head}, under no_op('{DEFAULT_LAYER}'), then add(ramp, at fc_policy_out)>"
    )
    assert repr(small_policy.edited(RAMP).unedited) == f"{head}>"


# -- no-op -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [*((layer,) for layer in LAYERS), (LAYERS[0], LAYERS[-2]), (DEFAULT_LAYER, LAYERS[1]), tuple(LAYERS)],
    ids=str,
)
@pytest.mark.parametrize("fresh", [True, False], ids=["nothing kept", "all kept"])
def test_a_no_op_is_bit_identical_to_no_edit(small_policy, make_network, positions, layers, fresh):
    expected = everything_about(small_policy, positions)
    policy = Policy(make_network(), name="other") if fresh else small_policy
    assert same(everything_about(policy.edited(no_op(*layers)), positions), expected)


def test_a_no_op_of_a_trained_network_is_bit_identical_to_no_edit(real_checkpoint, few_mazes):
    policy = Policy(load_network(real_checkpoint), name="real")
    observations = Observations.at_start(few_mazes)
    expected = policy.logits(observations)
    assert np.ptp(policy.action_probabilities(observations), axis=1).min() > 0.3, "it has preferences"
    for layers in ((DEFAULT_LAYER,), ("embedder.block1.res2.conv2_out", "embedder.block3.maxpool_out")):
        assert np.array_equal(policy.edited(no_op(*layers)).logits(observations), expected)


# -- edits -----------------------------------------------------------------------------------------------------------


def test_editing_gives_another_policy_and_leaves_the_first_as_it_was(small_policy, positions):
    before, text = everything_about(small_policy, positions), repr(small_policy)
    edited = small_policy.edited(BUMP)
    twice = edited.edited(RAMP)
    once = everything_about(edited, positions)
    everything_about(twice, positions)
    assert small_policy.edit is None
    assert edited.edit == BUMP
    assert same(everything_about(small_policy, positions), before)
    assert same(everything_about(edited, positions), once)
    assert not np.array_equal(once["logits"], before["logits"])
    assert repr(small_policy) == text


def test_edits_act_in_the_order_in_which_they_are_given(small_policy, positions):
    first_silenced = small_policy.edited(silence(small_policy)).edited(RAMP)
    last_silenced = small_policy.edited(RAMP).edited(silence(small_policy))
    np.testing.assert_array_equal(first_silenced.logits(positions), np.tile(np.arange(15.0), (len(positions), 1)))
    np.testing.assert_array_equal(last_silenced.logits(positions), 0)


def test_editing_twice_is_editing_with_the_sequence(small_policy, positions):
    one_by_one = small_policy.edited(BUMP).edited(RAMP).edited(subtract(RAMP.vector, 0.5))
    at_once = small_policy.edited(Sequence([BUMP, RAMP, subtract(RAMP.vector, 0.5)]))
    assert one_by_one.edit == at_once.edit
    assert same(everything_about(one_by_one, positions), everything_about(at_once, positions))
    np.testing.assert_allclose(
        one_by_one.logits(positions) - small_policy.edited(BUMP).logits(positions),
        np.tile(np.arange(15) / 2, (len(positions), 1)),
        atol=1e-5,
    )


def test_an_edit_acts_on_the_value_as_on_the_logits(small_policy, make_network, positions, render):
    def bump(name, x):
        return x + torch.linspace(-1, 1, 256) if name == "embedder.fc_out" else x

    with torch.no_grad():
        by_hand = make_network().run(render(positions.mazes), edit=bump)["fc_value_out"][:, 0].numpy()
    got = small_policy.edited(BUMP).values(positions)
    np.testing.assert_allclose(got, by_hand, rtol=1e-4, atol=1e-5)
    assert np.abs(got - small_policy.values(positions)).min() > 1e-3
    raised = small_policy.edited(add(Vector("fc_value_out", torch.tensor([5.0]), "five")))
    np.testing.assert_allclose(raised.values(positions), small_policy.values(positions) + 5, rtol=1e-6)
    assert np.array_equal(raised.logits(positions), small_policy.logits(positions))


def test_unedited_is_the_policy_before_all_its_edits(small_policy, positions):
    edited = small_policy.edited(BUMP).edited(RAMP)
    assert edited.unedited.edit is None
    assert same(everything_about(edited.unedited, positions), everything_about(small_policy, positions))
    assert edited.edit == BUMP.then(RAMP), "the edited one keeps its edits"
    assert edited.unedited.name == small_policy.name


def test_replaced_edits_are_those_given_from_then_on(small_policy, positions):
    seen = []

    def double(edit):
        seen.append(edit)
        return add(edit.vector, 2 * edit.coefficient)

    control = small_policy.edited(BUMP).with_edits_replaced(double)
    assert control.edit == BUMP, "edits it already has stay"
    assert seen == []
    edited = control.edited(RAMP).edited(subtract(BUMP.vector, 3))
    assert edited.edit == Sequence([BUMP, add(RAMP.vector, 2), subtract(BUMP.vector, 6)])
    assert seen == [RAMP, subtract(BUMP.vector, 3)], "each edit goes through once"
    direct = small_policy.edited(BUMP).edited(add(RAMP.vector, 2)).edited(subtract(BUMP.vector, 6))
    assert same(everything_about(edited, positions), everything_about(direct, positions))


def test_replacing_edits_outlasts_unedited_and_stays_with_the_policy_it_was_asked_of(small_policy):
    control = small_policy.with_edits_replaced(lambda edit: RAMP)
    assert control.edited(BUMP).unedited.edited(BUMP).edit == RAMP
    assert control.edited(BUMP).edited(BUMP).edit == Sequence([RAMP, RAMP])
    assert small_policy.edited(BUMP).edit == BUMP


def test_edited_policies_share_what_is_kept(small_policy, positions):
    small_policy.logits(positions)
    computed = small_policy.forward.observations_run
    for policy in (
        small_policy.edited(no_op(DEFAULT_LAYER)),
        small_policy.edited(BUMP).unedited,
        small_policy.with_edits_replaced(lambda edit: edit).edited(no_op(DEFAULT_LAYER)),
    ):
        policy.logits(positions)
        policy.activations(positions, DEFAULT_LAYER)
    assert small_policy.forward.observations_run == computed


def test_policies_that_share_a_cache_answer_as_alone(make_network, positions):
    cache = ActivationCache()
    sharing = [Policy(make_network(seed), name="x", cache=cache) for seed in (0, 1, 0)]
    alone = [Policy(make_network(seed), name="x") for seed in (0, 1, 0)]
    for one, other in zip(sharing, alone):
        assert same(everything_about(one, positions), everything_about(other, positions))
        assert same(
            everything_about(one.edited(no_op(DEFAULT_LAYER)), positions),
            everything_about(other.edited(no_op(DEFAULT_LAYER)), positions),
        )


def test_an_edit_that_does_not_fit_is_refused_when_asked_and_the_policy_goes_on(small_policy, positions):
    before = everything_about(small_policy, positions)
    misfit = small_policy.edited(add(Vector(DEFAULT_LAYER, torch.zeros(15), "too short")))
    with pytest.raises(ValueError, match="the vector has shape"):
        misfit.logits(positions)
    assert same(everything_about(small_policy, positions), before)
    assert same(everything_about(misfit.unedited, positions), before)


# -- what controls change --------------------------------------------------------------------------------------------


def without_cheese(observations):
    return observations.with_mazes(Maze.without_cheese)


def test_a_policy_may_be_shown_other_mazes_than_it_is_asked_about(small_policy, positions):
    blind = small_policy.seeing(Maze.without_cheese)
    assert same(everything_about(blind, positions), everything_about(small_policy, without_cheese(positions)))
    assert not same(everything_about(small_policy, positions), everything_about(blind, positions))
    before = everything_about(small_policy, positions)
    small_policy.seeing(lambda maze: maze.with_theme(Theme(3)))
    assert same(everything_about(small_policy, positions), before), "the first is left as it was"


def test_an_edit_of_a_policy_that_is_shown_other_mazes_acts_on_what_it_sees(small_policy, positions):
    edited = small_policy.edited(BUMP).logits(without_cheese(positions))
    assert np.array_equal(small_policy.seeing(Maze.without_cheese).edited(BUMP).logits(positions), edited)
    assert np.array_equal(small_policy.edited(BUMP).seeing(Maze.without_cheese).logits(positions), edited)
    assert np.array_equal(
        small_policy.edited(BUMP).seeing(Maze.without_cheese).unedited.logits(positions),
        small_policy.logits(without_cheese(positions)),
    )


def test_the_bare_policy_is_the_one_that_was_loaded(small_policy, positions):
    before = everything_about(small_policy, positions)
    small_policy.role_set = "published"
    changed = (
        small_policy.with_edits_replaced(lambda edit: BUMP)
        .edited(RAMP)
        .seeing(Maze.without_cheese)
        .with_outcomes(Outcomes.OPPOSITE)
    )
    assert (changed.edit, changed.outcomes) == (BUMP, Outcomes.OPPOSITE)
    bare = changed.bare
    assert same(everything_about(bare, positions), before)
    assert (bare.edit, bare.outcomes, bare.role_set) == (None, Outcomes.OWN, "published")
    assert bare.edited(RAMP).edit is RAMP, "later edits are not replaced"
    assert changed.edit is BUMP
    assert not same(everything_about(changed, positions), before)


def test_a_policy_that_follows_a_rule_goes_where_it_says_and_computes_as_before(small_policy, positions):
    before = everything_about(small_policy, positions)
    rule = small_policy.following(lambda maze: Direction.UP if maze.mouse[0] % 2 else Direction.LEFT)
    wanted = [Direction.UP if maze.mouse[0] % 2 else Direction.LEFT for maze in positions.mazes]
    for policy in (rule, rule.edited(BUMP), rule.seeing(Maze.without_cheese), rule.unedited):
        np.testing.assert_array_equal(policy.direction_probabilities(positions), np.eye(5)[wanted])
    assert rule.direction_probabilities(Observations((), (), 1)).shape == (0, 5)
    assert np.array_equal(rule.logits(positions), before["logits"])
    assert same(everything_about(rule.bare, positions), before)
    assert same(everything_about(small_policy, positions), before)


def test_other_outcomes_stay_with_the_policy_they_were_given_to(small_policy):
    assert small_policy.outcomes is Outcomes.OWN
    opposite = small_policy.edited(RAMP).with_outcomes(Outcomes.OPPOSITE)
    assert (opposite.outcomes, opposite.edit) == (Outcomes.OPPOSITE, RAMP)
    assert opposite.unedited.outcomes is opposite.edited(BUMP).outcomes is Outcomes.OPPOSITE
    assert small_policy.outcomes is Outcomes.OWN


def test_layers_to_edit_are_all_before_the_heads_in_order(small_policy):
    layers = layers_to_edit(small_policy)
    assert layers == tuple(small_policy.forward.network.layers)[: len(layers)]
    assert set(small_policy.forward.network.layers) - set(layers) == {"fc_policy_out", "fc_value_out"}
    assert layers[-1] in ("embedder.fc_out", "embedder.relufc_out")


def test_what_residual_stages_hand_on_exists_in_the_network_in_order(small_policy):
    layers = small_policy.forward.network.layers
    places = [list(layers).index(layer) for layer in RESIDUAL_LAYERS]
    assert places == sorted(set(places))
    assert len(RESIDUAL_LAYERS) == 10
    assert DEFAULT_LAYER in RESIDUAL_LAYERS
    for layer in RESIDUAL_LAYERS:
        assert small_policy.forward.network.resume_point(layer) == layer, "everything after depends on it alone"


def test_what_is_answered_once_per_policy_is_asked_of_the_bare_policy():
    asked = []

    @once_per_policy
    def scale_of(policy):
        asked.append(policy)
        return policy.scale

    network = ImpalaNetwork(1).initialise(0)
    policy, other = Policy(network, name="a"), Policy(ImpalaNetwork(1).initialise(1), name="b")
    edited = policy.seeing(Maze.without_cheese)
    assert [scale_of(p) for p in (edited, policy, other, Policy(network, name="a again"))] == [1, 1, 1, 1]
    assert [p.name for p in asked] == ["a", "b"]
    assert asked[0]._seen is None
