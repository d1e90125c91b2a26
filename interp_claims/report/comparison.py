"""The comparison with an older policy as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interp_claims.outcomes import Outcome
from interp_claims.report.terminal import claim_text
from interp_claims.results import ClaimResult
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

#: What became of claims, the worst first.
ORDER = ("regressed", "undecided", "non-inferior")


def comparison_markdown(rows: Sequence[tuple[ClaimResult, Outcome]], roles: str = "") -> str:
    """What became of every claim, the worst first, with the paired differences.

    Args:
        rows: results, and how each is reported; those without a comparison are listed below, unless they are about no
            policy.
        roles: what is said of the channels that play the parts on either policy; see
            :func:`~interp_claims.report.roles.roles_beside`.
    """
    compared = [(r, o, r.comparison) for r, o in rows if r.comparison is not None]
    failures = [_line(r, o) for r, o in rows if r.comparison is None and o.error is not None]
    others = [_line(r, o) for r, o in rows if r.comparison is None and o.error is None and r.policy is not None]
    rest = [
        *(["", "Failed without a comparison:", "", *failures] if failures else []),
        *(["", "Not compared:", "", *others] if others else []),
    ]
    if not compared:
        return "\n".join(["No claim was compared.", *rest]) + "\n"
    compared.sort(key=lambda row: (row[1].error is None, ORDER.index(row[2].change), row[0].claim))
    counts = {change: sum(c.change == change for *_, c in compared) for change in ORDER}
    flips = sum(bool(c.before) and c.before != r.verdict for r, _, c in compared)
    passes = sum(bool(c.before) and c.before != "supported" == r.verdict for r, _, c in compared)
    failed = bool(failures) or any(outcome.error is not None for _, outcome, _ in compared)
    first, comparison = compared[0][0], compared[0][2]
    alpha = first.alpha if first.alpha is not None else DEFAULT_ALPHA
    head = [
        f"## {first.policy} against {comparison.against}: {_headline(failed, counts)}",
        "",
        ", ".join(f"{count} {change}" for change, count in counts.items() if count)
        + f"; non-inferior means smaller by at most {comparison.margin:g}, at {100 * alpha:g}% error a side.",
        f"Verdicts that differ from those of {comparison.against}: {flips}, of which now supported: {passes}.",
        *([roles] if roles else []),
        "",
        f"| claim | difference [{100 * (1 - alpha):g}% interval] | mazes | change | verdict |",
        "|---|---|---|---|---|",
    ]
    for result, outcome, each in compared:
        low, high = each.interval
        name = claim_text(result.claim).replace("|", "\\|")
        numbers = f"{each.difference:+.3f} [{low:+.3f}, {high:+.3f}] | {each.mazes}"
        head.append(f"| {name} | {numbers} | {each.change} | {outcome.word} |")
    return "\n".join(head + rest) + "\n"


def _headline(failed: bool, counts: Mapping[str, int]) -> str:
    """Passed is what was decided: where everything is open, nothing passed."""
    if failed:
        return "failed"
    if counts["undecided"] == sum(counts.values()):
        return "undecided"
    return f"passed, {counts['undecided']} undecided" if counts["undecided"] else "passed"


def _line(result: ClaimResult, outcome: Outcome) -> str:
    return f"- {claim_text(result.claim)}: {outcome.word}{f' ({result.reason})' if result.reason else ''}"
