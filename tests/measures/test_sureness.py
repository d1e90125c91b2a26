"""How sure a policy is: entropies and values, and how far apart those of two policies are."""

import numpy as np
import pytest
import torch

from interp_claims.controls import last_layer_silenced, no_op
from interp_claims.edits import zero_ablate
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import DISCOVERY, Observations, stock_mazes
from interp_claims.measures.sureness import entropy_share, sureness_distance, value_spread
from interp_claims.policies import ImpalaNetwork, Policy


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 4)


@pytest.fixture(scope="module")
def start(mazes):
    return Observations.at_start(mazes)


def with_values_times(factor, name):
    network = ImpalaNetwork(scale=1).initialise(0)
    with torch.no_grad():
        network.fc_value.weight *= factor
        network.fc_value.bias *= factor
    return Policy(network, name=name)


def test_entropy_is_a_share_of_the_largest(fake, start):
    rules = {0: np.eye(5)[3], 1: np.full(5, 0.2), 2: [0.5, 0.5, 0, 0, 0]}
    places = {maze.key: i for i, maze in enumerate(start.mazes)}
    policy = fake(lambda maze: rules[places[maze.key] % 3])
    assert entropy_share(policy, start) == pytest.approx([0, 1, np.log(2) / np.log(5), 0])


def test_distances_are_absolute_ones_of_entropies(fake, start):
    sure, unsure = fake(lambda maze: np.eye(5)[0]), fake(lambda maze: np.full(5, 0.2))
    for pair in ((sure, unsure), (unsure, sure)):
        assert sureness_distance("entropy", pair[0], start, pair[1], start) == pytest.approx([1] * 4)


def test_values_are_told_in_standard_deviations_of_the_base_and_none_is_farther_than_one(tiny_policy, start):
    ablated = tiny_policy.edited(zero_ablate(tiny_policy, range(4)))
    apart = np.abs(ablated.values(start) - tiny_policy.values(start))
    spread = tiny_policy.values(Observations.at_start(stock_mazes().sample(DISCOVERY, 256))).std()
    got = sureness_distance("value", ablated, start, tiny_policy, start)
    assert got == pytest.approx(np.minimum(apart / spread, 1), rel=1e-4)
    assert (sureness_distance("value", tiny_policy, start, tiny_policy, start) == 0).all()
    silenced = last_layer_silenced.apply(tiny_policy, ()).edited(zero_ablate(tiny_policy, 0))
    assert sureness_distance("value", silenced, start, tiny_policy, start).max() <= 1


def test_the_scale_of_a_value_head_does_not_matter(start):
    distances = []
    for factor in (1.0, 50.0):
        policy = with_values_times(factor, f"times {factor}")
        edited = policy.edited(zero_ablate(policy, range(4)))
        distances.append(sureness_distance("value", edited, start, policy, start))
    assert distances[0].max() > 0
    np.testing.assert_allclose(*distances, rtol=1e-3)


def test_the_unit_is_that_of_the_policy_without_its_edits_and_controls(tiny_policy):
    edited = no_op.apply(tiny_policy, ()).edited(zero_ablate(tiny_policy, range(4)))
    assert value_spread(edited) == value_spread(tiny_policy)


def test_a_value_head_that_says_the_same_everywhere_has_no_unit():
    with pytest.raises(InterpClaimsError, match="value: constant gives the same one in 256 discovery mazes"):
        value_spread(with_values_times(0.0, "constant"))
