"""The closing table: everything that matters, in whatever width there is."""

import dataclasses
import re
from collections import Counter

import pytest

from interp_claims.outcomes import outcome_of
from interp_claims.report.terminal import closing_table
from interp_claims.results import ClaimResult, ControlResult

RESULT = ClaimResult(
    claim="claims/test_cheese_vector.py::test_subtracting_the_cheese_vector_lowers_p_cheese[size]",
    number=11,
    kind="sampled",
    sentence="Subtracting a maze's own cheese vector lowers P(cheese) at its decision square.",
    source="a source",
    policy="region5-seed0-bootstrap",
    policy_sha256="1" * 64,
    verdict="supported",
    effect=0.66123,
    interval=(0.5412, 0.7654),
    statement="mean at least 0.384",
    mazes=1024,
    budget=1024,
    alpha=0.001,
    controls=(
        ControlResult("untrained", "null", "refuted", 0.0, (-0.1, 0.1), 475, True),
        ControlResult("another maze's vector", "contrast", "supported", 0.5, (0.4, 0.6), 96, True),
    ),
)
UNIVERSAL = ClaimResult(
    claim="claims/test_identities.py::test_the_no_op_edit_changes_no_logit",
    number=None,
    kind="universal",
    sentence="An edit that changes nothing leaves every logit as it was.",
    source="a source",
    policy=None,
    policy_sha256=None,
    verdict="refuted",
    statement="held on every maze tried",
    mazes=50,
)
HEADINGS = ["claim", "policy", "effect", "interval", "wanted", "mazes", "verdict", "controls"]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def table(*results, width=150, colour=False, recorded=None):
    return closing_table([(r, outcome_of(r, recorded, False)) for r in results], width=width, colour=colour)


def letters(*texts):
    """How often each character stands in some texts, spaces and rules left out."""
    return Counter(letter for letter in "".join(texts) if letter not in " \n─")


def test_a_wide_table_has_a_column_for_each_thing_worth_knowing():
    lines = table(RESULT).splitlines()
    assert lines[0].split() == HEADINGS
    assert all(len(line) <= 150 for line in lines)
    for part in (
        "subtracting the cheese",
        "region5-seed0-bootstrap",
        "+0.661",
        "[+0.541, +0.765]",
        "mean at least 0.384",
        "1024",
        "supported",
        "untrained: refuted",
    ):
        assert part in lines[2], part
    assert lines[3].startswith("vector lowers p")
    assert lines[3].endswith("another maze's vector:")


def test_every_result_has_its_row_in_the_order_given():
    lines = table(UNIVERSAL, RESULT, dataclasses.replace(UNIVERSAL, policy="two")).splitlines()
    rows = [line for line in lines if "no op edit" in line or "subtracting" in line]
    assert ["no op edit" in row for row in rows] == [True, False, True]
    assert "two" in rows[2]
    assert "two" not in rows[0]


def test_what_was_not_measured_is_left_empty():
    row = table(UNIVERSAL).splitlines()[2]
    assert "None" not in row
    assert re.search(r"the no op edit changes no logit\s+held on every maze tried\s+50\s+refuted$", row)


def test_the_verdict_is_that_of_the_outcome():
    assert "refuted, as recorded" in table(UNIVERSAL, recorded="refuted")


@pytest.mark.parametrize("width", [150, 100, 80])
@pytest.mark.parametrize("result", [RESULT, UNIVERSAL], ids=["sampled", "universal"])
def test_texts_are_broken_into_lines_where_there_is_little_room_and_none_is_lost(result, width):
    result = dataclasses.replace(result, policy=RESULT.policy, controls=RESULT.controls)
    text = table(result, width=width)
    assert max(map(len, text.splitlines())) <= width
    name = result.claim.split("::test_")[1].replace("_", " ")
    numbers = "+0.661[+0.541,+0.765]" if result.effect else ""
    controls = "untrained: refuted", "another maze's vector: beaten"
    cells = name, RESULT.policy, numbers, result.statement, str(result.mazes), result.verdict, *controls
    assert letters(text) == letters(*HEADINGS, *cells)


def test_the_name_of_a_policy_is_shown_as_it_is():
    assert "model[final]" in table(dataclasses.replace(RESULT, policy="model[final]"))


@pytest.mark.parametrize(
    ("verdict", "code"), [("supported", "32"), ("refuted", "31"), ("undecided", "33"), ("not evaluated", "35")]
)
def test_colours_tell_the_verdicts_apart_and_are_left_out_where_none_are_wanted(verdict, code):
    result = dataclasses.replace(RESULT, verdict=verdict)
    coloured, plain = (table(result, colour=colour) for colour in (True, False))
    assert f"\x1b[{code}m{verdict}" in coloured
    assert "\x1b" not in plain
    assert [line.rstrip() for line in COLOURS.sub("", coloured).splitlines()] == plain.splitlines()


def test_lines_do_not_end_in_spaces():
    assert all(line == line.rstrip() for line in table(RESULT, UNIVERSAL).splitlines())
