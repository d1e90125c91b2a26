"""A policy against an older one: does a claim lose at most a margin, on the same mazes?"""

from __future__ import annotations

import enum
from itertools import chain

import numpy as np

from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.mazes.maze import Maze
from interp_claims.policies.policy import Policy
from interp_claims.results import Comparison
from interp_claims.running.asking import acting_in, asked_in
from interp_claims.running.context import BATCH, ClaimToRun, Measurements, RunOptions, next_batch, up_to_unmeasurable
from interp_claims.running.older import Measured, Older, OlderResults, measured_scores
from interp_claims.running.paired import Loss
from interp_claims.verdicts.estimands import Mean
from interp_claims.verdicts.sequential import Hypothesis, Verdict, first_crossing

#: In the units of a claim's scores: probabilities, mostly.
MARGIN = 0.05
_SAME = Hypothesis(Mean((0, 1)), "at most", 0.05)
_AS_MUCH = Hypothesis(Mean((-1, 1)), "at most", 0.05)


class Change(str, enum.Enum):
    """What became of a claim's effect."""

    NON_INFERIOR = "non-inferior"
    REGRESSED = "regressed"
    UNDECIDED = "undecided"

    def __str__(self) -> str:
        return self.value


class Lost(str, enum.Enum):
    """What a regressed claim lost: an edit that no longer acts, a policy that does something else unedited, or both.

    A claim that gives the policy no edit can lose nothing but behaviour.
    """

    MECHANISM = "mechanism"
    BEHAVIOUR = "behaviour"
    BOTH = "mechanism and behaviour"
    UNDECIDED = "undecided"
    NOTHING = ""

    def __str__(self) -> str:
        return self.value


def compare(
    run: ClaimToRun, old: Older, options: RunOptions, before: str, measurements: Measurements, margin: float = MARGIN
) -> Comparison | None:
    """Compare a claim on its policy with the same claim on an older one; None for claims that are not sampled.

    Both are measured on the same mazes, in order, until "the claim loses at most the margin" is supported or refuted,
    or an older policy's saved scores are used up. That no difference was found is never taken for none.

    Args:
        run: the claim on the new policy.
        old: the older one.
        options: how claims are run.
        before: the older policy's verdict, or empty.
        measurements: what was measured before, of either policy.
        margin: the largest loss that counts as none.
    """
    if run.spec.kind != "sampled" or run.policy is None or run.spec.mazes is None:
        return None
    loss = Loss(run.spec.hypotheses[run.threshold], margin)
    budget = options.max_mazes if options.max_mazes is not None else run.spec.budget
    policy, stream, seen, exhausted = run.policy, run.spec.mazes.stream(options.block), 0, False
    pairs, verdict = np.empty((0, 2)), Verdict.UNDECIDED
    while seen < budget and not exhausted and verdict is Verdict.UNDECIDED:
        batch = next_batch(stream, min(BATCH, budget - seen))
        batch, more, later = up_to_unmeasurable(lambda some: _pairs(run, policy, old, some, measurements), batch)
        stream = chain(later, stream)
        seen += len(batch)
        exhausted = len(more) < len(batch)
        pairs = np.concatenate([pairs, more])
        verdict, _ = first_crossing(pairs, loss, options.alpha, options.alpha)
    lost = _lost_or_unknown(run, policy, old, options, budget) if verdict is Verdict.REFUTED else Lost.NOTHING
    return _comparison(run.name, old, loss, pairs, options.alpha, before, lost)


def _pairs(
    run: ClaimToRun, policy: Policy, old: Older, mazes: tuple[Maze, ...], measurements: Measurements
) -> np.ndarray:
    """Scores of both policies, newer and older: (n, 2), fewer than mazes where the older one has no more."""
    before = old.scores(run, mazes, measurements)
    if not len(before):
        return np.empty((0, 2))
    return np.column_stack([measured_scores(run, policy, mazes[: len(before)], measurements), before])


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
        ComparisonError: the claim's threshold has changed since one of them was saved, or its mazes or what it
            measures from the one to the other.
    """
    pairs = paired(claim, hypothesis, new, old)
    previous = old.result(claim)
    alpha = previous.alpha if previous is not None and previous.alpha is not None else RunOptions().alpha
    verdict = previous.verdict if previous is not None else ""
    return _comparison(claim, old, Loss(hypothesis, margin), pairs, alpha, verdict, Lost.UNDECIDED)


def paired(claim: str, hypothesis: Hypothesis, new: OlderResults, old: OlderResults) -> np.ndarray:
    """A claim's scores in two saved results, newer and older, on the mazes that both hold: (n, 2), in their order.

    Raises:
        ComparisonError: the claim's threshold has changed since one of them was saved, or its mazes or what it
            measures from the one to the other.
    """
    now = new.result(claim)
    measured = Measured(None, None) if now is None else Measured(now.distribution, now.code_sha256)
    scores, before = (each.saved(claim, hypothesis, measured) for each in (new, old))
    both = [(score, before[seed]) for seed, score in scores.items() if seed in before]
    return np.array(both, dtype=np.float64).reshape(-1, 2)


def _comparison(
    claim: str, old: Older, loss: Loss, pairs: np.ndarray, alpha: float, before: str, lost: Lost
) -> Comparison | None:
    """What the pairs of scores come to; None without any."""
    if not len(pairs):
        return None
    verdict, mazes = first_crossing(pairs, loss, alpha, alpha)
    became = {Verdict.SUPPORTED: Change.NON_INFERIOR, Verdict.REFUTED: Change.REGRESSED}.get(verdict, Change.UNDECIDED)
    return Comparison(
        claim,
        old.name,
        old.sha256,
        became.value,
        loss.difference(pairs[:mazes]),
        loss.interval(pairs[:mazes], alpha),
        mazes,
        loss.margin,
        (lost if became is Change.REGRESSED else Lost.NOTHING).value,
        before,
    )


def _lost_or_unknown(run: ClaimToRun, policy: Policy, old: Older, options: RunOptions, budget: int) -> Lost:
    """What a regressed claim lost; where that cannot be measured, the regression stands all the same."""
    try:
        return _lost(run, policy, old, options, budget)
    except CircumstanceError:
        raise
    except InterpClaimsError:
        return Lost.UNDECIDED


def _lost(run: ClaimToRun, policy: Policy, old: Older, options: RunOptions, budget: int) -> Lost:
    """What a regressed claim lost: behaviour, if it gives the policy no edit; else by two facts about its mazes.

    *The unedited policies differ*, by a total variation of their probabilities of more than .05 on average, where the
    claim looks: on what it asks of the unedited policy, or, if nothing, of the edited one. *Its edits act less* than on
    the older policy: the total variation between edited and unedited is smaller by more than .05.
    """
    assert run.spec.mazes is not None
    stream, seen = run.spec.mazes.stream(options.block), 0
    changes, lessened = _Told(_SAME, options.alpha), _Told(_AS_MUCH, options.alpha)
    while seen < budget and (changes.open or lessened.open):
        batch = next_batch(stream, min(BATCH, budget - seen))
        if not seen and all(edit is None for _, edit in asked_in(run, policy, batch)):
            return Lost.BEHAVIOUR
        seen += len(batch)
        if changes.open:
            changes.tell(old.changes(run, policy, batch))
        if lessened.open:
            before, now = old.acting(run, batch), acting_in(run, policy, batch)
            lessened.tell(None if before is None or now is None else before - now)
    return _LOST.get((changes.verdict, lessened.verdict), Lost.UNDECIDED)


class _Told:
    """A statement about numbers that come in batches, until it is decided or a batch has none."""

    def __init__(self, statement: Hypothesis, alpha: float) -> None:
        self._statement, self._alpha = statement, alpha
        self._values = np.empty(0)
        self.verdict, self.open = Verdict.UNDECIDED, True

    def tell(self, values: np.ndarray | None) -> None:
        """Take account of a batch, or of there being none to be had."""
        if values is not None:
            self._values = np.concatenate([self._values, values])
            self.verdict, _ = first_crossing(self._values, self._statement, self._alpha, self._alpha)
        self.open = values is not None and self.verdict is Verdict.UNDECIDED


#: What was lost, by whether the unedited policies do the same and whether the edits act as much as before. Where the
#: unedited ones do the same and the claim regressed, the edit does something else, less or not.
_LOST = {
    (Verdict.SUPPORTED, Verdict.SUPPORTED): Lost.MECHANISM,
    (Verdict.SUPPORTED, Verdict.UNDECIDED): Lost.MECHANISM,
    (Verdict.SUPPORTED, Verdict.REFUTED): Lost.MECHANISM,
    (Verdict.UNDECIDED, Verdict.REFUTED): Lost.MECHANISM,
    (Verdict.REFUTED, Verdict.REFUTED): Lost.BOTH,
    (Verdict.REFUTED, Verdict.SUPPORTED): Lost.BEHAVIOUR,
    (Verdict.REFUTED, Verdict.UNDECIDED): Lost.BEHAVIOUR,
}
