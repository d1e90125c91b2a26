"""A small policy, a few mazes, and a run of the network that an edit can be compared with."""

from pathlib import Path

import numpy as np
import pytest
import torch

from interp_claims.mazes import DISCOVERY, Observations, reachable_squares, simulator, stock_mazes
from interp_claims.policies import Policy, load_network


@pytest.fixture(scope="session")
def donor_mazes():
    return stock_mazes().sample(DISCOVERY, 8)[4:]


@pytest.fixture(scope="session")
def positions(few_mazes):
    """21 positions in four mazes, the mazes' positions mixed, so that rows, observations and mazes all differ."""
    squares = [
        reachable_squares(maze, maze.start)[i :: 3 + i][:n] for i, (maze, n) in enumerate(zip(few_mazes, (8, 3, 1, 9)))
    ]
    ordered = Observations.at_squares(few_mazes, squares)
    mixed = np.random.default_rng(0).permutation(len(ordered))
    return Observations(
        tuple(ordered.mazes[i] for i in mixed), tuple(ordered.owners[i] for i in mixed), ordered.num_mazes
    )


@pytest.fixture(scope="session")
def network(make_network):
    return make_network()


@pytest.fixture
def policy(network):
    return Policy(network, name="small")


@pytest.fixture(scope="session")
def real_policy():
    return Policy(
        load_network(Path(__file__).parents[2] / "fixtures" / "region5-seed0-bootstrap.safetensors"), name="real"
    )


@pytest.fixture(scope="session")
def by_hand(network):
    """Logits of observations when ``change`` is done to one layer's activation, without the library's forward pass."""

    @torch.no_grad()
    def run(observations, layer, change):
        pictures = torch.from_numpy(simulator().render(observations.mazes)).permute(0, 3, 1, 2) / 255
        outputs = network.run(pictures, edit=lambda name, x: change(x.clone()) if name == layer else x)
        return outputs["fc_policy_out"].numpy()

    return run


@pytest.fixture
def assert_acts_as(policy, positions, by_hand):
    """The policy under an edit answers as the network does when the same is done by hand, and not as unedited."""

    def check(edit, layer, change, observations=positions):
        got = policy.edited(edit).logits(observations)
        np.testing.assert_allclose(got, by_hand(observations, layer, change), rtol=1e-4, atol=1e-4)
        assert np.abs(got - policy.logits(observations)).max() > 5e-3, "the edit shows in the answers"

    return check
