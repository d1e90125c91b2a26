"""What a policy is compared with: an older one at hand, or the saved results of one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Optional, Protocol

import numpy as np

from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.mazes.maze import Maze
from interp_claims.measures.changes import mean_total_variation
from interp_claims.policies.policy import Policy
from interp_claims.results import ClaimResult
from interp_claims.running.asking import acting_in, asked_unedited
from interp_claims.running.context import ClaimToRun, Measurements, Progress, RunOptions
from interp_claims.running.sampled import run_sampled
from interp_claims.verdicts.sequential import Hypothesis, Verdict


class ComparisonError(InterpClaimsError):
    """Saved results that nothing can be compared with."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a claim's scores are of: only where it is the same are equal seeds equal mazes, and scores one quantity.

    Attributes:
        distribution: the mazes that were drawn, as they print; None where that is not told.
        code_sha256: hash of the code that measured them; None where that is not told.
    """

    distribution: Optional[str]
    code_sha256: Optional[str]

    def other_than(self, before: Measured) -> str:
        """How this is another than before, in words; empty where it is the same or where either does not tell."""
        if None not in (self.distribution, before.distribution) and self.distribution != before.distribution:
            return f"is measured in {self.distribution}, but in {before.distribution}"
        if None not in (self.code_sha256, before.code_sha256) and self.code_sha256 != before.code_sha256:
            return (
                f"is measured by code of hash {str(self.code_sha256)[:8]}, but by other code, of hash "
                f"{str(before.code_sha256)[:8]},"
            )
        return ""


class Older(Protocol):
    """What a policy is compared with."""

    name: str
    sha256: str
    key: str

    def scores(self, run: ClaimToRun, mazes: tuple[Maze, ...], measurements: Measurements) -> np.ndarray:
        """Its scores in the first of some mazes: in all of them, unless it has no more."""

    def changes(self, run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> Optional[np.ndarray]:
        """How much a policy differs from it unedited where a claim looks, per maze; None where it cannot be asked."""

    def acting(self, run: ClaimToRun, mazes: tuple[Maze, ...]) -> Optional[np.ndarray]:
        """How much a claim's edits change what it does, per maze; None where it cannot be asked."""


class OlderPolicy:
    """An older policy at hand: measured along with the new one.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy, self.name, self.sha256 = policy, policy.name, policy.sha256
        self.key = policy.sha256

    def scores(self, run: ClaimToRun, mazes: tuple[Maze, ...], measurements: Measurements) -> np.ndarray:
        """See :class:`Older`."""
        return measured_scores(run, self.policy, mazes, measurements)

    def verdict(
        self,
        run: ClaimToRun,
        options: RunOptions,
        measurements: Measurements,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> str:
        """What a sampled claim comes to on it, controls included; for an older policy that has no record.

        Raises:
            CircumstanceError: the machine or its files stand in the way.
        """
        there = dataclasses.replace(run, policy=self.policy)
        try:
            return run_sampled(there, dataclasses.replace(options, at_least=0), measurements, progress).verdict
        except CircumstanceError:
            raise
        except InterpClaimsError:
            return Verdict.NOT_EVALUATED.value

    def changes(self, run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> Optional[np.ndarray]:
        """See :class:`Older`."""
        shown = asked_unedited(run, policy, mazes)
        return None if shown is None else mean_total_variation(policy.bare, self.policy.bare, shown)

    def acting(self, run: ClaimToRun, mazes: tuple[Maze, ...]) -> Optional[np.ndarray]:
        """See :class:`Older`."""
        return acting_in(run, self.policy, mazes)


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
        #: The rows of claims that broke off, by identity: of these nothing is known.
        self.broken_off = {r.claim: r for r in results if r.broken_off and r.policy == self.name}
        self.key = hashlib.sha256(json.dumps([result.to_dict() for result in of_policies]).encode()).hexdigest()
        self._of = {result.claim: result for result in of_policies}

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that were measured."""
        return tuple(self._of)

    def result(self, claim: str) -> Optional[ClaimResult]:
        """What a claim came to on the older policy."""
        return self._of.get(claim)

    def scores(self, run: ClaimToRun, mazes: tuple[Maze, ...], measurements: Measurements) -> np.ndarray:
        """See :class:`Older`.

        Raises:
            ComparisonError: the claim's threshold, its mazes or what it measures has changed since.
        """
        measured = Measured(run.distribution, run.code_sha256)
        by_seed = self.saved(run.name, run.spec.hypotheses[run.threshold], measured)
        known = [by_seed.get(maze.seed) for maze in mazes if maze.seed is not None]
        return np.array(known[: known.index(None)] if None in known else known, dtype=np.float64)

    def saved(self, claim: str, hypothesis: Hypothesis, measured: Measured) -> dict[int, float]:
        """A claim's scores by seed, in the order of measuring; none if it was not measured.

        Args:
            claim: its identity.
            hypothesis: its threshold.
            measured: what the scores are compared with. Older files do not tell of it, and are taken to be the same.

        Raises:
            ComparisonError: the claim's threshold, its mazes or what it measures has changed since.
        """
        result = self._of.get(claim)
        if result is None:
            return {}
        if result.scores and result.statement != str(hypothesis):
            raise ComparisonError(
                f"{claim}: states {hypothesis}, but {result.statement} in the saved results of {self.name}; measure "
                "the older policy again"
            )
        if result.scores and (other := measured.other_than(Measured(result.distribution, result.code_sha256))):
            raise ComparisonError(
                f"{claim}: {other} in the saved results of {self.name}; measure the older policy again"
            )
        return dict(result.scores)

    def check_lacks(self, claim: str) -> None:
        """Raise unless there was nothing to compare a claim with because these results do not tell of it.

        Raises:
            ComparisonError: it broke off, or was measured on other mazes.
        """
        if claim in self.broken_off:
            raise ComparisonError(f"{claim}: broke off on {self.name}: {self.broken_off[claim].reason}")
        if claim in self._of and self._of[claim].scores:
            raise ComparisonError(
                f"{claim}: the saved results of {self.name} have no maze in common with this run; measure the older "
                "policy again"
            )

    def changes(self, run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...]) -> None:
        """See :class:`Older`: saved results tell nothing of the unedited policy."""

    def acting(self, run: ClaimToRun, mazes: tuple[Maze, ...]) -> None:
        """See :class:`Older`: nor of how much an edit did."""


def measured_scores(run: ClaimToRun, policy: Policy, mazes: tuple[Maze, ...], measurements: Measurements) -> np.ndarray:
    """A claim's scores on a policy: (n,)."""
    hypothesis = run.spec.hypotheses[run.threshold]
    values = measurements.get(run.key(policy, mazes), lambda: run.measured(hypothesis.estimand, policy, mazes))
    return hypothesis.estimand.scores(values, hypothesis.theta)
