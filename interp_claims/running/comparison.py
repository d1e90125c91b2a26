"""A policy against an older one: is a claim's effect at most a margin smaller, on the same mazes?"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Sequence
from typing import Optional, Protocol

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import drawn_squares
from interp_claims.measures.changes import mean_total_variation
from interp_claims.policies.policy import Policy
from interp_claims.results import ClaimResult, Comparison
from interp_claims.running.context import BATCH, ClaimToRun, RunOptions, next_batch
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import Hypothesis, Verdict, decide, first_crossing

#: In the units of a claim's scores: probabilities, mostly.
MARGIN = 0.05
_SQUARES = 4


class ComparisonError(InterpClaimsError):
    """Saved results that nothing can be compared with."""


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


class Older(Protocol):
    """What a policy is compared with."""

    name: str
    sha256: str
    key: str

    def scores(self, run: ClaimToRun, hypothesis: Hypothesis, mazes: Sequence[Maze]) -> np.ndarray:
        """Its scores in the first of some mazes: in all of them, unless it has no more."""

    def changes(self, policy: Policy, mazes: Sequence[Maze]) -> Optional[np.ndarray]:
        """How much a policy differs from it unedited, per maze; None where it cannot be asked."""


class OlderPolicy:
    """An older policy at hand: measured along with the new one.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy, self.name, self.sha256 = policy, policy.name, policy.sha256
        self.key = policy.sha256

    def scores(self, run: ClaimToRun, hypothesis: Hypothesis, mazes: Sequence[Maze]) -> np.ndarray:
        """See :class:`Older`."""
        return hypothesis.estimand.scores(
            run.measured(hypothesis.estimand, self.policy, tuple(mazes)), hypothesis.theta
        )

    def changes(self, policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
        """See :class:`Older`."""
        squares = Observations.at_squares(mazes, [drawn_squares(maze, _SQUARES) for maze in mazes])
        return mean_total_variation(policy, self.policy, squares)


class OlderResults:
    """The saved results of an older policy: its scores, maze by maze.

    Args:
        results: those of one policy.

    Raises:
        ComparisonError: they are of several policies, or exploratory.
    """

    def __init__(self, results: Sequence[ClaimResult]) -> None:
        of_policies = [result for result in results if result.policy_sha256 is not None and not result.broken_off]
        policies = {(result.policy or "", result.policy_sha256 or "") for result in of_policies}
        if len(policies) != 1:
            names = ", ".join(sorted(name for name, _ in policies)) or "none"
            raise ComparisonError(f"got results of {names}, wanted those of one policy")
        if any(result.exploratory for result in of_policies):
            raise ComparisonError(
                "got exploratory results; run the claims without --max-mazes and --alpha, and compare with those"
            )
        ((self.name, self.sha256),) = policies
        self.key = hashlib.sha256(json.dumps([result.to_dict() for result in of_policies]).encode()).hexdigest()
        self._of = {result.claim: result for result in of_policies}

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that were measured."""
        return tuple(self._of)

    def result(self, claim: str) -> Optional[ClaimResult]:
        """What a claim came to on the older policy."""
        return self._of.get(claim)

    def scores(self, run: ClaimToRun, hypothesis: Hypothesis, mazes: Sequence[Maze]) -> np.ndarray:
        """See :class:`Older`.

        Raises:
            ComparisonError: the claim's threshold has changed since.
        """
        by_seed = self.saved(run.name, hypothesis)
        known = [by_seed.get(maze.seed) for maze in mazes if maze.seed is not None]
        return np.array(known[: known.index(None)] if None in known else known, dtype=np.float64)

    def saved(self, claim: str, hypothesis: Hypothesis) -> dict[int, float]:
        """A claim's scores by seed, in the order of measuring; none if it was not measured.

        Raises:
            ComparisonError: the claim's threshold has changed since.
        """
        result = self._of.get(claim)
        if result is None:
            return {}
        if result.scores and result.statement != str(hypothesis):
            raise ComparisonError(
                f"{claim}: states {hypothesis}, but {result.statement} in the saved results of {self.name}; measure "
                "the older policy again"
            )
        return dict(result.scores)

    def changes(self, policy: Policy, mazes: Sequence[Maze]) -> None:
        """See :class:`Older`: saved results tell nothing of the unedited policy."""


def compare(run: ClaimToRun, old: Older, options: RunOptions, before: str, margin: float = MARGIN) -> Comparison | None:
    """Compare a sampled claim on its policy with the same claim on an older one; None for claims of other kinds.

    Both are measured on the same mazes, in order, until "the effect is smaller by at most the margin" is supported or
    refuted, or an older policy's saved scores are used up. That no difference was found is never taken for none.

    Args:
        run: the claim on the new policy.
        old: the older one.
        options: how claims are run.
        before: the older policy's verdict, or empty.
        margin: the largest loss that counts as none.
    """
    if run.spec.kind != "sampled" or run.policy is None or run.spec.mazes is None:
        return None
    hypothesis = run.spec.hypotheses[run.threshold]
    statement = _loses_at_most(hypothesis, margin)
    budget = options.max_mazes if options.max_mazes is not None else run.spec.budget
    stream, seen, exhausted = run.spec.mazes.stream(options.block), 0, False
    differences: list[np.ndarray] = []
    changes: list[np.ndarray] = []
    verdict, lost = Verdict.UNDECIDED, Lost.UNDECIDED
    while seen < budget and not exhausted and _more_wanted(verdict, lost):
        batch = next_batch(stream, min(BATCH, budget - seen))
        seen += len(batch)
        if verdict is Verdict.UNDECIDED:
            before_scores = _favour(hypothesis, old.scores(run, hypothesis, batch))
            exhausted = len(before_scores) < len(batch)
            values = run.measured(hypothesis.estimand, run.policy, batch)
            scores = _favour(hypothesis, hypothesis.estimand.scores(values, hypothesis.theta))
            differences.append(scores[: len(before_scores)] - before_scores)
            verdict, _ = first_crossing(np.concatenate(differences), statement, options.alpha, options.alpha)
        if (change := old.changes(run.policy, batch)) is None:
            exhausted = exhausted or verdict is not Verdict.UNDECIDED
        else:
            changes.append(change)
            lost = _lost(np.concatenate(changes), options)
    return _comparison(run.name, old, statement, np.concatenate(differences), options.alpha, before, lost)


def compare_saved(
    claim: str, hypothesis: Hypothesis, new: OlderResults, old: OlderResults, margin: float = MARGIN
) -> Comparison | None:
    """Compare a claim in two saved results, on the mazes that both hold scores of; None where there are none.

    Args:
        claim: its identity.
        hypothesis: its threshold.
        new: the newer policy's results.
        old: the older one's.
        margin: the largest loss that counts as none.

    Raises:
        ComparisonError: the claim's threshold has changed since one of them was saved.
    """
    scores, before = (each.saved(claim, hypothesis) for each in (new, old))
    both = [seed for seed in scores if seed in before]
    values = [_favour(hypothesis, np.array([of[seed] for seed in both])) for of in (scores, before)]
    previous = old.result(claim)
    alpha = previous.alpha if previous is not None and previous.alpha is not None else RunOptions().alpha
    verdict = previous.verdict if previous is not None else ""
    statement = _loses_at_most(hypothesis, margin)
    return _comparison(claim, old, statement, values[0] - values[1], alpha, verdict, Lost.UNDECIDED)


def _comparison(
    claim: str, old: Older, statement: Hypothesis, differences: np.ndarray, alpha: float, before: str, lost: Lost
) -> Comparison | None:
    """What the differences, new minus old, come to; None without any."""
    if not len(differences):
        return None
    decision = decide(differences, statement, alpha_support=alpha, alpha_refute=alpha, budget=len(differences))
    became = {Verdict.SUPPORTED: Change.NON_INFERIOR, Verdict.REFUTED: Change.REGRESSED}.get(
        decision.verdict, Change.UNDECIDED
    )
    return Comparison(
        claim,
        old.name,
        old.sha256,
        became.value,
        decision.effect,
        decision.interval,
        decision.mazes,
        -statement.theta,
        (lost if became is Change.REGRESSED else Lost.NOTHING).value,
        before,
    )


def _loses_at_most(hypothesis: Hypothesis, margin: float) -> Hypothesis:
    """That a claim's scores are smaller by at most a margin, in the mean."""
    low, high = hypothesis.estimand.score_bounds(hypothesis.theta)
    return Hypothesis(Mean((low - high, high - low)), "at least", -margin)


def _more_wanted(verdict: Verdict, lost: Lost) -> bool:
    """Whether the comparison is open, or it regressed and what was lost is open."""
    return verdict is Verdict.UNDECIDED or (verdict is Verdict.REFUTED and lost is Lost.UNDECIDED)


def _favour(hypothesis: Hypothesis, scores: np.ndarray) -> np.ndarray:
    """Scores, turned so that more of them favours the claim."""
    if hypothesis.direction == "within":
        return -np.abs(scores)
    return scores if hypothesis.direction == "at least" else -scores


def _lost(changes: np.ndarray, options: RunOptions) -> Lost:
    """Whether the unedited policies differ, by more than .05 in total variation, on the mazes of the comparison."""
    same = Hypothesis(Mean((0, 1)), "at most", 0.05)
    verdict, _ = first_crossing(changes, same, options.alpha, options.alpha)
    return {Verdict.SUPPORTED: Lost.MECHANISM, Verdict.REFUTED: Lost.BEHAVIOUR}.get(verdict, Lost.UNDECIDED)
