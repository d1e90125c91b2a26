"""Counts of verdicts with a known truth: what counts as an error, and when there are too many."""

from interp_claims.proof.counts import Counts, counts_markdown


def test_what_counts_as_an_error_depends_on_the_truth():
    verdicts = ["supported"] * 2 + ["refuted"] + ["undecided"] * 6 + ["not evaluated"]
    below, at, above = (Counts.of(truth, verdicts) for truth in (-0.1, 0.0, 0.1))
    assert (at.runs, at.supported, at.refuted, at.undecided) == (10, 2, 1, 7)
    assert below.errors == {"supported": 2}
    assert at.errors == {"supported": 2, "refuted": 1}
    assert above.errors == {"refuted": 1}


def test_errors_are_too_many_only_beyond_what_chance_explains():
    """Of 100 runs at a rate of .001, two come with a probability of .005, one with .1."""
    assert not Counts(0.0, 100, 1, 1).too_many(0.001)
    assert Counts(0.0, 100, 2, 1).too_many(0.001) == ["supported"]
    assert Counts(0.1, 100, 100, 2).too_many(0.001) == ["refuted"]


def test_the_table_gives_every_share_with_its_interval():
    table = counts_markdown([("0 or 1", Counts(-0.05, 100, 0, 99)), ("smooth", Counts(0.0, 10, 0, 0))])
    assert table.splitlines()[2] == (
        "| 0 or 1 | −0.05 | 100 | 0 [0.000%, 5.160%] | 99 [92.804%, 99.995%] | 1 [0.005%, 7.196%] |"  # noqa: RUF001
    )
    assert table.splitlines()[3].startswith("| smooth | 0 | 10 | ")
