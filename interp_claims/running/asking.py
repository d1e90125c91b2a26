"""What a claim asks the network when it measures some mazes, and how much its edits change there."""

from __future__ import annotations

import copy
from typing import Optional

import numpy as np
from scipy.special import softmax
from torch import Tensor

from interp_claims.mazes.actions import direction_probabilities
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.observations import Observations
from interp_claims.measures.changes import total_variation
from interp_claims.policies.forward import ActivationEdit, Forward
from interp_claims.policies.policy import Policy
from interp_claims.running.context import ClaimToRun

_PLACES = 64


class _NotingForward(Forward):
    """A network that notes under which edits it is asked about which mazes; it shares everything with another."""

    def __init__(self, other: Forward) -> None:
        self.__dict__.update(other.__dict__)
        self.asked: list[tuple[Maze, Optional[ActivationEdit]]] = []
        self.answered: list[tuple[Maze, Optional[ActivationEdit]]] = []

    def outputs(
        self, observations: Observations, edit: Optional[ActivationEdit] = None
    ) -> tuple[np.ndarray, np.ndarray]:
        self.asked += [(maze, edit) for maze in observations.mazes]
        self.answered += [(maze, edit) for maze in observations.mazes]
        return super().outputs(observations, edit)

    def activations(self, observations: Observations, layer: str) -> Tensor:
        self.asked += [(maze, None) for maze in observations.mazes]
        return super().activations(observations, layer)


class _ActingForward(Forward):
    """A network that notes how much the edits that it is asked about change its answers; it shares all with another."""

    def __init__(self, other: Forward) -> None:
        self.__dict__.update(other.__dict__)
        self.changes: dict[int | None, list[float]] = {}

    def outputs(
        self, observations: Observations, edit: Optional[ActivationEdit] = None
    ) -> tuple[np.ndarray, np.ndarray]:
        logits, values = super().outputs(observations, edit)
        if edit is not None:
            before = super().outputs(observations)[0]
            changed = total_variation(*(direction_probabilities(softmax(each, axis=1)) for each in (logits, before)))
            for maze, change in zip(observations.mazes, changed):
                self.changes.setdefault(maze.seed, []).append(float(change))
        return logits, values


def acting_in(run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> Optional[np.ndarray]:
    """How much a claim's edits change what a policy does: the total variation of its directions' probabilities, (n,).

    Averaged over all that the claim asks of the edited policy about a maze.

    Returns:
        None if it asks nothing about one of the mazes.
    """
    forward = _ActingForward(policy.forward)
    _run_on(forward, run, policy, mazes)
    if not all(maze.seed in forward.changes for maze in mazes):
        return None
    return np.array([np.mean(forward.changes[maze.seed]) for maze in mazes])


def asked_in(run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> list[tuple[Maze, Optional[ActivationEdit]]]:
    """What a claim asks the network when it measures some mazes: each maze that is shown, and under which edit."""
    return _noted(run, policy, mazes).asked


def asked_unedited(run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> Optional[Observations]:
    """What a claim asks of the unedited policy about some mazes, or, where it asks nothing of that, of the edited one.

    Each maze as it is shown, with its mouse in place: at the decision square, say, or without its cheese. Of more than
    64 places in one maze, as in rollouts, 64 are taken, evenly; what is asked of other mazes (donors) is left out.

    Returns:
        The observations, or None if the claim asks nothing about one of the mazes.
    """
    answered = _noted(run, policy, mazes).answered
    unedited = [(maze, edit) for maze, edit in answered if edit is None]
    shown: list[dict[bytes, Maze]] = [{} for _ in mazes]
    places = {maze.seed: i for i, maze in enumerate(mazes)}
    for maze, _ in unedited or answered:
        if maze.seed in places:
            shown[places[maze.seed]][maze.key] = maze
    if not all(shown):
        return None
    thinned = [list(each.values()) for each in shown]
    thinned = [
        [each[i] for i in np.linspace(0, len(each) - 1, min(_PLACES, len(each))).astype(int)] for each in thinned
    ]
    owners = tuple(i for i, each in enumerate(thinned) for _ in each)
    return Observations(tuple(maze for each in thinned for maze in each), owners, len(mazes))


def _noted(run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> _NotingForward:
    forward = _NotingForward(policy.forward)
    _run_on(forward, run, policy, mazes)
    return forward


def _run_on(forward: Forward, run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> None:
    """Let a claim measure some mazes on a policy that asks this network."""
    noting = copy.copy(policy)
    noting.forward = forward
    run.function(policy=noting, mazes=mazes, **run.arguments)
