"""Running a claim against a policy, until there is a verdict."""

from __future__ import annotations

from collections.abc import Callable

from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.mazes.deciding import deciding_on
from interp_claims.results import ClaimResult
from interp_claims.running.approximate import run_approximate
from interp_claims.running.context import (
    BATCH,
    ClaimToRun,
    Measurements,
    Progress,
    RunOptions,
    UnmeasurableMazeError,
)
from interp_claims.running.memory import give_back_free_memory
from interp_claims.running.sampled import run_sampled
from interp_claims.running.universal import run_universal
from interp_claims.verdicts.sequential import Verdict

__all__ = ["BATCH", "ClaimToRun", "Measurements", "Progress", "RunOptions", "not_evaluated", "run_claim"]


def not_evaluated(run: ClaimToRun, options: RunOptions, error: InterpClaimsError) -> ClaimResult:
    """The result of a claim that could not be measured, with the reason and the maze, where it is due to one."""
    hypothesis = run.spec.hypotheses.get(run.threshold)
    statement = "" if hypothesis is None else str(hypothesis)
    seed = error.seed if isinstance(error, UnmeasurableMazeError) else None
    reason = str(error) if seed is not None else f"{type(error).__name__}: {error}"
    fields = {"reason": reason, "statement": statement, "unmeasurable": seed}
    return run.result(Verdict.NOT_EVALUATED, options, broken_off=isinstance(error, CircumstanceError), **fields)


def run_claim(
    run: ClaimToRun,
    options: RunOptions,
    measurements: Measurements,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ClaimResult:
    """Run a claim of any kind; while it is measured, its function may draw none of the mazes that decide it.

    Raises:
        DecidingMazesError: it does.
    """
    give_back_free_memory()
    with deciding_on(options.block):
        if run.spec.kind == "sampled":
            return run_sampled(run, options, measurements, progress)
        return run_approximate(run, options) if run.spec.kind == "approximate" else run_universal(run, options)
