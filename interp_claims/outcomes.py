"""From a result and the record to what a test run reports: passed or failed, under which heading, in which words."""

from __future__ import annotations

import dataclasses
from typing import Optional

from interp_claims.results import ClaimResult, Comparison, ControlResult
from interp_claims.verdicts.sequential import Verdict


class ClaimFailed(AssertionError):
    """A claim that did not come out as it must; the message is the whole account."""


class ClaimRefuted(ClaimFailed):
    """The mazes refuted the claim."""


class ClaimUndecided(ClaimFailed):
    """The budget was spent without a decision, and that was not allowed."""


class ClaimNotEvaluated(ClaimFailed):
    """A control shows that the claim's verdict says nothing."""


class VerdictFlipped(ClaimFailed):
    """The verdict differs from the one on record."""


class PredictionDecided(ClaimFailed):
    """A prediction was decided for the first time: news, until its outcome is on the ledger."""


class ClaimRegressed(ClaimFailed):
    """The effect is smaller than on the older policy, by more than the margin."""


class ClaimNotCompared(ClaimFailed):
    """The claim was to be compared with an older policy, and could not be."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a result is reported.

    Attributes:
        error: the exception to fail with, or None.
        category: the heading it is counted under.
        word: the verdict in words.
    """

    error: Optional[type[ClaimFailed]]
    category: str
    word: str


def outcome_of(result: ClaimResult, recorded: Optional[str], undecided_fails: bool) -> Outcome:
    """What a test run makes of a result.

    Args:
        result: what the claim came to.
        recorded: the verdict on record for this policy, or None.
        undecided_fails: whether an undecided claim without a record fails.
    """
    verdict = Verdict(result.verdict)
    category = {Verdict.UNDECIDED: "undecided", Verdict.NOT_EVALUATED: "not evaluated"}.get(verdict, "passed")
    if recorded is not None and not result.exploratory:
        if recorded == verdict.value:
            return Outcome(None, category, verdict.value if verdict is Verdict.SUPPORTED else f"{verdict}, as recorded")
        surprise = ": an unexpected pass" if verdict is Verdict.SUPPORTED else ""
        return Outcome(VerdictFlipped, "failed", f"{verdict}, recorded was {recorded}{surprise}")
    if verdict is Verdict.REFUTED:
        return Outcome(ClaimRefuted, "failed", verdict.value)
    if verdict is Verdict.NOT_EVALUATED:
        return Outcome(ClaimNotEvaluated, "failed", verdict.value)
    if verdict is Verdict.UNDECIDED and undecided_fails:
        return Outcome(ClaimUndecided, "failed", verdict.value)
    return Outcome(None, category, verdict.value)


def outcome_of_prediction(result: ClaimResult, resolved: Optional[str]) -> Outcome:
    """What a test run makes of a registered prediction on the policy that it is about.

    Args:
        result: what it came to.
        resolved: the outcome on the ledger, or None.
    """
    verdict = result.verdict
    if result.exploratory:
        return Outcome(None, "exploratory", verdict)
    if resolved is None:
        error = ClaimNotEvaluated if verdict == Verdict.NOT_EVALUATED else PredictionDecided
        return Outcome(error, "failed", f"{verdict}: news, put it on the ledger with interp-claims resolve")
    if resolved != verdict:
        return Outcome(VerdictFlipped, "failed", f"{verdict}, on the ledger was {resolved}")
    category = "not evaluated" if verdict == Verdict.NOT_EVALUATED else "passed"
    return Outcome(None, category, f"{verdict}, as on the ledger")


def outcome_of_transferred(result: ClaimResult) -> Outcome:
    """What a test run makes of a prediction on a policy that it is not about: it is shown, and decides nothing."""
    return Outcome(None, "transferred", f"{result.verdict}, transferred to {result.policy}")


def outcome_of_comparison(
    result: ClaimResult, comparison: Comparison, *, undecided_fails: bool = False, flipped: Optional[Outcome] = None
) -> Outcome:
    """What a test run makes of a claim that was compared with an older policy.

    A claim fails if its effect became smaller by more than the margin, if its verdict is not the one on the policy's
    own record, if it was supported and is refuted now, or if it is not evaluated and was before: then its effect says
    nothing. The older policy's verdict stands in for a record: what was refuted may be refuted again.

    Args:
        result: what it came to.
        comparison: with the older policy.
        undecided_fails: whether it fails if the comparison is undecided, or if the claim is and was not before.
        flipped: how the result is reported because of the policy's own record, if its verdict is another there.
    """
    verdict, before, open_now = result.verdict, comparison.before, comparison.change == "undecided"
    was = f", was {before} on {comparison.against}" if before and before != verdict else ""
    if comparison.change == "regressed":
        what = f" ({comparison.lost} lost)" if comparison.lost != "undecided" else ""
        return Outcome(ClaimRegressed, "failed", f"regressed{what}, {verdict}{was}")
    if flipped is not None:
        return flipped
    if before == Verdict.SUPPORTED and verdict == Verdict.REFUTED:
        return Outcome(VerdictFlipped, "failed", f"{verdict}{was}")
    if verdict == Verdict.NOT_EVALUATED and before != Verdict.NOT_EVALUATED:
        return Outcome(ClaimNotEvaluated, "failed", f"{verdict}{was}")
    word = f"{'comparison undecided' if open_now else comparison.change}, {verdict}{was}"
    if undecided_fails and (open_now or (verdict == Verdict.UNDECIDED and before != Verdict.UNDECIDED)):
        return Outcome(ClaimUndecided, "failed", word)
    return Outcome(None, "undecided" if open_now else "passed", word)


def outcome_of_failed_comparison(result: ClaimResult) -> Outcome:
    """What a test run makes of a claim whose comparison was asked for and could not be made: the verdict stands, the
    claim fails."""
    return Outcome(ClaimNotCompared, "failed", f"{result.verdict}, not compared: {result.not_compared}")


def not_compared(outcome: Outcome) -> Outcome:
    """How a result is reported that was to be compared and could not be, such as one that older results lack."""
    return dataclasses.replace(outcome, word=f"{outcome.word}, not compared")


def numbers_text(result: ClaimResult) -> str:
    """Effect, interval and number of mazes in one line."""
    if result.effect is None or result.interval is None:
        return f"{result.mazes} mazes tried"
    low, high = result.interval
    return f"{result.effect:+.3f} [{low:+.3f}, {high:+.3f}], {result.mazes} mazes"


def control_text(control: ControlResult) -> str:
    """A control and how it came out, in a few words."""
    if control.kind == "contrast":
        word = {Verdict.SUPPORTED.value: "beaten", Verdict.REFUTED.value: "not beaten"}.get(
            control.verdict, "undecided"
        )
    else:
        word = control.verdict
    return f"{control.name}: {word}"


def account(result: ClaimResult, outcome: Outcome, replay: str) -> str:
    """The whole account of a claim: sentence, verdict, numbers, controls, the mazes against it, how to replay one.

    Args:
        result: what the claim came to.
        outcome: how it is reported.
        replay: the command that replays a maze, without the seed.
    """
    lines = [
        f"{result.sentence}",
        f"  {'identity' if result.number is None else f'claim {result.number}'}: {result.source}",
        f"  verdict    {outcome.word}{f' ({result.reason})' if result.reason else ''}",
    ]
    if result.kind == "universal":
        lines += [f"    {line}" for line in result.counterexample.splitlines()]
    elif result.mazes:
        evidence = f"{result.alpha:g} a side" if result.alpha is not None else ""
        lines += [
            f"  wanted     {result.statement}",
            f"  measured   {numbers_text(result)} of at most {result.budget}, error rate {evidence}",
        ]
    lines += [f"  control    {control_text(control)}, {_control_numbers(control)}" for control in result.controls]
    if result.against:
        lines.append("  mazes that speak most against it:")
        lines += [f"    seed {seed}: {effect:+.4f}" for seed, effect in result.against]
    seed = result.against[0][0] if result.against else result.unmeasurable
    if seed is not None:
        lines.append(f"  replay     {replay} --replay {seed}")
    return "\n".join(lines)


def _control_numbers(control: ControlResult) -> str:
    if control.effect is None or control.interval is None:
        return f"{control.mazes} mazes tried"
    difference = "difference " if control.kind == "contrast" else ""
    low, high = control.interval
    return f"{difference}{control.effect:+.3f} [{low:+.3f}, {high:+.3f}], {control.mazes} mazes"
