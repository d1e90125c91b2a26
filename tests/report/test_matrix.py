"""Claims x policies: every cell in its place, counts over seeds and nothing said about all networks."""

import dataclasses

import pytest

from interp_claims.report.matrix import Matrix, matrix_table
from interp_claims.results import ClaimResult

RESULT = ClaimResult(
    claim="claims/test_b.py::test_it_is_so[size]",
    number=11,
    kind="sampled",
    sentence="It is so.",
    source="a source",
    policy="region5-seed0-scale2",
    policy_sha256="1" * 64,
    verdict="supported",
    effect=0.54321,
)
SEEDS_OF = {"region5-seed0-scale2": "five", "region5-seed1-scale2": "five", "region1-seed0-scale2": "one", "mine": ""}


def result(claim, policy, verdict="supported", effect=0.5):
    return dataclasses.replace(RESULT, claim=claim, policy=policy, verdict=verdict, effect=effect)


@pytest.fixture
def matrix():
    rows = [
        result("c::test_a", "region5-seed1-scale2", "refuted", -0.25),
        result("c::test_a", "region5-seed0-scale2"),
        result("c::test_a", "region1-seed0-scale2", "undecided", None),
        result("c::test_b", "region5-seed0-scale2"),
        result("c::test_c", None),
    ]
    return Matrix.of(rows, SEEDS_OF, ("all", "region5-seed0-scale2", "region5-seed1-scale2"))


def test_policies_stand_in_the_order_asked_for_and_others_follow(matrix):
    assert matrix.policies == ("region5-seed0-scale2", "region5-seed1-scale2", "region1-seed0-scale2")
    assert matrix.claims == ("c::test_a", "c::test_b"), "a claim about no policy has no row"


def test_every_verdict_is_in_its_cell(matrix):
    assert matrix.verdict("c::test_a", "region5-seed1-scale2") == "refuted"
    assert matrix.verdict("c::test_a", "region1-seed0-scale2") == "undecided"
    assert matrix.verdict("c::test_b", "region1-seed0-scale2") is None


def test_seeds_are_counted_where_there_are_two_or_more(matrix):
    assert matrix.seeds == {"five": ("region5-seed0-scale2", "region5-seed1-scale2")}
    assert matrix.counts("c::test_a", "five") == {"supported": 1, "refuted": 1}
    assert matrix.counts("c::test_b", "five") == {"supported": 1}, "what was not run is not counted"


def test_policies_that_are_no_seeds_of_anything_are_never_counted_together():
    rows = [result("c::test_a", "mine"), result("c::test_a", "yours")]
    assert Matrix.of(rows, SEEDS_OF).seeds == {}


def test_the_table_shows_verdict_effect_and_counts(matrix):
    text = matrix_table(matrix, width=150, colour=False)
    rows = [line.split() for line in text.splitlines()]
    assert ["a", "supported", "refuted", "undecided", "supported", "1", "of", "2"] in rows
    assert ["+0.500", "-0.250", "refuted", "1", "of", "2"] in rows
    assert ["b", "supported", "not", "run", "not", "run", "supported", "1", "of", "2"] in rows
    assert "\x1b" not in text


def test_a_claims_threshold_is_part_of_its_name():
    text = matrix_table(Matrix.of([RESULT], SEEDS_OF), width=150, colour=False)
    assert "it is so[size]" in text


def test_claims_are_in_one_order_whatever_was_done_first():
    rows = [result(claim, "mine") for claim in ("c::test_b", "c::test_a[size]", "c::test_a[direction]")]
    assert Matrix.of(rows, {}).claims == ("c::test_a[direction]", "c::test_a[size]", "c::test_b")


def test_eight_policies_fit_into_the_width_of_a_plain_terminal():
    names = [f"region{region}-seed{seed}-scale2" for region in (1, 5, 15, 25) for seed in (0, 1)]
    text = matrix_table(Matrix.of([result("c::test_a", n) for n in names], {}), width=150, colour=False)
    assert ["a", *["supported"] * 8] in [line.split() for line in text.splitlines()]


def test_the_json_holds_the_same(matrix):
    assert matrix.to_dict() == {
        "policies": list(matrix.policies),
        "seeds": {"five": ["region5-seed0-scale2", "region5-seed1-scale2"]},
        "claims": [
            {
                "claim": "c::test_a",
                "verdicts": {
                    "region5-seed0-scale2": "supported",
                    "region5-seed1-scale2": "refuted",
                    "region1-seed0-scale2": "undecided",
                },
                "counts": {"five": {"supported": 1, "refuted": 1}},
            },
            {
                "claim": "c::test_b",
                "verdicts": {"region5-seed0-scale2": "supported"},
                "counts": {"five": {"supported": 1}},
            },
        ],
    }
