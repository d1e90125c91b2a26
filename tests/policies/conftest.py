"""Small networks, a few mazes and a small policy for the tests of policies."""

from pathlib import Path

import pytest
import torch

from interp_claims.mazes import Observations, reachable_squares, simulator
from interp_claims.policies import Policy

REAL_CHECKPOINT = Path(__file__).parents[2] / "fixtures" / "region5-seed0-bootstrap.safetensors"


def pixels_of(mazes):
    """Observations as the network takes them, without the library's forward passes."""
    return torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2).to(torch.float32) / 255


@pytest.fixture(scope="session")
def render():
    return pixels_of


@pytest.fixture(scope="session")
def real_checkpoint():
    return REAL_CHECKPOINT


@pytest.fixture(scope="session")
def positions(few_mazes):
    """37 positions in four mazes, unevenly shared out: more than two chunks, and no multiple of a chunk."""
    shares = (5, 17, 1, 14)
    squares = [reachable_squares(maze, maze.start)[:: 2 + i][:n] for i, (maze, n) in enumerate(zip(few_mazes, shares))]
    return Observations.at_squares(few_mazes, squares)


@pytest.fixture
def small_policy(make_network):
    return Policy(make_network(), name="small")
