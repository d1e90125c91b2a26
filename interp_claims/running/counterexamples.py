"""The smallest maze that contradicts a claim: on which its statement, read for that maze alone, is false.

Hypothesis searches and shrinks. A rate is never estimated from this: it shows what a failure looks like.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import hypothesis
import numpy as np
from hypothesis.errors import NoSuchExample

from interp_claims.errors import InterpClaimsError
from interp_claims.files import make_folder, write_atomically
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.sampling import MazeDistribution
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.policies.policy import Policy
from interp_claims.running.context import ClaimToRun
from interp_claims.verdicts.sequential import Hypothesis as Statement

_EXAMPLES = 100


class CounterexampleError(InterpClaimsError):
    """A claim that no single maze can contradict, or a file that holds no counterexample."""


def smallest_counterexample(run: ClaimToRun) -> Optional[Maze]:
    """The smallest maze found that contradicts a sampled claim, or None if 100 mazes gave none.

    Raises:
        CounterexampleError: the claim is not measured maze by maze.
    """
    if run.spec.kind != "sampled" or run.policy is None or run.spec.mazes is None:
        raise CounterexampleError(f"{run.name}: is not measured maze by maze, so that no maze can contradict it")
    statement, policy = run.spec.hypotheses[run.threshold], run.policy
    measured, unmeasurable = 0, ""

    def contradicts(drawn: Maze) -> bool:
        nonlocal measured, unmeasurable
        assert run.spec.mazes is not None
        try:
            maze = _in_distribution(run.spec.mazes, drawn.with_mouse_at_start())
            if maze is None or maze.cheese == maze.start:  # procgen never puts the cheese under the mouse
                return False
            values = run.measured(statement.estimand, policy, (maze,))
        except Exception as error:  # where the measure is undefined, or wants a seed, nothing is contradicted
            unmeasurable = f"{type(error).__name__}: {error}"
            return False
        measured += 1
        return _is_false(statement, values)

    search = hypothesis.settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        found = hypothesis.find(perfect_mazes(cheese=True), contradicts, settings=search)
    except NoSuchExample:
        if unmeasurable and not measured:
            raise CounterexampleError(
                f"{run.name}: could not be measured on any maze drawn for it ({unmeasurable}), which has no seed; "
                "claims about recorded behaviour have no counterexamples but those among the recorded mazes"
            ) from None
        return None
    return _in_distribution(run.spec.mazes, found.with_mouse_at_start())


def _in_distribution(mazes: MazeDistribution, maze: Maze) -> Optional[Maze]:
    kept: Optional[Maze] = maze
    for step in mazes.steps:
        kept = step(kept) if kept is not None else None
    return kept


def _is_false(statement: Statement, values: np.ndarray) -> bool:
    score = float(statement.estimand.scores(values, statement.theta)[0])
    limit = statement.estimand.score_threshold(statement.theta)
    if statement.direction == "within":
        return abs(score) > limit
    return score < limit if statement.direction == "at least" else score > limit


def save_counterexample(run: ClaimToRun, maze: Maze, folder: Path) -> Path:
    """Write a counterexample as JSON; ``--replay`` takes the file."""
    assert run.policy is not None
    file, _, function = run.name.rpartition("::")
    parts = f"{Path(file).stem}-{function}-{run.policy.name}"
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in parts)
    make_folder(folder)
    path = folder / f"{name}.json"
    write_atomically(path, counterexample_text(run.name, run.policy, maze))
    return path


def counterexample_text(claim: str, policy: Policy, maze: Maze) -> str:
    """The content of a counterexample's file: a maze, and which claim and policy it was found for."""
    content = {"claim": claim, "policy": policy.name, "sha256": policy.sha256, "maze": maze.to_dict()}
    return json.dumps(content, indent=1) + "\n"


def read_counterexample(path: Path) -> Maze:
    """The maze that :func:`save_counterexample` wrote.

    Raises:
        CounterexampleError: the file holds no counterexample.
    """
    try:
        return Maze.from_dict(json.loads(path.read_text(encoding="utf-8"))["maze"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CounterexampleError(
            f"{path}: holds no maze ({error!r}); give a seed, or a file that --counterexamples wrote"
        ) from error
