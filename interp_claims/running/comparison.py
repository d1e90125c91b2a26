"""A policy against an older one: is a claim's effect at most a margin smaller, on the same mazes?"""

from __future__ import annotations

import enum
from typing import Optional

import numpy as np

from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import drawn_squares
from interp_claims.measures.changes import mean_total_variation
from interp_claims.policies.policy import Policy
from interp_claims.results import Comparison
from interp_claims.running.context import BATCH, ClaimToRun, RunOptions, next_batch
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import Hypothesis, Verdict, decide, first_crossing

#: In the units of a claim's scores: probabilities, mostly.
MARGIN = 0.05
_SQUARES = 4


class Change(str, enum.Enum):
    """What became of a claim's effect."""

    NON_INFERIOR = "non-inferior"
    REGRESSED = "regressed"
    UNDECIDED = "undecided"

    def __str__(self) -> str:
        return self.value


class Lost(str, enum.Enum):
    """What a regressed claim lost: an edit that no longer acts, or a policy that does something else unedited."""

    MECHANISM = "mechanism"
    BEHAVIOUR = "behaviour"
    UNDECIDED = "undecided"
    NOTHING = ""

    def __str__(self) -> str:
        return self.value


def compare(run: ClaimToRun, old: Policy, options: RunOptions, margin: float = MARGIN) -> Optional[Comparison]:
    """Compare a sampled claim on its policy with the same claim on an older one; None for claims of other kinds.

    Both are measured on the same mazes, in order, until "the effect is smaller by at most the margin" is supported or
    refuted. That no difference was found is never taken for none.
    """
    if run.spec.kind != "sampled" or run.policy is None or run.spec.mazes is None:
        return None
    hypothesis = run.spec.hypotheses[run.threshold]
    low, high = hypothesis.estimand.score_bounds(hypothesis.theta)
    statement = Hypothesis(Mean((low - high, high - low)), "at least", -margin)
    budget = options.max_mazes if options.max_mazes is not None else run.spec.budget
    stream, seen = run.spec.mazes.stream(options.block), 0
    differences: list[np.ndarray] = []
    changes: list[np.ndarray] = []
    verdict, lost = Verdict.UNDECIDED, Lost.UNDECIDED
    while seen < budget and _more_wanted(verdict, lost):
        batch = next_batch(stream, min(BATCH, budget - seen))
        seen += len(batch)
        if verdict is Verdict.UNDECIDED:
            measured = (run.measured(hypothesis.estimand, policy, batch) for policy in (run.policy, old))
            new_scores, old_scores = (_favour(hypothesis, values) for values in measured)
            differences.append(new_scores - old_scores)
            verdict, _ = first_crossing(np.concatenate(differences), statement, options.alpha, options.alpha)
        squares = Observations.at_squares(batch, [drawn_squares(maze, _SQUARES) for maze in batch])
        changes.append(mean_total_variation(run.policy, old, squares))
        lost = _lost(np.concatenate(changes), options)
    decision = decide(np.concatenate(differences), statement, alpha_support=options.alpha,
                      alpha_refute=options.alpha, budget=budget)  # fmt: skip
    change = {Verdict.SUPPORTED: Change.NON_INFERIOR, Verdict.REFUTED: Change.REGRESSED}.get(
        decision.verdict, Change.UNDECIDED
    )
    return Comparison(
        run.name,
        old.name,
        old.sha256,
        change.value,
        decision.effect,
        decision.interval,
        decision.mazes,
        margin,
        (lost if change is Change.REGRESSED else Lost.NOTHING).value,
    )


def _more_wanted(verdict: Verdict, lost: Lost) -> bool:
    """Whether the comparison is open, or it regressed and what was lost is open."""
    return verdict is Verdict.UNDECIDED or (verdict is Verdict.REFUTED and lost is Lost.UNDECIDED)


def _favour(hypothesis: Hypothesis, values: np.ndarray) -> np.ndarray:
    """Scores, turned so that more of them favours the claim."""
    scores = hypothesis.estimand.scores(values, hypothesis.theta)
    if hypothesis.direction == "within":
        return -np.abs(scores)
    return scores if hypothesis.direction == "at least" else -scores


def _lost(changes: np.ndarray, options: RunOptions) -> Lost:
    """Whether the unedited policies differ, by more than .05 in total variation, on the mazes of the comparison."""
    same = Hypothesis(Mean((0, 1)), "at most", 0.05)
    verdict, _ = first_crossing(changes, same, options.alpha, options.alpha)
    return {Verdict.SUPPORTED: Lost.MECHANISM, Verdict.REFUTED: Lost.BEHAVIOUR}.get(verdict, Lost.UNDECIDED)
