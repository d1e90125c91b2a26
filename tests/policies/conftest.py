"""Small networks, a few mazes and a small policy for the tests of policies."""

from pathlib import Path

import pytest
import torch

from interp_claims.mazes import DISCOVERY, Observations, reachable_squares, simulator, stock_mazes
from interp_claims.policies import ImpalaNetwork, Policy

REAL_CHECKPOINT = Path(__file__).parents[2] / "fixtures" / "region5-seed0-bootstrap.safetensors"


def lively_network(seed=0, scale=1):
    """A network none of whose parameters is zero or tiny, so that leaving out any of them shows in the outputs."""
    network = ImpalaNetwork(scale).initialise(seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.1, generator=generator)
        network.fc_policy.weight.normal_(0, 0.2, generator=generator)
    return network


def pixels_of(mazes):
    """Observations as the network takes them, without the library's forward passes."""
    return torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2).to(torch.float32) / 255


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small networks gain nothing from a second thread, and lose much where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make_network():
    return lively_network


@pytest.fixture(scope="session")
def render():
    return pixels_of


@pytest.fixture(scope="session")
def real_checkpoint():
    return REAL_CHECKPOINT


@pytest.fixture(scope="session")
def few_mazes():
    return stock_mazes().sample(DISCOVERY, 4)


@pytest.fixture(scope="session")
def positions(few_mazes):
    """37 positions in four mazes, unevenly shared out: more than two chunks, and no multiple of a chunk."""
    shares = (5, 17, 1, 14)
    squares = [reachable_squares(maze, maze.start)[:: 2 + i][:n] for i, (maze, n) in enumerate(zip(few_mazes, shares))]
    return Observations.at_squares(few_mazes, squares)


@pytest.fixture
def small_policy():
    return Policy(lively_network(), name="small")
