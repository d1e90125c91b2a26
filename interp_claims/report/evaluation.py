"""Evaluations of policies as a table for the terminal, a table in Markdown and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from rich.box import SIMPLE_HEAD
from rich.table import Table

from interp_claims.mazes.maze import SIZES
from interp_claims.measures.evaluation import Evaluation, Outcome, Share, Where

#: Maze sizes that are put together where single ones would be too many.
SIZE_GROUPS = ((3, 11), (13, 19), (21, 25))
_COLOURS = {Outcome.CHEESE: "#e69f00", Outcome.TOP_RIGHT_FIRST: "#0072b2", Outcome.NEITHER: "#999999"}
_PLOT_WIDTH, _ROW_HEIGHT = 11.0, 2.3


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """One table for the training distribution and one for what lies off it, each with a row per maze size."""
    return [_table(evaluation, where) for where in Where if any(cell.where is where for cell in evaluation.cells)]


def _table(evaluation: Evaluation, where: Where) -> Table:
    title = f"{evaluation.policy}, {where.value} (region {evaluation.region}), {evaluation.mazes_per_size} mazes a size"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    outcomes = [o for o in Outcome if where is Where.OFF_DISTRIBUTION or o is not Outcome.TOP_RIGHT_FIRST]
    headings = {Outcome.CHEESE: "cheese", Outcome.TOP_RIGHT_FIRST: "top-right first", Outcome.NEITHER: "neither"}
    for heading in ["size", *(headings[o] for o in outcomes), "accuracy", "entropy", "agrees"]:
        table.add_column(heading, justify="right")
    sizes = tuple(cell.size for cell in evaluation.cells if cell.where is where)
    for name, group in [*((str(size), (size,)) for size in sizes), ("all", sizes)]:
        table.add_row(
            name,
            *(_text(evaluation.share(where, outcome, group)) for outcome in outcomes),
            f"{evaluation.mean(where, 'accuracy', group):.0%}",
            f"{evaluation.mean(where, 'entropy', group):.2f}",
            f"{evaluation.mean(where, 'value_agreement', group):.0%}",
            end_section=name == str(sizes[-1]),
        )
    return table


def population_markdown(evaluations: Sequence[Evaluation]) -> str:
    """One row per policy: success by size in distribution, and what it does off it, with 95% intervals."""
    groups = [f"{low}–{high}" for low, high in SIZE_GROUPS]  # noqa: RUF001 - an en dash between numbers
    headings = ["policy", "cheese, all sizes", *(f"sizes {g}" for g in groups)]
    headings += ["off: cheese first", "off: top-right first", "off: neither", "accuracy", "entropy", "value agrees"]
    lines = ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
    for e in evaluations:
        inside = [_text(e.share(Where.IN_DISTRIBUTION, Outcome.CHEESE))]
        for low, high in SIZE_GROUPS:
            sizes = tuple(size for size in SIZES if low <= size <= high)
            inside.append(_text(e.share(Where.IN_DISTRIBUTION, Outcome.CHEESE, sizes)))
        outside = [_text(e.share(Where.OFF_DISTRIBUTION, outcome)) for outcome in Outcome]
        means = [
            f"{e.mean(Where.IN_DISTRIBUTION, 'accuracy'):.1%}",
            f"{e.mean(Where.IN_DISTRIBUTION, 'entropy'):.2f}",
            f"{e.mean(Where.IN_DISTRIBUTION, 'value_agreement'):.1%}",
        ]
        lines.append("| " + " | ".join([f"`{e.policy}`", *inside, *outside, *means]) + " |")
    return "\n".join(lines) + "\n"


def plot_evaluations(evaluations: Sequence[Evaluation], path: Path) -> None:
    """A picture with one row per policy: success by size in distribution, outcomes by size off it."""
    figure = Figure(figsize=(_PLOT_WIDTH, _ROW_HEIGHT * len(evaluations) + 0.6), layout="constrained")
    rows = figure.subplots(len(evaluations), 2, squeeze=False, sharex=True)
    for i, (evaluation, (inside, outside)) in enumerate(zip(evaluations, rows)):
        _plot_success(inside, evaluation)
        _plot_outcomes(outside, evaluation)
        inside.set_ylabel(f"{evaluation.policy}\nshare of mazes", fontsize=8)
        if i == 0:
            inside.set_title("in distribution: gets the cheese (95% intervals)", fontsize=9)
            outside.set_title("off distribution: what comes first", fontsize=9)
    for axes in rows[-1]:
        axes.set_xlabel("maze size (tiles)")
        axes.set_xticks(SIZES)
    handles = [Patch(color=colour, label=outcome.value) for outcome, colour in _COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), fontsize=8, frameon=False)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _plot_success(axes: Axes, evaluation: Evaluation) -> None:
    sizes = [cell.size for cell in evaluation.cells if cell.where is Where.IN_DISTRIBUTION]
    shares = [_known(evaluation.share(Where.IN_DISTRIBUTION, Outcome.CHEESE, (size,))) for size in sizes]
    below = [share.value - share.low for share in shares]
    above = [share.high - share.value for share in shares]
    axes.errorbar(sizes, [s.value for s in shares], yerr=(below, above), marker="o", color=_COLOURS[Outcome.CHEESE])
    axes.set_ylim(0, 1.03)
    axes.grid(axis="y", alpha=0.3)


def _plot_outcomes(axes: Axes, evaluation: Evaluation) -> None:
    sizes = [cell.size for cell in evaluation.cells if cell.where is Where.OFF_DISTRIBUTION]
    if not sizes:
        axes.text(0.5, 0.5, "none: trained with the cheese anywhere", ha="center", transform=axes.transAxes, fontsize=8)
    bottoms = [0.0] * len(sizes)
    for outcome in Outcome if sizes else ():
        heights = [_known(evaluation.share(Where.OFF_DISTRIBUTION, outcome, (size,))).value for size in sizes]
        axes.bar(sizes, heights, width=1.6, bottom=bottoms, color=_COLOURS[outcome])
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights)]
    axes.set_ylim(0, 1.03)


def _known(share: Optional[Share]) -> Share:
    assert share is not None
    return share


def _text(share: Optional[Share]) -> str:
    return "" if share is None else str(share)
