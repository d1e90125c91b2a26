"""A run in short, as Markdown."""

from __future__ import annotations

from collections import Counter
from typing import Optional

from interp_claims.outcomes import Outcome, control_text, outcome_of_comparison, outcome_of_failed_comparison
from interp_claims.report.comparison import comparison_markdown
from interp_claims.report.results_json import SavedRun
from interp_claims.results import ClaimResult
from interp_claims.verdicts.sequential import Verdict


def summary_markdown(run: SavedRun) -> str:
    """What every claim came to on every policy, and the comparison with an older policy where there is one.

    Args:
        run: the results.
    """
    policies = [*run.matrix.policies, *([None] if any(r.policy is None for r in run.results) else [])]
    lines = ["# Claims", ""]
    if run.exploratory:
        lines += ["Exploratory: budget or error rate were changed, or a mutant ran; never recorded.", ""]
    for policy in policies:
        mine = [result for result in run.results if result.policy == policy]
        counts = Counter(result.verdict for result in mine)
        lines.append(f"- {_name(mine[0])}: " + ", ".join(f"{counts[v.value]} {v}" for v in Verdict))
    lines += ["", "| # | claim | policy | verdict | effect [interval] | wanted | mazes | controls |", "|---" * 8 + "|"]
    order = {policy: i for i, policy in enumerate(policies)}
    for result in sorted(run.results, key=lambda r: (r.number is None, r.number or 0, r.claim, order[r.policy])):
        lines.append(_row(result))
    text = "\n".join(lines) + "\n"
    compared = [row for result in run.results if (row := _compared(result)) is not None]
    return f"{text}\n{comparison_markdown(compared)}" if compared else text


def _compared(result: ClaimResult) -> Optional[tuple[ClaimResult, Outcome]]:
    """A result and what came of its comparison; None where none was asked for, or there was nothing to compare with."""
    if result.not_compared:
        return result, outcome_of_failed_comparison(result)
    return None if result.comparison is None else (result, outcome_of_comparison(result, result.comparison))


def _name(result: ClaimResult) -> str:
    if result.policy is None:
        return "about no policy"
    width = "" if result.scale is None else f", scale {result.scale}"
    return f"`{result.policy}` (`{(result.policy_sha256 or '')[:12]}`{width})"


def _row(result: ClaimResult) -> str:
    effect = ""
    if result.effect is not None and result.interval is not None:
        effect = f"{result.effect:+.3f} [{result.interval[0]:+.3f}, {result.interval[1]:+.3f}]"
    variant = f" *({result.claim.split('[', 1)[1].rstrip(']')})*" if "[" in result.claim else ""
    reason = f" ({result.reason})" if result.reason else ""
    cells = [
        "" if result.number is None else str(result.number),
        f"{result.sentence}{variant}",
        result.policy or "",
        f"{result.verdict}{reason}",
        effect,
        result.statement,
        f"{result.mazes} of {result.budget}",
        "; ".join(control_text(control) for control in result.controls),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
