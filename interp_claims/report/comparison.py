"""The comparison with an older policy as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from interp_claims.outcomes import Outcome
from interp_claims.report.terminal import claim_text
from interp_claims.results import ClaimResult

#: What became of claims, the worst first.
ORDER = ("regressed", "undecided", "non-inferior")


def comparison_markdown(rows: Sequence[tuple[ClaimResult, Outcome]]) -> str:
    """What became of every claim, the worst first, with the paired differences.

    Args:
        rows: results, and how each is reported; those without a comparison are left out unless they failed.
    """
    compared = [(r, o, r.comparison) for r, o in rows if r.comparison is not None]
    others = [
        f"- {claim_text(r.claim)}: {o.word}{f' ({r.reason})' if r.reason else ''}"
        for r, o in rows
        if r.comparison is None and o.error is not None
    ]
    rest = ["", "Failed without a comparison:", "", *others] if others else []
    if not compared:
        return "\n".join(["No claim was compared.", *rest]) + "\n"
    compared.sort(key=lambda row: (row[1].error is None, ORDER.index(row[2].change), row[0].claim))
    counts = {change: sum(c.change == change for *_, c in compared) for change in ORDER}
    flips = sum(bool(c.before) and c.before != r.verdict for r, _, c in compared)
    passes = sum(bool(c.before) and c.before != "supported" == r.verdict for r, _, c in compared)
    failed = sum(outcome.error is not None for _, outcome, _ in compared)
    first, comparison = compared[0][0], compared[0][2]
    head = [
        f"## {first.policy} against {comparison.against}: {'failed' if failed or others else 'passed'}",
        "",
        ", ".join(f"{count} {change}" for change, count in counts.items() if count)
        + f"; non-inferior means smaller by at most {comparison.margin:g}, at 0.1% error a side.",
        f"Verdicts that differ from those of {comparison.against}: {flips}, of which now supported: {passes}.",
        "",
        "| claim | difference [99.9% interval] | mazes | change | verdict |",
        "|---|---|---|---|---|",
    ]
    for result, outcome, each in compared:
        low, high = each.interval
        name = claim_text(result.claim).replace("|", "\\|")
        numbers = f"{each.difference:+.3f} [{low:+.3f}, {high:+.3f}] | {each.mazes}"
        head.append(f"| {name} | {numbers} | {each.change} | {outcome.word} |")
    return "\n".join(head + rest) + "\n"
