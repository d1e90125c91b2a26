"""Claims x mutants: which mutants change the verdict of a claim, and why those that do not need not."""

from __future__ import annotations

import dataclasses
import fnmatch
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.proof.mutants import MUTANTS, UNCHANGED, BesideTheClaimError, NothingToMutateError
from interp_claims.report.terminal import claim_text
from interp_claims.results import ClaimResult
from interp_claims.verdicts.sequential import Verdict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


#: The share of mutants of the whole matrix that must be killed.
LEAST_KILLED = 0.9


class SurvivorsError(InterpClaimsError):
    """A list of explained survivors that cannot be read."""


@dataclasses.dataclass(frozen=True)
class Survivor:
    """Why a mutant need not change the verdict of some claims.

    Attributes:
        claim: the claim's function with its variant, as in ``test_a[b]``; ``*`` stands for anything.
        mutant: the mutant.
        why: the reason.
    """

    claim: str
    mutant: str
    why: str

    def explains(self, claim: str, mutant: str) -> bool:
        """Whether this is about a claim under a mutant."""
        return mutant == self.mutant and fnmatch.fnmatchcase(claim.split("::")[-1], self.claim.replace("[", "[[]"))


def read_survivors(path: Path) -> list[Survivor]:
    """The explained survivors, as reviewed.

    Raises:
        SurvivorsError: the file cannot be read, or has other fields or mutants.
    """
    try:
        survivors = [Survivor(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["survivor"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SurvivorsError(f"{path}: no readable list of survivors ({error!r}); restore it") from error
    unknown = sorted({survivor.mutant for survivor in survivors} - set(MUTANTS))
    if unknown:
        raise SurvivorsError(f"{path}: names the mutants {unknown}, wanted {sorted(MUTANTS)}")
    return survivors


@dataclasses.dataclass(frozen=True)
class Cell:
    """What a mutant did to one claim.

    Attributes:
        claim: the claim's identity.
        mutant: the mutant.
        state: killed (the verdict changed), survived, error (it could not be measured), or not applicable.
        verdict: under the mutant.
        effect: its estimate, in words; empty where there is none.
        why: for survivors, the reviewed reason, or empty; for errors, the message; for what is not applicable because
            the mutant is beside the claim's point, that.
    """

    claim: str
    mutant: str
    state: str
    verdict: str
    effect: str
    why: str = ""


def cells_of(by_mutant: Mapping[str, Sequence[ClaimResult]], survivors: Sequence[Survivor]) -> list[Cell]:
    """What each mutant did to each claim that is supported without one.

    Args:
        by_mutant: results by mutant, those of the unchanged claims among them.
        survivors: the reasons that were reviewed.
    """
    before = {result.claim for result in by_mutant[UNCHANGED] if result.verdict == Verdict.SUPPORTED}
    cells = []
    for mutant, results in by_mutant.items():
        for result in results if mutant != UNCHANGED else ():
            if result.claim in before:
                state = _state(result)
                whys = [s.why for s in survivors if state == "survived" and s.explains(result.claim, mutant)]
                why = result.reason if state == "error" else _beside(result) or "; ".join(whys)
                effect = "" if result.effect is None else f"{result.effect:+.3f}"
                cells.append(Cell(result.claim, mutant, state, result.verdict, effect, why))
    return sorted(cells, key=lambda cell: (cell.claim, list(MUTANTS).index(cell.mutant)))


def _state(result: ClaimResult) -> str:
    if result.verdict == Verdict.NOT_EVALUATED:  # there are no controls that could say so: it could not be measured
        left_out = (NothingToMutateError.__name__, BesideTheClaimError.__name__)
        return "not applicable" if result.reason.startswith(left_out) else "error"
    return "survived" if result.verdict == Verdict.SUPPORTED else "killed"


def _beside(result: ClaimResult) -> str:
    """Why a mutant is beside the point of a claim, or empty."""
    kind, _, message = result.reason.partition(": ")
    return message.partition(": ")[2] if kind == BesideTheClaimError.__name__ else ""


def unexplained(cells: Sequence[Cell]) -> list[Cell]:
    """The survivors without a reviewed reason."""
    return [cell for cell in cells if cell.state == "survived" and not cell.why]


def share_killed(cells: Sequence[Cell]) -> float:
    """Which share of the mutants that concern a claim was killed: from 0 to 1, and 0 where none concerns any.

    An error is no kill: the claim noticed nothing, it could not be measured.
    """
    counts = Counter(cell.state for cell in cells)
    return counts["killed"] / max(1, len(cells) - counts["not applicable"])


def cells_dict(policy: str, cells: Sequence[Cell]) -> dict[str, Any]:
    """Plain data for JSON."""
    counts = Counter(cell.state for cell in cells)
    return {"schema": 1, "policy": policy, "counts": dict(counts), "cells": [dataclasses.asdict(c) for c in cells]}


def cells_markdown(policy: str, cells: Sequence[Cell]) -> str:
    """The matrix as Markdown: the survivors with their reasons, the errors with their messages, what is not counted."""
    mutants = [name for name in MUTANTS if name != UNCHANGED]
    lines = [
        f"Claims that `{policy}` supports. {_summary(cells)}",
        "",
        f"| claim | {' | '.join(mutants)} |",
        "|---" * (len(mutants) + 1) + "|",
    ]
    found = {(cell.claim, cell.mutant): cell for cell in cells}
    shown: list[Cell] = []
    for claim in dict.fromkeys(cell.claim for cell in cells):
        row = [found.get((claim, mutant)) for mutant in mutants]
        if any(cell is not None and cell.state != "not applicable" for cell in row):
            lines.append(f"| {claim_text(claim)} | {' | '.join(map(_cell_text, row))} |")
            shown += [cell for cell in row if cell is not None]
    whys = Counter(cell.why for cell in shown if cell.state == "not applicable" and cell.why)
    if whys:
        told = "; or it ".join(f"{why} ({count})" for why, count in whys.items())
        lines += ["", f"n/a is not counted (cells): the claim {told}."]
    survived = [cell for cell in cells if cell.state == "survived"]
    if survived:
        lines += ["", "| survivor | mutant | why |", "|---|---|---|"]
        lines += [f"| {claim_text(c.claim)} | {c.mutant} | {c.why or '**not explained**'} |" for c in survived]
    errors = [cell for cell in cells if cell.state == "error"]
    if errors:
        lines += ["", "| not measured | mutant | error |", "|---|---|---|"]
        messages = [" ".join(cell.why.split()).replace("|", "\\|") for cell in errors]
        lines += [f"| {claim_text(c.claim)} | {c.mutant} | {why} |" for c, why in zip(errors, messages)]
    return "\n".join(lines) + "\n"


def _summary(cells: Sequence[Cell]) -> str:
    counts = Counter(cell.state for cell in cells)
    return (
        f"{counts['killed']} mutants killed ({share_killed(cells):.1%}), {counts['survived']} survived "
        f"({len(unexplained(cells))} unexplained), {counts['error']} ended in an error."
    )


def _cell_text(cell: Cell | None) -> str:
    if cell is None or cell.state == "not applicable":
        return "" if cell is None or not cell.why else "n/a"
    if cell.state == "error":
        return "error"
    mark = "✔" if cell.state == "killed" else "survived:"
    return f"{mark} {cell.verdict} {cell.effect}".strip()
