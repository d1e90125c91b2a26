"""Claims x mutants: what counts as killed, which survivors are explained, and the reviewed list."""

from pathlib import Path

import pytest

from interp_claims.proof.matrix import (
    Cell,
    Survivor,
    SurvivorsError,
    cells_dict,
    cells_markdown,
    cells_of,
    read_survivors,
    share_killed,
    unexplained,
)
from interp_claims.proof.mutants import MUTANTS, UNCHANGED
from interp_claims.results import ClaimResult

REVIEWED = Path(__file__).parents[2] / "claims" / "mutants.toml"


def result(claim, verdict, reason="", effect=0.25):
    return ClaimResult(f"claims/test_x.py::{claim}", 1, "sampled", "It is so.", "", "p", "0", verdict, reason, effect)


BY_MUTANT = {
    UNCHANGED: [result("test_a[x-size]", "supported"), result("test_b", "supported"), result("test_c", "refuted")],
    "negated": [result("test_a[x-size]", "refuted"), result("test_b", "supported"), result("test_c", "supported")],
    "no-op": [
        result("test_a[x-size]", "undecided"),
        result("test_b", "not evaluated", "NothingToMutateError: test_b: gives the policy no edit", None),
    ],
}
WHY = Survivor("test_b", "negated", "It has no sign.")


def states(cells):
    return [(cell.claim.split("::")[1], cell.mutant, cell.state) for cell in cells]


def test_a_mutant_is_killed_when_a_supported_claim_comes_to_another_verdict():
    assert states(cells_of(BY_MUTANT, [])) == [
        ("test_a[x-size]", "no-op", "killed"),
        ("test_a[x-size]", "negated", "killed"),
        ("test_b", "no-op", "not applicable"),
        ("test_b", "negated", "survived"),
    ]


IMPOSSIBLE = {
    UNCHANGED: [result("test_b", "supported")],
    "no-op": [result("test_b", "not evaluated", "EffectError: ratio: the denominator is 0", None)],
    "negated": [result("test_b", "refuted")],
}


def test_a_measurement_that_a_mutant_makes_impossible_is_an_error_and_no_kill():
    cells = cells_of(IMPOSSIBLE, [])
    assert states(cells) == [("test_b", "no-op", "error"), ("test_b", "negated", "killed")]
    assert not unexplained(cells), "the message says why"
    assert share_killed(cells) == 0.5
    text = cells_markdown("p", cells)
    assert "1 mutants killed (50.0%), 0 survived (0 unexplained), 1 ended in an error." in text
    assert "| b | error | ✔ refuted +0.250 |  |  |  |  |" in text
    assert "| b | no-op | EffectError: ratio: the denominator is 0 |" in text
    assert cells_dict("p", cells)["counts"] == {"error": 1, "killed": 1}


def test_what_a_mutant_does_not_concern_is_not_counted():
    assert share_killed(cells_of(BY_MUTANT, [WHY])) == pytest.approx(2 / 3)
    assert share_killed([]) == 0


BESIDE = {
    UNCHANGED: [result("test_a", "supported"), result("test_b", "supported"), result("test_c", "supported")],
    "no-op": [
        result("test_a", "not evaluated", "BesideTheClaimError: test_a: says that little changes", None),
        result("test_b", "refuted"),
        result("test_c", "not evaluated", "NothingToMutateError: test_c: gives the policy no edit", None),
    ],
    "overdone": [
        result("test_a", "refuted"),
        result("test_b", "not evaluated", "BesideTheClaimError: test_b: says that something changes", None),
        result("test_c", "not evaluated", "BesideTheClaimError: test_c: says that something changes", None),
    ],
}


def test_what_is_beside_the_point_of_a_claim_is_not_counted_and_the_table_says_why():
    cells = cells_of(BESIDE, [])
    assert share_killed(cells) == 1
    assert not unexplained(cells)
    text = cells_markdown("p", cells)
    assert "| a | n/a |  |  |  |  | ✔ refuted +0.250 |" in text
    assert "| b | ✔ refuted +0.250 |  |  |  |  | n/a |" in text
    assert "| c |" not in text, "no mutant concerns it"
    whys = "says that little changes (1); or it says that something changes (1)"
    assert text.endswith(f"n/a is not counted (cells): the claim {whys}.\n")


def test_survivors_without_a_reason_are_told():
    assert [cell.claim for cell in unexplained(cells_of(BY_MUTANT, []))] == ["claims/test_x.py::test_b"]
    explained = cells_of(BY_MUTANT, [WHY])
    assert not unexplained(explained)
    assert [cell.why for cell in explained if cell.state == "survived"] == ["It has no sign."]


@pytest.mark.parametrize(
    ("claim", "mutant", "explained"),
    [
        ("test_b", "negated", True),
        ("test_b", "no-op", False),
        ("test_bb", "negated", False),
        ("test_b[x]", "negated", False),
        ("test_c[x-size]", "negated", True),
        ("test_c", "negated", False),
        ("test_d[0]", "negated", True),
        ("test_d[1]", "negated", False),
    ],
)
def test_a_reason_is_for_claims_and_a_mutant_by_name(claim, mutant, explained):
    whys = [Survivor(name, "negated", "so") for name in ("test_b", "test_c[*]", "test_d[0]")]
    assert any(why.explains(f"claims/test_x.py::{claim}", mutant) for why in whys) == explained


def test_the_table_shows_kills_survivors_and_reasons():
    text = cells_markdown("p", cells_of(BY_MUTANT, [WHY]))
    assert "2 mutants killed (66.7%), 1 survived (0 unexplained), 0 ended in an error." in text
    assert "| a[x-size] | ✔ undecided +0.250 | ✔ refuted +0.250 |  |  |  |  |" in text
    assert "| b |  | survived: supported +0.250 |  |  |  |  |" in text
    assert "| b | negated | It has no sign. |" in text
    assert "**not explained**" in cells_markdown("p", cells_of(BY_MUTANT, []))
    assert cells_dict("p", cells_of(BY_MUTANT, []))["counts"] == {"killed": 2, "survived": 1, "not applicable": 1}


def test_a_list_that_names_no_mutant_is_refused(tmp_path):
    path = tmp_path / "mutants.toml"
    path.write_text('[[survivor]]\nclaim = "a"\nmutant = "upside-down"\nwhy = "so"\n')
    with pytest.raises(SurvivorsError, match=r"names the mutants \['upside-down'\], wanted \["):
        read_survivors(path)
    path.write_text('[[survivor]]\nclaim = "a"\n')
    with pytest.raises(SurvivorsError, match="no readable list of survivors"):
        read_survivors(path)


def test_the_reviewed_list_can_be_read_and_gives_reasons():
    for survivor in read_survivors(REVIEWED):
        assert survivor.mutant in MUTANTS
        assert len(survivor.why.split()) > 4, survivor


def test_cells_are_plain_values():
    cell = Cell("a", "negated", "killed", "refuted", "")
    assert cells_dict("p", [cell])["cells"][0]["state"] == "killed"
