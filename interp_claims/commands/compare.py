"""``interp-claims compare`` and ``sweep``: saved results of newer policies against those of an older one."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Optional

from interp_claims.claims import ClaimSpec, spec_of
from interp_claims.collecting import claims_in, hypothesis_of
from interp_claims.files import write_atomically
from interp_claims.outcomes import ClaimNotCompared, Outcome, VerdictFlipped, outcome_of_comparison
from interp_claims.report.comparison import comparison_markdown
from interp_claims.report.results_json import read_results
from interp_claims.report.sweep import sweep_markdown
from interp_claims.results import ClaimResult
from interp_claims.running.comparison import MARGIN, compare_saved
from interp_claims.running.older import ComparisonError, OlderResults
from interp_claims.running.sweep import NOT_COMPARED, NOT_EVALUATED, RATE, REGRESSED, sweep
from interp_claims.verdicts.sequential import Hypothesis, Verdict

Row = tuple[ClaimResult, Outcome]

_FORM = argparse.RawDescriptionHelpFormatter
_COMPARE_EPILOG = """\
examples:
  pytest claims/ --policy old.pth --at-least 512 --claims-json old.json
  pytest claims/ --policy new.pth --at-least 512 --claims-json new.json
  interp-claims compare old.json new.json --summary summary.md

exit status: 0 no claim regressed, turned from supported to refuted or not evaluated, or could not be compared, 1 some
did, 2 wrong usage, or a file that cannot be read or written
"""
_SWEEP_EPILOG = """\
examples:
  pytest claims/ --policy step-1.pth --at-least 512 --claims-json step-1.json
  interp-claims sweep old.json step-1.json step-2.json step-3.json --mazes 512 --summary sweep.md

The number of mazes is fixed before anything is measured: it is the N of --at-least.

exit status: 0 nothing is called regressed, 1 some claim is on some policy, is not evaluated on one and was before, or
could not be compared on one, 2 wrong usage, or a file that cannot be read or written
"""


def add_commands(commands: Any) -> None:
    """Add the subcommands to the parser of ``interp-claims``."""
    compare = commands.add_parser(
        "compare",
        help="compare the saved results of two policies",
        description="Say of every claim whether its effect is smaller on the newer policy, by more than a margin, on "
        "the mazes that both results hold. Give --at-least to both runs so that they hold as many. A claim of the "
        "older results that the newer ones lack, or that broke off, is listed and fails.",
        epilog=_COMPARE_EPILOG,
        formatter_class=_FORM,
    )
    compare.add_argument("old", type=Path, help="results of the older policy, written by --claims-json")
    compare.add_argument("new", type=Path, help="results of the newer one")
    compare.add_argument(
        "--undecided", choices=("report", "fail"), default="report", help="whether an undecided comparison fails"
    )
    _add_options(compare)
    compare.set_defaults(run=_compare)
    swept = commands.add_parser(
        "sweep",
        help="compare the saved results of many policies with those of one, at a rate of false discoveries",
        description="Say which claims regressed, and which did not, on which of many newer policies, from the evidence "
        "on the same first mazes of each. Of all that is said, at most a share --rate is false on average (e-BH), "
        "however many policies and claims there are.",
        epilog=_SWEEP_EPILOG,
        formatter_class=_FORM,
    )
    swept.add_argument("old", type=Path, help="results of the older policy, written by --claims-json")
    swept.add_argument("new", type=Path, nargs="+", help="results of the newer ones, one policy a file")
    swept.add_argument(
        "--mazes", type=int, default=512, metavar="N", help="how many mazes are looked at (default: %(default)s)"
    )
    swept.add_argument(
        "--rate", type=float, default=RATE, help="the largest share that is false on average (default: %(default)s)"
    )
    _add_options(swept)
    swept.set_defaults(run=_sweep)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--margin", type=float, default=MARGIN, help="the largest loss that counts as none (default: %(default)s)"
    )
    parser.add_argument(
        "--claims", type=Path, default=Path("claims"), help="where the claims are (default: %(default)s)"
    )
    parser.add_argument("--summary", type=Path, metavar="PATH", help="write the Markdown to this file, too")


def _compare(chosen: argparse.Namespace) -> int:
    old, new = (OlderResults(read_results(path)) for path in (chosen.old, chosen.new))
    functions = claims_in(chosen.claims, chosen.claims.resolve().parent)
    claims = dict.fromkeys([*old.claims, *old.broken_off, *new.claims, *new.broken_off])
    told = [_row(claim, old, new, _spec(functions, claim), chosen) for claim in claims]
    rows = [(dataclasses.replace(row, policy=new.name), outcome) for row, outcome in told]  # those it lacks, too
    _show(comparison_markdown(rows), chosen.summary)
    return 1 if any(outcome.error is not None for _, outcome in rows) else 0


def _sweep(chosen: argparse.Namespace) -> int:
    old, *newer = (OlderResults(read_results(path)) for path in (chosen.old, *chosen.new))
    functions = claims_in(chosen.claims, chosen.claims.resolve().parent)
    stated = _stated(old, functions)
    cells = sweep(stated, old, newer, look=chosen.mazes, rate=chosen.rate, margin=chosen.margin)
    _show(sweep_markdown(cells, old.name, look=chosen.mazes, rate=chosen.rate, margin=chosen.margin), chosen.summary)
    return 1 if any(cell.became in (REGRESSED, NOT_EVALUATED, NOT_COMPARED) for cell in cells) else 0


def _show(text: str, path: Optional[Path]) -> None:
    print(text, end="")
    if path is not None:
        write_atomically(path, text)


def _spec(functions: Mapping[str, Callable[..., Any]], claim: str) -> Optional[ClaimSpec]:
    """The declaration of a claim by its identity, or None where it is not among some functions."""
    return spec_of(functions.get(claim.split("[")[0]))


def _stated(old: OlderResults, functions: Mapping[str, Callable[..., Any]]) -> dict[str, Optional[Hypothesis]]:
    """What the sampled claims of some results state, None for those that are gone; without those that cannot lose."""
    stated: dict[str, Optional[Hypothesis]] = {}
    for claim in dict.fromkeys([*old.claims, *old.broken_off]):
        spec, result = _spec(functions, claim), old.result(claim)
        if result is not None and (
            result.prediction or (result.verdict == Verdict.NOT_EVALUATED and not result.scores)
        ):
            continue
        if spec is None or spec.kind == "sampled":
            stated[claim] = None if spec is None else hypothesis_of(spec, claim)
    return stated


def _row(
    claim: str, old: OlderResults, new: OlderResults, spec: Optional[ClaimSpec], chosen: argparse.Namespace
) -> Row:
    """What became of a claim that one of the results tells of, or both."""
    was, now = (each.result(claim) or each.broken_off.get(claim) for each in (old, new))
    if prediction := next((result for result in (now, was) if result is not None and result.prediction), None):
        return _listed(prediction, "a prediction, which the ledger tells of")
    if was is None or now is None:
        return _without_counterpart(was, now, old.name, new.name)
    for result, name in ((was, old.name), (now, new.name)):
        if result.broken_off:
            return _lost(now, f"broke off on {name}: {result.reason}")
    if spec is None:
        return _lost(now, f"there is no such claim in {chosen.claims}")
    if spec.kind != "sampled":
        return _by_verdict(was, now, old.name)
    try:
        comparison = compare_saved(claim, hypothesis_of(spec, claim), new, old, chosen.margin)
    except ComparisonError as error:
        return _lost(now, str(error).removeprefix(f"{claim}: "))
    if comparison is not None:
        fails = chosen.undecided == "fail"
        return dataclasses.replace(now, comparison=comparison), outcome_of_comparison(
            now, comparison, undecided_fails=fails
        )
    if was.verdict == Verdict.NOT_EVALUATED:
        return _listed(now, f"not evaluated on {old.name}: {was.reason}")
    return _lost(now, "the results have no maze in common" if now.scores else f"{now.verdict}: {now.reason}")


def _without_counterpart(was: Optional[ClaimResult], now: Optional[ClaimResult], old: str, new: str) -> Row:
    if was is not None:
        return _lost(was, f"not in the results of {new}")
    assert now is not None
    return _listed(now, f"not in the results of {old}")


def _by_verdict(was: ClaimResult, now: ClaimResult, old: str) -> Row:
    """A claim that is not decided maze by maze: it fails if it was supported and is refuted or not evaluated now."""
    fails = was.verdict == Verdict.SUPPORTED and now.verdict in (Verdict.REFUTED, Verdict.NOT_EVALUATED)
    turned = f", was {was.verdict} on {old}" if was.verdict != now.verdict else ""
    row, outcome = _listed(now, f"{now.kind}, by its verdict alone")
    outcome = dataclasses.replace(outcome, word=f"{now.verdict}{turned}, not compared")
    return row, dataclasses.replace(outcome, error=VerdictFlipped, category="failed") if fails else outcome


def _listed(result: ClaimResult, why: str) -> Row:
    """A claim that is not compared, which is no failure."""
    row = dataclasses.replace(result, reason=why, comparison=None)
    return row, Outcome(None, result.verdict, f"{result.verdict}, not compared")


def _lost(result: ClaimResult, why: str) -> Row:
    """A claim that should have been compared and could not be."""
    row = dataclasses.replace(result, reason=why, comparison=None)
    return row, Outcome(ClaimNotCompared, "failed", "not compared")
