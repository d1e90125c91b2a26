"""A policy against an older one: is a claim's effect at most a margin smaller, on the same mazes?"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Optional

import numpy as np

from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import drawn_squares
from interp_claims.measures.changes import mean_total_variation
from interp_claims.policies.policy import Policy
from interp_claims.running.context import BATCH, ClaimToRun, RunOptions, next_batch
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import Decision, Hypothesis, Verdict, decide, first_crossing

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


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How a claim on one policy compares with the same claim on an older one.

    Attributes:
        claim: the claim's identity.
        against: name of the older policy.
        change: non-inferior, regressed or undecided.
        difference: mean of new minus old, signed so that positive favours the claim.
        interval: confidence interval of it, valid at any stopping time.
        mazes: how many mazes it took.
        margin: the largest loss that counts as none.
        lost: for regressed claims, what was lost.
    """

    claim: str
    against: str
    change: str
    difference: float
    interval: tuple[float, float]
    mazes: int
    margin: float
    lost: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; :meth:`from_dict` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Comparison:
        """The comparison that :meth:`to_dict` wrote."""
        return cls(**{**data, "interval": (float(data["interval"][0]), float(data["interval"][1]))})


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
    stream, differences, changes = run.spec.mazes.stream(options.block), [], []
    measured = 0
    while measured < budget:
        batch = next_batch(stream, min(BATCH, budget - measured))
        measured += len(batch)
        new_scores, old_scores = (
            _favour(hypothesis, run.measured(hypothesis.estimand, policy, batch)) for policy in (run.policy, old)
        )
        differences.append(new_scores - old_scores)
        squares = Observations.at_squares(batch, [drawn_squares(maze, _SQUARES) for maze in batch])
        changes.append(mean_total_variation(run.policy, old, squares))
        verdict, _ = first_crossing(np.concatenate(differences), statement, options.alpha, options.alpha)
        if verdict is not Verdict.UNDECIDED:
            break
    decision = decide(np.concatenate(differences), statement, alpha_support=options.alpha,
                      alpha_refute=options.alpha, budget=budget)  # fmt: skip
    change = {Verdict.SUPPORTED: Change.NON_INFERIOR, Verdict.REFUTED: Change.REGRESSED}.get(
        decision.verdict, Change.UNDECIDED
    )
    lost = _lost(np.concatenate(changes)[: decision.mazes], options) if change is Change.REGRESSED else Lost.NOTHING
    return _comparison(run.name, old.name, change, decision, margin, lost)


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


def _comparison(claim: str, against: str, change: Change, decision: Decision, margin: float, lost: Lost) -> Comparison:
    return Comparison(
        claim, against, change.value, decision.effect, decision.interval, decision.mazes, margin, lost.value
    )
