"""Effects of known size, planted into a real policy and measured by the suite as any claim is.

P(cheese) of a real policy on real mazes is first led some way to the cheese, so that there is room below it, and then
lowered by an amount that is drawn for each maze and whose mean is known, *given* what the policy does in that maze. So
the mean effect is known although the distribution of the effects is the policy's own:

- *all or nothing*: the lowered P(cheese) is nearly 0 or nearly 1;
- *smooth*: it follows a beta distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from scipy import special
from torch import Tensor

from interp_claims.claims import ClaimSpec
from interp_claims.controls import no_op
from interp_claims.edits.edit import Content, Edit, Shapes, check_count
from interp_claims.mazes.actions import DIRECTION_OF_ACTION, direction_between
from interp_claims.mazes.geometry import decision_square, shortest_path
from interp_claims.mazes.maze import Maze, MazeError
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import SeedBlock, maze_rng, with_decision_square
from interp_claims.measures.decisions import p_cheese
from interp_claims.policies.forward import Rows
from interp_claims.policies.network import LOGITS
from interp_claims.policies.policy import Policy
from interp_claims.proof.simulated import OFFSETS, THETA
from interp_claims.running import ClaimToRun, Measurements, RunOptions, run_claim
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, Hypothesis

#: That of claims, and one that so few runs say more about.
ALPHAS = (DEFAULT_ALPHA, 0.05)
KINDS = ("all or nothing", "smooth")
#: Level seeds that serve no other purpose; each run draws its mazes from a part of its own.
_FIRST_SEED, _SEEDS_A_RUN = 2_100_000_000, 10_000
_LED, _MOST = 0.35, 0.99  # more than any planted mean, so that there is always room below; and less than certain
_NEARLY = 1e-4
_CONCENTRATION = 6.0


class GiveProbability(Edit):
    """Give one direction per maze a probability; the others keep their proportions."""

    def __init__(self, directions: np.ndarray, probabilities: np.ndarray) -> None:
        self.directions, self.probabilities = directions, probabilities

    @property
    def layers(self) -> tuple[str, ...]:
        """The logits."""
        return (LOGITS,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        """Shift the logits of the direction's actions by the difference of its log-odds."""
        owners = rows.owners.cpu().numpy()
        chosen = np.array(DIRECTION_OF_ACTION)[None, :] == self.directions[owners][:, None]
        logits = activation.double().cpu().numpy()
        here = special.logsumexp(np.where(chosen, logits, -np.inf), axis=1)
        elsewhere = special.logsumexp(np.where(chosen, -np.inf, logits), axis=1)
        shift = special.logit(self.probabilities[owners]) - (here - elsewhere)
        return torch.from_numpy(logits + chosen * shift[:, None]).to(activation)

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        """Raise unless there is a probability for each maze."""
        check_count(str(self), "maze", len(self.probabilities), observations)

    def content(self) -> Iterable[Content]:
        """Directions and probabilities."""
        return self.directions, self.probabilities

    def __str__(self) -> str:
        return f"give_probability(to a direction per maze ({len(self.directions)}))"


def run_block(run: int) -> SeedBlock:
    """The level seeds of one run, which no other run uses."""
    return SeedBlock(f"proof {run}", _FIRST_SEED + run * _SEEDS_A_RUN, _SEEDS_A_RUN)


def lowered(policy: Policy, mazes: Sequence[Maze], kind: str, mean: float) -> np.ndarray:
    """How much P(cheese) falls where it is lowered by ``mean`` on average: one number per maze, shape (n,)."""
    towards = np.array([_step_to_cheese(maze) for maze in mazes])
    led = _LED + (_MOST - _LED) * p_cheese(policy, mazes)
    goals = led - mean
    drawn = np.array([maze_rng(maze, f"planted effect, {kind}, {mean:.2f}").random() for maze in mazes])
    if kind == "smooth":
        left = special.betaincinv(_CONCENTRATION * goals, _CONCENTRATION * (1 - goals), drawn)
        left = np.clip(left, 1e-9, 1 - 1e-9)
    else:
        left = np.where(drawn < (goals - _NEARLY) / (1 - 2 * _NEARLY), 1 - _NEARLY, _NEARLY)
    base = policy.edited(GiveProbability(towards, led))
    return p_cheese(base, mazes) - p_cheese(base.edited(GiveProbability(towards, left)), mazes)


def _step_to_cheese(maze: Maze) -> int:
    square = decision_square(maze)
    if square is None or maze.cheese is None:
        raise MazeError(f"{maze!r} has no decision square; sample mazes with with_decision_square()")
    path = shortest_path(maze, maze.start, maze.cheese)
    return int(direction_between(square, path[path.index(square) + 1]))


def planted_claim(policy: Policy, kind: str, offset: float) -> ClaimToRun:
    """The claim that P(cheese) falls by at least .2, where it falls by .2 + ``offset`` on average."""
    sentence = f"P(cheese) falls by at least {THETA:g} ({kind}, by {THETA + offset:.2f})."
    hypothesis = Hypothesis(Mean((-1.0, 1.0)), "at least", THETA)
    spec = ClaimSpec("sampled", None, INVARIANTS, sentence, {"": hypothesis}, with_decision_square(), (no_op,))
    return ClaimToRun(sentence, spec, "", lowered, policy, {"kind": kind, "mean": THETA + offset}, sentence)


def run_planted(policy: Policy, run: int) -> dict[tuple[float, str, float], str]:
    """The verdict on every planted claim on the mazes of one run, by error rate, kind and offset."""
    measurements = Measurements()
    return {
        (alpha, kind, offset): run_claim(
            planted_claim(policy, kind, offset), RunOptions(alpha=alpha, block=run_block(run)), measurements
        ).verdict
        for alpha in ALPHAS
        for kind in KINDS
        for offset in OFFSETS
    }
