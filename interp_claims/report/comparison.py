"""The comparison with an older policy as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from interp_claims.outcomes import ClaimFailed, ClaimUndecided, Outcome
from interp_claims.report.terminal import claim_text
from interp_claims.results import ClaimResult, Comparison
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

Row = tuple[ClaimResult, Outcome]

#: What became of claims, the worst first.
ORDER = ("regressed", "undecided", "non-inferior")
FAILED, FAILED_OPEN, UNDECIDED, PASSED = "failed", "failed: undecided", "undecided", "passed"
NOTHING = "no claim was compared"
_HEADLINES = (FAILED, FAILED_OPEN, UNDECIDED, PASSED, NOTHING)


def comparison_markdown(rows: Sequence[Row], roles: str = "") -> str:
    """What became of every claim, the worst first, with the paired differences: a section for each policy.

    Args:
        rows: results, and how each is reported; those without a comparison are listed below, unless they are about no
            policy. Of these, only what failed is listed, in a section of its own.
        roles: what is said of the channels that play the parts on either policy, where one was compared; see
            :func:`~interp_claims.report.roles.roles_beside`.
    """
    by_policy: dict[str, list[Row]] = {}
    for row in rows:
        if row[0].policy is not None:
            by_policy.setdefault(row[0].policy, []).append(row)
    sections = [_section(policy, own, roles) for policy, own in by_policy.items()]
    if about_none := _failures([row for row in rows if row[0].policy is None]):
        sections.append((FAILED, ["## Claims about no policy: failed", *about_none]))
    sections.sort(key=lambda section: _HEADLINES.index(section[0]))
    return "\n\n".join("\n".join(lines) for _, lines in sections or [(NOTHING, ["No claim was compared."])]) + "\n"


def _section(policy: str, rows: Sequence[Row], roles: str) -> tuple[str, list[str]]:
    """What became of a policy's claims, in a word and in lines."""
    compared = [(r, o, r.comparison) for r, o in rows if r.comparison is not None]
    others = [_line(r, o) for r, o in rows if r.comparison is None and o.error is None]
    rest = [*_failures(rows), *(["", "Not compared:", "", *others] if others else [])]
    errors = {outcome.error for _, outcome in rows if outcome.error is not None}
    if not compared:
        return FAILED if errors else NOTHING, [f"## {policy}: {'failed, ' if errors else ''}{NOTHING}", *rest]
    compared.sort(key=lambda row: (row[1].error is None, ORDER.index(row[2].change), row[0].claim))
    counts = {change: sum(c.change == change for *_, c in compared) for change in ORDER}
    headline = _headline(errors, counts)
    return headline, [*_head(policy, headline, counts, compared, roles), *(_row(*row) for row in compared), *rest]


def _head(
    policy: str,
    headline: str,
    counts: Mapping[str, int],
    compared: Sequence[tuple[ClaimResult, Outcome, Comparison]],
    roles: str,
) -> list[str]:
    """The lines above the rows of a table."""
    first, _, comparison = compared[0]
    flips = [r for r, _, c in compared if c.before and c.before != r.verdict]
    passes = sum(result.verdict == "supported" for result in flips)
    alpha = first.alpha if first.alpha is not None else DEFAULT_ALPHA
    return [
        f"## {policy} against {comparison.against}: {headline}",
        "",
        ", ".join(f"{count} {change}" for change, count in counts.items() if count)
        + f"; non-inferior means smaller by at most {comparison.margin:g}, at {100 * alpha:g}% error a side.",
        f"Verdicts that differ from those of {comparison.against}: {len(flips)}, of which now supported: {passes}.",
        *([roles] if roles else []),
        "",
        f"| claim | difference [{100 * (1 - alpha):g}% interval] | mazes | change | verdict |",
        "|---|---|---|---|---|",
    ]


def _headline(errors: Set[type[ClaimFailed]], counts: Mapping[str, int]) -> str:
    """Passed is what was decided: where a comparison is open, it is no pass."""
    if errors:
        return FAILED_OPEN if errors == {ClaimUndecided} else FAILED
    return UNDECIDED if counts["undecided"] else PASSED


def _row(result: ClaimResult, outcome: Outcome, comparison: Comparison) -> str:
    low, high = comparison.interval
    name = claim_text(result.claim).replace("|", "\\|")
    numbers = f"{comparison.difference:+.3f} [{low:+.3f}, {high:+.3f}] | {comparison.mazes}"
    return f"| {name} | {numbers} | {comparison.change} | {outcome.word} |"


def _failures(rows: Sequence[Row]) -> list[str]:
    """A list of what failed without a comparison, under its heading."""
    failures = [_line(r, o) for r, o in rows if r.comparison is None and o.error is not None]
    return ["", "Failed without a comparison:", "", *failures] if failures else []


def _line(result: ClaimResult, outcome: Outcome) -> str:
    return f"- {claim_text(result.claim)}: {outcome.word}{f' ({result.reason})' if result.reason else ''}"
