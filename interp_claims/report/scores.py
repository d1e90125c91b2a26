"""The scores of predictions as text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Optional

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.prereg.scoring import UNIFORM_BRIER, Score

_WIDTH = 160


def score_text(found: Sequence[Score]) -> str:
    """The scores of all predictions, and their means by author and kind."""
    each = Table(box=SIMPLE_HEAD, pad_edge=False, title="predictions", title_justify="left", expand=True)
    for heading in ("name", "by", "on", "prediction", "credences", "outcome", "Brier", "log", "kind", "registered"):
        widths = {"prediction": 8, "by": 2, "credences": 2, "outcome": 2, "kind": 2}
        each.add_column(heading, overflow="fold", ratio=widths.get(heading), no_wrap=heading not in widths)
    for score in found:
        credences = ", ".join(f"{outcome} {p:g}" for outcome, p in score.credences.items())
        numbers = ["" if value is None else f"{value:.3f}" for value in (score.brier, score.log)]
        days = ", ".join(day[:10] for day in score.registrations)
        outcome = f"{score.state}, registered anew since" if score.superseded else score.state
        what = (score.name, score.by, score.on, score.sentence, credences, outcome)
        each.add_row(*what, *numbers, _kind(score), days)
    file = io.StringIO()
    console = Console(file=file, width=_WIDTH)
    console.print(each)
    console.print(_by_author(found))
    for score in found:
        if score.why:
            console.print(f"{score.name}: {score.state}: {score.why}", soft_wrap=True)
    for meant in dict.fromkeys(score.meant for score in found if score.meant is not None):
        names = ", ".join(dict.fromkeys(score.name for score in found if score.meant == meant))
        console.print(f"{names}: made about {meant.network}; {meant.why}", soft_wrap=True)
    console.print(f"A uniform guess over three outcomes has a Brier score of {UNIFORM_BRIER:.3f}; lower is better.")
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _by_author(found: Sequence[Score]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="authors", title_justify="left")
    for heading in ("by", "kind", "credences in", "on the ledger", "scored", "mean Brier", "mean log", "awaiting"):
        table.add_column(heading)
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in found:
        groups.setdefault((score.by, _kind(score), _scale(score)), []).append(score)
    for told, members in groups.items():
        scored = [score for score in members if score.brier is not None]
        means = [_mean_text([score.brier for score in scored]), _mean_text([score.log for score in scored])]
        awaiting = str(sum(score.state == "awaiting" for score in members))
        table.add_row(*told, str(len(members)), str(len(scored)), *means, awaiting)
    return table


def _scale(score: Score) -> str:
    """What the credences are in: Brier scores of three outcomes go up to 2, those of a sentence to 1."""
    if not score.credences:
        return "none"
    return "three outcomes" if "undecided" in score.credences else "the sentence"


def _kind(score: Score) -> str:
    """What a score may be averaged with: others of its kind alone."""
    if score.state == "out of reach":
        return score.state
    if score.meant is None:
        return "prospective" if score.prospective else "retrospective"
    transferred = f"transferred to {score.policy}" if score.policy else "transferred"
    return transferred if score.prospective else f"{transferred}, retrospective"


def _mean_text(values: Sequence[Optional[float]]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else ""
