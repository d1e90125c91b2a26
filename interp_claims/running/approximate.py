"""Approximate claims: one look at a fixed number of mazes."""

from __future__ import annotations

import time
from typing import Optional

import numpy as np

from interp_claims.controls import Control
from interp_claims.results import ClaimResult, ControlResult
from interp_claims.running.context import BATCH, ClaimToRun, RunOptions, next_batch, with_controls
from interp_claims.running.independence import check_independence
from interp_claims.verdicts.approximate import bootstrap_interval, verdict_of_interval
from interp_claims.verdicts.estimands import EffectError
from interp_claims.verdicts.sequential import Verdict


def run_approximate(run: ClaimToRun, options: RunOptions) -> ClaimResult:
    """Measure an approximate claim once, on the declared number of mazes.

    Raises:
        EffectError: the claim's function returned no table with one row per maze, or one that depends on the batch, or
            its statistic is undefined.
        UnmeasurableMazeError: a maze cannot be measured.
    """
    began = time.monotonic()
    spec, policy = run.spec, run.policy
    assert policy is not None and spec.mazes is not None and spec.statistic is not None
    hypothesis = spec.hypotheses[run.threshold]
    sample = options.max_mazes if options.max_mazes is not None else spec.budget
    stream = spec.mazes.stream(options.block)
    mazes = next_batch(stream, sample)

    def interval_of(control: Optional[Control]) -> tuple[float, tuple[float, float]]:
        assert spec.statistic is not None
        batches = [mazes[i : i + BATCH] for i in range(0, len(mazes), BATCH)]
        measured = [run.table(policy, batch, control) for batch in batches]
        widths = sorted({table.shape[1] for table in measured})
        if len(widths) > 1:
            raise EffectError(f"{run.name}: got tables of {widths} columns, wanted as many from every batch")
        if control is None and options.precision == "float32":
            largest = np.abs(measured[0]).max(axis=0)
            spread = np.where(largest > 0, largest, 1.0)
            check_independence(run.name, batches[0], measured[0], spread, lambda some: run.table(policy, some))
        table = np.concatenate(measured)
        return bootstrap_interval(table, spec.statistic, alpha=2 * options.alpha, seed=options.block.first)

    estimate, interval = interval_of(None)
    verdict = verdict_of_interval(interval, hypothesis.direction, hypothesis.theta)
    controls = []
    for control in spec.null_controls:
        effect, limits = interval_of(control)
        came_to = verdict_of_interval(limits, hypothesis.direction, hypothesis.theta)
        passed = came_to is Verdict.REFUTED
        controls.append(ControlResult(control.name, "null", came_to.value, effect, limits, sample, passed))
    verdict, reason = with_controls(verdict, tuple(controls))
    return run.result(
        verdict,
        options,
        reason=reason,
        effect=estimate,
        interval=interval,
        threshold=hypothesis.theta,
        statement=f"{hypothesis.direction} {hypothesis.theta:g} (approximate)",
        mazes=sample,
        budget=sample,
        alpha=options.alpha,
        controls=tuple(controls),
        seconds=time.monotonic() - began,
    )
