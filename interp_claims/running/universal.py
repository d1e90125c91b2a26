"""Universal claims: Hypothesis searches for a counterexample."""

from __future__ import annotations

import time
from typing import Optional

from interp_claims.policies.policy import Policy
from interp_claims.results import ClaimResult, ControlResult
from interp_claims.running.context import ClaimToRun, RunOptions
from interp_claims.verdicts.sequential import Verdict


def run_universal(run: ClaimToRun, options: RunOptions) -> ClaimResult:
    """Search for a counterexample to a universal claim, and for one under each control that must have one."""
    began = time.monotonic()

    def search(policy: Optional[Policy]) -> str:
        """The counterexample, or empty if the claim held."""
        arguments = {**run.arguments, **({} if policy is None else {"policy": policy})}
        try:
            run.function(**arguments)
        except AssertionError as error:  # anything else means that the question could not be asked
            notes = getattr(error, "__notes__", [])
            return "\n".join([f"{type(error).__name__}: {error}", *notes])
        return ""

    counterexample = search(run.policy)
    controls = []
    for control in run.spec.fails_for if run.policy is not None else ():
        assert run.policy is not None
        failed = bool(search(control.apply(run.policy, ())))
        verdict = Verdict.REFUTED if failed else Verdict.SUPPORTED
        controls.append(ControlResult(control.name, "mutant", verdict.value, None, None, run.spec.budget, failed))
    verdict, reason = (Verdict.REFUTED if counterexample else Verdict.SUPPORTED), ""
    vacuous = [control.name for control in controls if not control.passed]
    if vacuous:
        verdict, reason = Verdict.NOT_EVALUATED, f"vacuous: no counterexample for the control {', '.join(vacuous)}"
    return run.result(
        verdict,
        options,
        reason=reason,
        statement="held on every maze tried",
        mazes=run.spec.budget,
        budget=run.spec.budget,
        controls=tuple(controls),
        counterexample=counterexample,
        seconds=time.monotonic() - began,
    )
