"""A sweep over many newer policies as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from interp_claims.report.terminal import claim_text
from interp_claims.running.sweep import NON_INFERIOR, NOT_COMPARED, NOT_EVALUATED, OPEN, REGRESSED, Swept


def sweep_markdown(cells: Sequence[Swept], old: str, *, look: int, rate: float, margin: float) -> str:
    """A table of claims and newer policies, and why some were not evaluated or not compared.

    Args:
        cells: what became of every claim on every newer policy.
        old: the older policy's name.
        look: how many mazes were looked at.
        rate: the largest share that is false on average.
        margin: the largest loss that counts as none.
    """
    if not cells:
        return "No claim was compared.\n"
    policies, counts = list(dict.fromkeys(cell.policy for cell in cells)), Counter(cell.became for cell in cells)
    found = {(cell.claim, cell.policy): cell for cell in cells}
    lines = [
        f"## {', '.join(policies) if len(policies) <= 3 else f'{len(policies)} policies'} against {old}",
        "",
        ", ".join(
            f"{counts[became]} {became}" for became in (REGRESSED, NOT_EVALUATED, OPEN, NON_INFERIOR, NOT_COMPARED)
        )
        + f", on {look} mazes. Non-inferior means smaller by at most {margin:g}, regressed by more; of all that is "
        f"called either here, a share of at most {100 * rate:g}% is false on average (e-BH).",
        "",
        f"| claim | {' | '.join(policies)} |",
        "|---" * (len(policies) + 1) + "|",
    ]
    for claim in dict.fromkeys(cell.claim for cell in cells):
        row = [_cell_text(found[claim, policy]) for policy in policies]
        lines.append(f"| {_escaped(claim_text(claim))} | {' | '.join(row)} |")
    for became, heading in ((NOT_EVALUATED, "Not evaluated, and was before:"), (NOT_COMPARED, "Not compared:")):
        if left := [cell for cell in cells if cell.became == became]:
            lines += ["", heading, "", *(f"- {claim_text(c.claim)} on {c.policy}: {c.why}" for c in left)]
    return "\n".join(lines) + "\n"


def _cell_text(cell: Swept) -> str:
    return cell.became if cell.difference is None else f"{cell.became} {cell.difference:+.3f}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
