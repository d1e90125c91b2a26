"""How often runs with a known truth came to each verdict, with exact intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from interp_claims.verdicts.exact import exact_interval, least_rate
from interp_claims.verdicts.sequential import Verdict


@dataclasses.dataclass(frozen=True)
class Counts:
    """What some runs with one truth came to; those that were not decided are the rest.

    Attributes:
        truth: how far the truth lies beyond the threshold, on the side of the claim; below 0, the claim is false.
        runs: how many.
        supported: how many of them supported the claim.
        refuted: how many refuted it.
    """

    truth: float
    runs: int
    supported: int
    refuted: int

    @classmethod
    def of(cls, truth: float, verdicts: Iterable[str]) -> Counts:
        """Count verdicts."""
        given = list(verdicts)
        return cls(truth, len(given), given.count(Verdict.SUPPORTED.value), given.count(Verdict.REFUTED.value))

    @property
    def undecided(self) -> int:
        """How many runs came to neither."""
        return self.runs - self.supported - self.refuted

    @property
    def errors(self) -> dict[str, int]:
        """How often each verdict came out that is false; exactly at the threshold each counts as its own error."""
        false = {}
        if self.truth <= 0:
            false[Verdict.SUPPORTED.value] = self.supported
        if self.truth >= 0:
            false[Verdict.REFUTED.value] = self.refuted
        return false

    def too_many(self, alpha: float) -> list[str]:
        """The false verdicts whose rate exceeds alpha beyond what chance explains."""
        return [verdict for verdict, count in self.errors.items() if least_rate(count, self.runs) > alpha]


def counts_markdown(rows: Sequence[tuple[str, Counts]]) -> str:
    """A Markdown table: per kind of effect and truth, how often each verdict came out, with exact 99% intervals."""
    lines = [
        "| effects | true by | runs | supported | refuted | undecided |",
        "|---|---|---|---|---|---|",
    ]
    for kind, counts in rows:
        cells = [_share(count, counts.runs) for count in (counts.supported, counts.refuted, counts.undecided)]
        lines.append(f"| {kind} | {_signed(counts.truth)} | {counts.runs:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−") if number else "0"  # noqa: RUF001


def _share(count: int, runs: int) -> str:
    low, high = exact_interval(count, runs)
    return f"{count:,} [{low:.3%}, {high:.3%}]"
