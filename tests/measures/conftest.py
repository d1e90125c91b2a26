"""Policies that need no network: tests write down their answers, so that measures can be checked by hand."""

from collections import deque

import numpy as np
import pytest

from interp_claims.mazes import Direction, Maze
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.policies.policy import Policy

MOVES = {"LEFT": (0, -1), "DOWN": (-1, 0), "UP": (1, 0), "RIGHT": (0, 1)}


class Fake:
    """Answers each observation by a rule from its maze to five probabilities, and keeps what it was asked."""

    def __init__(self, rule):
        self.rule = rule
        self.asked = []

    def direction_probabilities(self, observations):
        self.asked.append(observations)
        return np.array([self.rule(maze) for maze in observations.mazes], dtype=float).reshape(-1, 5)


def _only(name):
    """All the probability on one direction."""
    return np.eye(5)[Direction[name]]


def _steps_to(free, target):
    steps, queue = {target: 0}, deque([target])
    while queue:
        row, column = queue.popleft()
        for rows, columns in MOVES.values():
            near = row + rows, column + columns
            if min(near) >= 0 and max(near) < 25 and free[near] and near not in steps:
                steps[near] = steps[row, column] + 1
                queue.append(near)
    return steps


def _step_towards(maze, square, target):
    """The name of the first direction that leads from a square to a target, found backwards from the target."""
    steps = _steps_to(maze.free, target)
    row, column = square
    for name, (rows, columns) in MOVES.items():
        if steps.get((row + rows, column + columns)) == steps[square] - 1:
            return name
    raise AssertionError("already there")


def _seeker(q):
    """A policy that steps towards the cheese with probability q, and does each of the other four things equally."""

    def rule(maze):
        towards = _only(_step_towards(maze, maze.mouse, maze.cheese))
        return q * towards + (1 - q) / 4 * (1 - towards)

    return Fake(rule)


def _scrambled():
    """A policy with other probabilities for every observation, which depend on that observation alone."""
    return Fake(lambda maze: np.random.default_rng(list(maze.key)).dirichlet(np.ones(5)))


@pytest.fixture(scope="session")
def fake():
    return Fake


@pytest.fixture(scope="session")
def only():
    return _only


@pytest.fixture(scope="session")
def step_towards():
    return _step_towards


@pytest.fixture(scope="session")
def seeker():
    return _seeker


@pytest.fixture(scope="session")
def scrambled():
    return _scrambled


@pytest.fixture(scope="session")
def tiny_policy():
    """A small network with random weights and a head strong enough to have preferences."""
    network = ImpalaNetwork(scale=1).initialise(0)
    network.fc_policy.weight.data *= 300
    return Policy(network, name="tiny")


@pytest.fixture
def parting():
    """A maze with its decision square at (12, 11): up to the cheese, right to the corner."""
    return Maze.from_text(
        """
        C.#..
        #.#.#
        .....
        .####
        M....
        """
    )
