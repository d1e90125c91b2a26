"""Evaluations as tables and as a plot: the numbers are there, in their places."""

import io

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from interp_claims.mazes import SIZES
from interp_claims.measures.evaluation import Cell, Evaluation, Outcome, Share, Where, cells_wanted
from interp_claims.report.evaluation import evaluation_tables, plot_evaluations, population_markdown

IN, OFF = Where.IN_DISTRIBUTION, Where.OFF_DISTRIBUTION


def evaluation(region=5, name="mine"):
    """Twenty mazes in each cell; the larger, the fewer cheeses. Off the distribution, five go to the corner first."""
    cells = []
    for where, size in cells_wanted(region):
        cheese, corner = (20 - (size - 1) // 2, 0) if where is IN else (3, 5)
        outcomes = {Outcome.CHEESE: cheese, Outcome.TOP_RIGHT_FIRST: corner, Outcome.NEITHER: 20 - cheese - corner}
        inside = where is IN
        cells.append(Cell(where, size, outcomes, 80, *((0.875, 0.25, 0.625) if inside else (0.375, 0.75, 0.125))))
    return Evaluation(name, "1" * 64, 4, region, 20, tuple(cells))


def printed(tables):
    console = Console(width=140, file=io.StringIO())
    for table in tables:
        console.print(table)
    return console.file.getvalue().splitlines()


def rows_of(lines):
    return [line.split() for line in lines if line.split() and line.split()[0] in {*map(str, SIZES), "all"}]


def cells_of(line):
    assert line.startswith("| ")
    assert line.endswith(" |")
    return [part.strip() for part in line[1:-1].split("|")]


# -- tables for the terminal ---------------------------------------------------------------------------------------


def test_each_size_has_its_row_and_the_last_is_for_all():
    inside, outside = evaluation_tables(evaluation())
    assert [row[0] for row in rows_of(printed([inside]))] == [*map(str, SIZES), "all"]
    assert [row[0] for row in rows_of(printed([outside]))] == [*map(str, SIZES[2:]), "all"]


def test_a_row_holds_shares_with_intervals_and_means():
    inside, outside = (printed([table]) for table in evaluation_tables(evaluation()))
    assert " ".join(rows_of(inside)[0]) == "3 95% [76, 99] 5% [1, 24] 88% 0.25 62%"
    assert " ".join(rows_of(outside)[0]) == "7 15% [5, 36] 25% [11, 47] 60% [39, 78] 38% 0.75 12%"
    total = sum(20 - (size - 1) // 2 for size in SIZES)
    shares = [Share.out_of(n, 240) for n in (total, 240 - total)]
    assert " ".join(rows_of(inside)[-1]) == f"all {shares[0]} {shares[1]} 88% 0.25 62%"


def test_a_table_says_whose_it_is_and_what_its_columns_are():
    inside, outside = (printed([table]) for table in evaluation_tables(evaluation()))
    assert inside[0].strip() == "mine, in distribution (region 5), 20 mazes a size"
    assert outside[0].strip() == "mine, off distribution (region 5), 20 mazes a size"
    assert inside[2].split() == ["size", "cheese", "neither", "accuracy", "entropy", "agrees"]
    assert outside[2].split() == ["size", "cheese", "top-right", "first", "neither", "accuracy", "entropy", "agrees"]


def test_a_policy_trained_with_the_cheese_anywhere_has_one_table():
    (table,) = evaluation_tables(evaluation(region=25))
    assert "in distribution (region 25)" in printed([table])[0]


# -- the table of the population -----------------------------------------------------------------------------------


def test_every_row_of_the_markdown_table_has_a_cell_for_every_heading():
    text = population_markdown([evaluation(), evaluation(region=25, name="other"), evaluation(region=1, name="third")])
    assert text.endswith("|\n")
    head, rule, *rows = text.splitlines()
    assert set(rule) == {"|", "-"}
    assert rule.count("---") == len(cells_of(head))
    assert [len(cells_of(row)) for row in rows] == [len(cells_of(head))] * 3
    assert [cells_of(row)[0] for row in rows] == ["`mine`", "`other`", "`third`"]


def test_the_numbers_of_a_markdown_row_stand_under_their_headings():
    head, _, row = population_markdown([evaluation()]).splitlines()
    got = dict(zip(cells_of(head), cells_of(row)))
    cheeses = {size: 20 - (size - 1) // 2 for size in SIZES}

    def share(low, high):
        sizes = [size for size in SIZES if low <= size <= high]
        return str(Share.out_of(sum(cheeses[size] for size in sizes), 20 * len(sizes)))

    assert got == {
        "policy": "`mine`",
        "cheese, all sizes": share(3, 25),
        "sizes 3–11": share(3, 11),  # noqa: RUF001 - en dashes between numbers
        "sizes 13–19": share(13, 19),  # noqa: RUF001
        "sizes 21–25": share(21, 25),  # noqa: RUF001
        "off: cheese first": str(Share.out_of(30, 200)),
        "off: top-right first": str(Share.out_of(50, 200)),
        "off: neither": str(Share.out_of(120, 200)),
        "accuracy": "87.5%",
        "entropy": "0.25",
        "value agrees": "62.5%",
    }


def test_what_a_policy_has_nothing_of_is_left_empty():
    head, _, row = population_markdown([evaluation(region=25)]).splitlines()
    got = dict(zip(cells_of(head), cells_of(row)))
    assert {name for name, text in got.items() if not text} == {
        "off: cheese first", "off: top-right first", "off: neither"
    }  # fmt: skip


# -- the plot ------------------------------------------------------------------------------------------------------


def heights(axes):
    """The bars of a plot, from the bottom up: their heights by size."""
    return [[round(bar.get_height(), 6) for bar in bars] for bars in axes.containers]


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved."""
    kept = []

    def figure(**options):
        kept.append(Figure(**options))
        return kept[-1]

    monkeypatch.setattr("interp_claims.report.evaluation.Figure", figure)
    return kept


@pytest.mark.parametrize("regions", [(5,), (25,), (5, 25, 1)], ids=str)
def test_a_plot_is_a_png_with_a_row_for_every_policy(tmp_path, figures, regions):
    path = tmp_path / "evaluation.png"
    plot_evaluations([evaluation(region, f"policy {region}") for region in regions], path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (figure,) = figures
    assert len(figure.axes) == 2 * len(regions)
    assert [axes.get_ylabel().splitlines()[0] for axes in figure.axes[::2]] == [f"policy {r}" for r in regions]


def test_a_plot_shows_shares_of_cheese_by_size_and_outcomes_that_add_up(tmp_path, figures):
    plot_evaluations([evaluation()], tmp_path / "evaluation.png")
    inside, outside = figures[0].axes
    x, y = inside.lines[0].get_data()
    assert list(x) == list(SIZES)
    assert list(y) == pytest.approx([(20 - (size - 1) // 2) / 20 for size in SIZES])
    assert heights(outside) == [[0.15] * 10, [0.25] * 10, [0.6] * 10]
    tops = [bar.get_y() + bar.get_height() for bar in outside.containers[-1]]
    assert tops == pytest.approx([1.0] * 10)
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == [outcome.value for outcome in Outcome]


def test_where_there_is_nothing_off_the_distribution_the_plot_says_why(tmp_path, figures):
    plot_evaluations([evaluation(region=25)], tmp_path / "evaluation.png")
    _, outside = figures[0].axes
    assert [text.get_text() for text in outside.texts] == ["none: trained with the cheese anywhere"]
    assert heights(outside) == []
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == [outcome.value for outcome in Outcome]


def test_the_same_evaluations_give_the_same_picture(tmp_path):
    for name in ("a.png", "b.png"):
        plot_evaluations([evaluation()], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
