"""Measuring a claim on one maze again, to look at what happened there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.running import ClaimToRun
from interp_claims.running.counterexamples import read_counterexample


class ReplayError(InterpClaimsError):
    """A claim or a seed that has nothing to replay."""


def replay_text(run: ClaimToRun, which: str) -> str:
    """What a claim and its controls measure on one maze, with a drawing of the maze.

    Args:
        run: the claim.
        which: a level seed, or a file that holds a maze.

    Raises:
        ReplayError: the claim is not measured on mazes by seed, or its distribution rejects the seed.
        CounterexampleError: the file holds no maze.
    """
    if run.spec.mazes is None or run.policy is None:
        raise ReplayError(f"{run.name}: is not measured on mazes by seed; run it without --replay")
    maze = run.spec.mazes.maze(int(which)) if which.isdecimal() else read_counterexample(Path(which))
    if maze is None:
        raise ReplayError(f"{run.name}: the maze of seed {which} does not belong to {run.spec.mazes}; choose another")
    hypothesis = run.spec.hypotheses[run.threshold]
    approximate = run.spec.kind == "approximate"
    lines = [run.spec.sentence, f"{maze!r}, shown to {run.policy.name}", maze.to_text(), ""]
    controls = (None, *run.spec.null_controls, *run.spec.contrast_controls)
    for control in controls:
        if approximate:
            values = run.table(run.policy, (maze,), control)
        else:
            values = run.measured(hypothesis.estimand, run.policy, (maze,), control)
        numbers = ", ".join(f"{value:+.6f}" for value in np.atleast_1d(values[0]))
        lines.append(f"{'measured' if control is None else control.name:<24} {numbers}")
    of_a_statistic = f"{hypothesis.direction} {hypothesis.theta:g} (approximate)"
    lines.append(f"{'wanted over mazes':<24} {of_a_statistic if approximate else hypothesis}")
    return "\n".join(lines)
