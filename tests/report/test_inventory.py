"""The inventory as a table: a row per claim, a column per policy, and what is decided elsewhere."""

import pytest

from interp_claims.report.inventory import InventoryError, inventory_markdown, read_elsewhere

NOT_EVALUATED = "–"  # noqa: RUF001


def entry(**changes):
    return {
        "number": 11,
        "sentence": "It is so.",
        "source": "A post, “Section”",
        "reported": "-0.4",
        "statement": "mean at least 0.02",
        "verdict": "supported",
        "effect": 0.12345,
        "interval": [0.1, 0.2],
        "mazes": 64,
        **changes,
    }


def cells(line):
    assert line.startswith("| ") and line.endswith(" |")
    return line[2:-2].split(" | ")


def rows(by_policy, elsewhere=None):
    text = inventory_markdown(by_policy, elsewhere or {})
    assert text.endswith("|\n")
    counts, _, table = text.partition("\n\n")
    assert [line.split("`")[1] for line in counts.splitlines()] == list(by_policy)
    return table.splitlines()


def test_above_the_table_stands_how_many_claims_came_to_what():
    claims = {
        f"claims/test_a.py::test_{i}": entry(verdict=v) for i, v in enumerate(["supported", "refuted", "supported"])
    }
    counted = inventory_markdown({"one": {**claims, "claims/test_a.py::test_none": entry(number=None)}}, {})
    assert counted.startswith("- `one`: 2 supported, 1 refuted, 0 undecided, 0 not evaluated\n\n| #")


def test_a_claim_has_one_row_with_what_each_policy_came_to():
    claim = "claims/test_cheese_vector.py::test_it_is_so"
    refuted = entry(verdict="refuted", effect=-0.1, interval=[-0.2, 0.0], mazes=128)
    head, line, row = rows({"one": {claim: entry()}, "two": {claim: refuted}, "three": {}})
    assert cells(head) == ["#", "claim", "source", "reported", "wanted", "`one`", "`two`", "`three`"]
    assert line == "|---" * 8 + "|"
    assert cells(row) == [
        "11",
        "It is so.<br>`it_is_so`",
        "A post, “Section”",
        "-0.4",
        "mean at least 0.02",
        "✔ supported +0.123 [+0.100, +0.200] n=64",
        "✘ refuted -0.100 [-0.200, +0.000] n=128",
        "",
    ]


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ({"verdict": "undecided"}, "? undecided +0.123 [+0.100, +0.200] n=64"),
        ({"verdict": "not evaluated", "effect": None, "interval": None}, f"{NOT_EVALUATED} not evaluated"),
        ({"effect": None}, "✔ supported"),
        ({"interval": None}, "✔ supported"),
    ],
)
def test_a_verdict_without_numbers_stands_alone(changes, cell):
    *_, row = rows({"one": {"claims/test_a.py::test_it": entry(**changes)}})
    assert cells(row)[-1] == cell


def test_rows_are_in_the_order_of_the_numbers_and_then_of_the_claims():
    claims = {
        "claims/test_b.py::test_late": entry(number=11),
        "claims/test_a.py::test_early[size]": entry(number=2),
        "claims/test_a.py::test_early[direction]": entry(number=2, statement="mean at least 0.01"),
        "claims/test_z.py::test_tenth": entry(number=10),
    }
    elsewhere = {2: [{"claim": "A part of 2.", "why": "No such network."}], 4: [{"claim": "All of 4.", "why": "None."}]}
    _, _, *lines = rows({"one": claims}, elsewhere)
    assert [cells(line)[:2] for line in lines] == [
        ["2", "It is so. *(direction)*<br>`early`"],
        ["2", "It is so. *(size)*<br>`early`"],
        ["2", "A part of 2."],
        ["4", "All of 4."],
        ["10", "It is so.<br>`tenth`"],
        ["11", "It is so.<br>`late`"],
    ]
    assert cells(lines[2]) == ["2", "A part of 2.", "", "", "No such network.", ""]


def test_claims_without_a_number_have_no_place_in_the_inventory():
    without = {key: value for key, value in entry().items() if key != "number"}
    claims = {"claims/test_a.py::test_old": without, "claims/test_a.py::test_none": entry(number=None)}
    assert len(rows({"one": claims})) == 2


def test_a_claim_that_one_policy_alone_has_is_shown_for_it_alone():
    lines = rows({"one": {}, "two": {"claims/test_a.py::test_it": entry()}})
    assert cells(lines[2])[-2:] == ["", "✔ supported +0.123 [+0.100, +0.200] n=64"]


def test_bars_and_line_breaks_do_not_break_the_table():
    *_, row = rows({"one": {"claims/test_a.py::test_it": entry(sentence="P(a|b)\nis large.")}})
    assert row.startswith("| 11 | P(a\\|b) is large.<br>`it` | ")
    assert row.count("\n") == 0


def test_what_a_record_of_an_older_version_lacks_stays_empty():
    old = {key: value for key, value in entry().items() if key != "reported"}
    *_, row = rows({"one": {"claims/test_a.py::test_it": old}})
    assert cells(row)[3] == ""


# -- decided elsewhere -----------------------------------------------------------------------------------------------


def test_claims_decided_elsewhere_are_read_by_number(tmp_path):
    path = tmp_path / "elsewhere.toml"
    path.write_text(
        """
        [[elsewhere]]
        number = 18
        claim = "One."
        why = "Because."
        [[elsewhere]]
        number = 2
        claim = "Two."
        why = "So."
        [[elsewhere]]
        number = 18
        claim = "Three."
        why = "Also."
        """
    )
    assert read_elsewhere(path) == {
        18: [{"claim": "One.", "why": "Because."}, {"claim": "Three.", "why": "Also."}],
        2: [{"claim": "Two.", "why": "So."}],
    }


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "elsewhere = 3",
        "elsewhere = ['a']",
        "[[elsewhere]]\nclaim = 'x'\nwhy = 'y'",
        "[[elsewhere]]\nnumber = 1\nclaim = 'x'",
        "[[elsewhere]]\nnumber = 'one'\nclaim = 'x'\nwhy = 'y'",
        "<<<<<<< HEAD",
    ],
)
def test_a_list_that_cannot_be_read_is_named(tmp_path, text):
    path = tmp_path / "elsewhere.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InventoryError) as error:
        read_elsewhere(path)
    assert str(error.value).startswith(f"{path}: no readable list of claims decided elsewhere (")
    assert str(error.value).endswith("); restore it")
