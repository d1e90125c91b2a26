"""Claims x policies: what each claim came to on each policy of one run, and how often over training seeds."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from interp_claims.report.terminal import VERDICT_STYLES, claim_text
from interp_claims.results import ClaimResult
from interp_claims.verdicts.sequential import Verdict


@dataclasses.dataclass(frozen=True)
class Matrix:
    """The results of one run, arranged by claim and policy. Claims about no policy are left out.

    Attributes:
        policies: names, in the order in which they were asked for.
        claims: identities, sorted.
        cells: the result of each claim on each policy that it was run on.
        seeds: for each set of policies that differ in their training seed alone, those in this run, where there are two
            or more.
    """

    policies: tuple[str, ...]
    claims: tuple[str, ...]
    cells: Mapping[tuple[str, str], ClaimResult]
    seeds: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, results: Sequence[ClaimResult], seeds_of: Mapping[str, str], order: Sequence[str] = ()) -> Matrix:
        """Arrange results.

        Args:
            results: of one run.
            seeds_of: what each policy is one seed of, by name.
            order: names of policies in the order to show them; others follow.
        """
        cells = {(result.claim, result.policy): result for result in results if result.policy is not None}
        met = list(dict.fromkeys(policy for _, policy in cells))
        policies = [name for name in order if name in met] + [name for name in met if name not in order]
        sets: dict[str, list[str]] = {}
        for policy in policies:
            if seeds_of.get(policy):
                sets.setdefault(seeds_of[policy], []).append(policy)
        several = {name: tuple(members) for name, members in sets.items() if len(members) > 1}
        return cls(tuple(policies), tuple(sorted({claim for claim, _ in cells})), cells, several)

    def verdict(self, claim: str, policy: str) -> Optional[str]:
        """The verdict of a claim on a policy, or None if it was not run there."""
        result = self.cells.get((claim, policy))
        return None if result is None else result.verdict

    def counts(self, claim: str, seeds: str) -> dict[str, int]:
        """How many of the policies of a set came to each verdict on a claim."""
        verdicts = Counter(self.verdict(claim, policy) for policy in self.seeds[seeds])
        return {verdict.value: verdicts[verdict.value] for verdict in Verdict if verdicts[verdict.value]}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "policies": list(self.policies),
            "seeds": {name: list(members) for name, members in self.seeds.items()},
            "claims": [
                {
                    "claim": claim,
                    "verdicts": {p: self.verdict(claim, p) for p in self.policies if (claim, p) in self.cells},
                    "counts": {name: self.counts(claim, name) for name in self.seeds},
                }
                for claim in self.claims
            ],
        }


def matrix_table(matrix: Matrix, *, width: int, colour: bool) -> str:
    """The matrix as text: verdict and effect of each claim on each policy, and counts over seeds."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("claim", overflow="fold", min_width=24)
    for heading in (*matrix.policies, *(f"{name}: seeds" for name in matrix.seeds)):
        table.add_column(heading.replace("-", "\n"), overflow="fold")
    for claim in matrix.claims:
        cells = [_cell(matrix.cells.get((claim, policy))) for policy in matrix.policies]
        table.add_row(Text(claim_text(claim)), *cells, *(_count_text(matrix, claim, name) for name in matrix.seeds))
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=colour, color_system="standard" if colour else None).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _cell(result: Optional[ClaimResult]) -> Text:
    if result is None:
        return Text("not run")
    effect = "" if result.effect is None else f"\n{result.effect:+.3f}"
    return Text(f"{result.verdict}{effect}", style=VERDICT_STYLES.get(result.verdict, ""))


def _count_text(matrix: Matrix, claim: str, seeds: str) -> str:
    of = len(matrix.seeds[seeds])
    return "\n".join(f"{verdict} {count} of {of}" for verdict, count in matrix.counts(claim, seeds).items())
