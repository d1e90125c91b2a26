"""Many newer policies against one older: which claims regressed on which, at a rate of false discoveries.

Each claim on each newer policy makes two statements, "regressed" and "non-inferior". Their evidence is taken at one
look, on the same first mazes for all: evidence at the moment when each crossed a bar would be too good. The e-BH
procedure then says which statements to believe, whatever the dependence between them.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np

from interp_claims.running.comparison import MARGIN, Change, paired
from interp_claims.running.older import ComparisonError, OlderResults
from interp_claims.running.paired import Loss
from interp_claims.verdicts.families import e_bh
from interp_claims.verdicts.sequential import Hypothesis, Verdict

#: The largest share of what is said that is false on average.
RATE = 0.05
REGRESSED, NON_INFERIOR = Change.REGRESSED.value, Change.NON_INFERIOR.value
OPEN, NOT_EVALUATED, NOT_COMPARED = "open", Verdict.NOT_EVALUATED.value, "not compared"


@dataclasses.dataclass(frozen=True)
class Swept:
    """What became of a claim on one newer policy.

    Attributes:
        claim: its identity.
        policy: the newer policy's name, with its identity where others have the same.
        became: regressed, not evaluated (it was on the older policy, and its effect says nothing any more),
            non-inferior, open (neither is believed) or not compared.
        difference: what was gained, in the mean of the mazes; positive favours the claim. None where not compared.
        why: why it is not evaluated or not compared; else empty.
    """

    claim: str
    policy: str
    became: str
    difference: Optional[float] = None
    why: str = ""


def sweep(
    stated: Mapping[str, Optional[Hypothesis]],
    old: OlderResults,
    newer: Sequence[OlderResults],
    *,
    look: int,
    rate: float = RATE,
    margin: float = MARGIN,
) -> list[Swept]:
    """Which claims of an older policy regressed on which of some newer ones, claim by claim.

    A claim that cannot be compared counts as one without evidence, so that leaving it out gains nothing. Of one that is
    not evaluated and was before nothing speaks for "non-inferior", however large its effect.

    Args:
        stated: what each claim states; None for one that is not at hand any more.
        old: the older policy's results.
        newer: the newer ones', one for each policy.
        look: how many mazes are looked at, fixed before anything was measured.
        rate: the largest share of what is called regressed or non-inferior that is false on average.
        margin: the largest loss that counts as none.

    Raises:
        ComparisonError: a policy twice, or no mazes to look at.
        EffectError: a rate that is no share.
    """
    if look < 1:
        raise ComparisonError(f"mazes: got {look}, wanted at least 1, as many as --at-least gave to every run")
    names = _names(newer)
    tried = []
    for claim, hypothesis in stated.items():
        for name, new in zip(names, newer):
            pairs, why = _first_pairs(claim, hypothesis, new, old, look)
            loss = None if hypothesis is None or why else Loss(hypothesis, margin)
            tried.append(_Tried(claim, name, loss, pairs, why, _not_evaluated_now(claim, new, old)))
    evidence = [each.evidence() for each in tried]
    believed = e_bh([kept for kept, _ in evidence] + [lost for _, lost in evidence], rate)
    return [each.became(*said) for each, *said in zip(tried, believed[: len(tried)], believed[len(tried) :])]


@dataclasses.dataclass(frozen=True)
class _Tried:
    """A claim on one newer policy, before anything is said of it."""

    claim: str
    policy: str
    loss: Optional[Loss]  # None where it cannot be compared
    pairs: np.ndarray
    why: str
    not_evaluated: str  # why, where it was before

    def evidence(self) -> tuple[float, float]:
        """Log evidence for and against "it loses at most the margin", after the last maze."""
        if self.loss is None:
            return -math.inf, -math.inf
        kept, lost = self.loss.log_evidence(self.pairs)
        return -math.inf if self.not_evaluated else float(kept[-1]), float(lost[-1])

    def became(self, kept: bool, lost: bool) -> Swept:
        """What is said of it, by which of the two statements is believed."""
        difference = None if self.loss is None else self.loss.difference(self.pairs)
        if lost:
            return Swept(self.claim, self.policy, REGRESSED, difference)
        if self.not_evaluated:
            return Swept(self.claim, self.policy, NOT_EVALUATED, difference, self.not_evaluated)
        if self.loss is None:
            return Swept(self.claim, self.policy, NOT_COMPARED, why=self.why)
        return Swept(self.claim, self.policy, NON_INFERIOR if kept else OPEN, difference)


def _first_pairs(
    claim: str, hypothesis: Optional[Hypothesis], new: OlderResults, old: OlderResults, look: int
) -> tuple[np.ndarray, str]:
    """A claim's scores, newer and older, on the first mazes, or why there are none."""
    none = np.empty((0, 2))
    if hypothesis is None:
        return none, "there is no such claim any more"
    for results in (old, new):
        if claim in results.broken_off:
            return none, f"broke off on {results.name}: {results.broken_off[claim].reason}"
        if results.result(claim) is None:
            return none, f"not in the results of {results.name}"
    try:
        pairs = paired(claim, hypothesis, new, old)
    except ComparisonError as error:
        return none, str(error).removeprefix(f"{claim}: ")
    return (pairs[:look], "") if len(pairs) >= look else (none, f"{len(pairs)} mazes in common, wanted {look}")


def _not_evaluated_now(claim: str, new: OlderResults, old: OlderResults) -> str:
    """Why a claim is not evaluated on the newer policy, where it was on the older one; else empty."""
    now, before = new.result(claim), old.result(claim)
    if now is None or before is None or now.verdict != NOT_EVALUATED or before.verdict == NOT_EVALUATED:
        return ""
    return f"{now.reason or 'no reason is told'}; {before.verdict} on {old.name}"


def _names(newer: Sequence[OlderResults]) -> list[str]:
    """What to call some policies."""
    twice = [sha256 for sha256, count in Counter(new.sha256 for new in newer).items() if count > 1]
    if twice:
        name = next(new.name for new in newer if new.sha256 == twice[0])
        raise ComparisonError(f"got several results of {name}, wanted each policy once")
    counts = Counter(new.name for new in newer)
    return [new.name if counts[new.name] == 1 else f"{new.name} ({new.sha256[:8]})" for new in newer]
