"""Records: verdicts written once are found again, others' are kept, and what must not be recorded is refused."""

import dataclasses
import datetime
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from interp_claims.records import KnownFailure, RecordError, Records
from interp_claims.results import ClaimResult, ControlResult

A, B = "claims/test_a.py::test_it[size]", "claims/test_b.py::test_it"
ONE, OTHER = "1" * 64, "2" * 64
RESULT = ClaimResult(
    claim=A,
    number=11,
    kind="sampled",
    sentence="It is so.",
    source="a source",
    policy="one",
    policy_sha256=ONE,
    verdict="supported",
    reason="control undecided: no-op",
    effect=0.123456789,
    interval=(0.1, 0.20000049),
    statement="mean at least 0.02",
    mazes=64,
    budget=1024,
    alpha=0.001,
    controls=(
        ControlResult("untrained", "null", "refuted", 0.0, (-0.1, 0.1), 64, True),
        ControlResult("no-op", "null", "undecided", None, None, 0, False),
    ),
    against=((5, 0.1),),
    seconds=3.5,
    reported="-0.4 in the source",
)


def result(claim=A, **changes):
    return dataclasses.replace(RESULT, claim=claim, **changes)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "fixtures" / "verdicts"


def test_a_verdict_that_was_written_is_found_again(folder):
    written = Records(folder).write([result(), result(B, verdict="refuted")])
    assert written == [folder / "one.json"]
    records = Records(folder)
    assert records.verdict(ONE, A) == "supported"
    assert records.verdict(ONE, B) == "refuted"


@pytest.mark.parametrize(("sha256", "claim"), [(OTHER, A), (ONE, B), (None, A), ("", A), (ONE, "")])
def test_what_was_never_written_has_no_verdict(folder, sha256, claim):
    assert Records(folder).verdict(sha256, claim) is None
    Records(folder).write([result()])
    assert Records(folder).verdict(sha256, claim) is None


def test_a_verdict_is_that_of_a_statement(folder):
    Records(folder).write([result()])
    records = Records(folder)
    assert records.verdict_of(ONE, A, "mean at least 0.02") == "supported"
    assert records.verdict_of(ONE, A, "mean at least 0.03") is None
    assert records.verdict_of(OTHER, A, "mean at least 0.02") is None


# -- known failures --------------------------------------------------------------------------------------------------

NOISE = KnownFailure("the network is narrow", datetime.date(2027, 5, 1))


def test_why_a_failure_is_accepted_stays_on_record_while_the_verdict_does(folder):
    Records(folder).write([result(verdict="refuted"), result(B)], NOISE)
    records = Records(folder)
    assert records.known_failure(ONE, A) == NOISE
    assert records.known_failure(ONE, B) is None, "what is supported is no failure"
    assert records.known_failure(OTHER, A) is None
    records.write([result(verdict="refuted", effect=0.05)])
    assert Records(folder).known_failure(ONE, A) == NOISE
    records.write([result(verdict="undecided")])
    assert Records(folder).known_failure(ONE, A) == KnownFailure(), "another verdict wants another reason"
    records.write([result(verdict="undecided")], NOISE)
    records.write([result()])
    assert "because" not in (folder / "one.json").read_text()


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        (("no-op",), ("no-op",), ""),
        (("no-op",), ("no-op", "untrained"), "other controls, without untrained"),
        (("no-op", "untrained"), ("no-op",), "other controls, with untrained"),
        (("no-op",), (), ""),
    ],
    ids=["the same", "one more", "one less", "none measured"],
)
def test_a_record_holds_only_for_the_controls_it_was_made_with(folder, before, now, difference):
    def with_controls(names):
        controls = tuple(ControlResult(name, "null", "refuted", 0.0, (-0.1, 0.1), 100, True) for name in names)
        return dataclasses.replace(result(), controls=controls)

    Records(folder).write([with_controls(before)])
    assert Records(folder).difference(with_controls(now)) == difference


def test_a_date_that_is_none_is_a_damaged_record(folder):
    Records(folder).write([result(verdict="refuted")], NOISE)
    path = folder / "one.json"
    path.write_text(path.read_text().replace("2027-05-01", "in May"))
    with pytest.raises(RecordError, match=r"one\.json: no readable record \(ValueError.*in May"):
        Records(folder)


def test_reading_makes_no_folder(folder):
    Records(folder).verdict(ONE, A)
    assert not folder.parent.exists()


def test_writing_replaces_the_verdicts_of_its_claims_and_keeps_the_others(folder):
    Records(folder).write([result(), result(B, verdict="refuted"), result(policy="other", policy_sha256=OTHER)])
    untouched = (folder / "other.json").read_bytes()
    assert Records(folder).write([result(B, verdict="undecided")]) == [folder / "one.json"]
    records = Records(folder)
    assert (records.verdict(ONE, A), records.verdict(ONE, B)) == ("supported", "undecided")
    assert (folder / "other.json").read_bytes() == untouched


def test_a_record_holds_what_a_reviewer_wants_to_see(folder):
    (path,) = Records(folder).write([result()])
    content = json.loads(path.read_text())
    assert (content["policy"], content["sha256"]) == ("one", ONE)
    assert content["claims"][A] == {
        "number": 11,
        "kind": "sampled",
        "sentence": "It is so.",
        "source": "a source",
        "reported": "-0.4 in the source",
        "verdict": "supported",
        "reason": "control undecided: no-op",
        "statement": "mean at least 0.02",
        "effect": 0.123457,
        "interval": [0.1, 0.2],
        "mazes": 64,
        "alpha": 0.001,
        "controls": {"untrained": "refuted", "no-op": "undecided"},
    }


def test_results_without_numbers_are_recorded_too(folder):
    (path,) = Records(folder).write([result(kind="universal", effect=None, interval=None, alpha=None, controls=())])
    entry = json.loads(path.read_text())["claims"][A]
    assert (entry["effect"], entry["interval"], entry["controls"]) == (None, None, {})


def test_the_same_results_are_the_same_bytes_whatever_their_order_and_the_time_they_took(folder, tmp_path):
    results = [result(), result(B), result(policy="other", policy_sha256=OTHER)]
    Records(folder).write(results)
    again = tmp_path / "again"
    Records(again).write([dataclasses.replace(r, seconds=99.0, effect=r.effect + 2e-8) for r in results[::-1]])
    for name in ("one.json", "other.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    Records(folder).write(results)
    assert (again / "one.json").read_bytes() == (folder / "one.json").read_bytes()
    text = (folder / "one.json").read_text()
    assert text.index(A) < text.index(B)
    assert text.endswith("}\n")


def test_two_policies_of_one_name_are_kept_apart(folder):
    Records(folder).write([result()])
    Records(folder).write([result(policy_sha256=OTHER, verdict="refuted")])
    assert sorted(path.name for path in folder.iterdir()) == [f"one-{OTHER[:12]}.json", "one.json"]
    records = Records(folder)
    assert (records.verdict(ONE, A), records.verdict(OTHER, A)) == ("supported", "refuted")
    Records(folder).write([result(B), result(B, policy_sha256=OTHER)])
    assert len(list(folder.iterdir())) == 2
    assert Records(folder).verdict(OTHER, A) == "refuted"


def test_two_policies_of_one_name_are_kept_apart_when_they_are_written_together(folder):
    Records(folder).write([result(policy_sha256=OTHER, verdict="refuted"), result()])
    records = Records(folder)
    assert (records.verdict(ONE, A), records.verdict(OTHER, A)) == ("supported", "refuted")


def test_a_renamed_policy_keeps_its_file(folder):
    Records(folder).write([result()])
    assert Records(folder).write([result(B, policy="renamed")]) == [folder / "one.json"]
    assert Records(folder).verdict(ONE, A) == "supported"


def test_records_know_what_they_wrote(folder):
    records = Records(folder)
    records.write([result()])
    assert records.verdict(ONE, A) == "supported"
    assert records.write([result(B)]) == [folder / "one.json"]
    assert Records(folder).verdict(ONE, A) == "supported"


def test_who_records_at_the_same_time_loses_nothing_of_the_other(folder):
    first, second = Records(folder), Records(folder)
    first.write([result()])
    second.write([result(B)])
    assert set(Records(folder).by_policy["one"]) == {A, B}


def test_many_who_record_at_once_lose_nothing(folder):
    claims = [f"claims/test_a.py::test_{i}" for i in range(24)]

    def record(claim):
        Records(folder).write([result(claim)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, claims))
    assert set(Records(folder).by_policy["one"]) == set(claims)
    assert [path.name for path in folder.iterdir()] == ["one.json"]


def test_everything_on_record_is_given_by_policy_and_claim(folder):
    assert Records(folder).by_policy == {}
    Records(folder).write([result(), result(B, verdict="refuted"), result(policy="other", policy_sha256=OTHER)])
    everything = Records(folder).by_policy
    assert {policy: set(claims) for policy, claims in everything.items()} == {"one": {A, B}, "other": {A}}
    assert everything["one"][B]["verdict"] == "refuted"
    assert everything["one"][A] == everything["other"][A]
    assert everything["one"][A]["reported"] == "-0.4 in the source"


def test_claims_about_no_policy_are_not_recorded(folder):
    assert Records(folder).write([result(policy=None, policy_sha256=None)]) == []
    assert not list(folder.glob("*"))


def test_an_exploratory_result_is_refused_and_nothing_is_written(folder):
    with pytest.raises(RecordError) as error:
        Records(folder).write([result(), result(B, exploratory=True), result("c", exploratory=True)])
    assert str(error.value) == (
        f"2 results are exploratory (run with --max-mazes, --alpha, --precision or --mutant), the first {B}; run them "
        "again with the registered budget and error rate"
    )
    assert not folder.exists()


def damaged(**changes):
    content = {"format": 1, "policy": "one", "sha256": ONE, "engine": "1", "claims": {A: {"verdict": "supported"}}}
    return json.dumps({name: value for name, value in {**content, **changes}.items() if value is not None})


def test_a_whole_record_is_read(folder):
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(damaged())
    assert Records(folder).verdict(ONE, A) == "supported"


@pytest.mark.parametrize(
    "text",
    [
        "",
        damaged()[:-10],
        "[]",
        "1",
        "null",
        damaged(format=None),
        damaged(sha256=None),
        damaged(claims=None),
        damaged(claims=[A]),
        damaged(claims={A: "supported"}),
        damaged(claims={A: {"effect": 1}}),
    ],
)
def test_a_file_that_is_no_record_is_named(folder, text):
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(text)
    with pytest.raises(RecordError) as error:
        Records(folder)
    assert str(error.value).startswith(f"{folder / 'one.json'}: no readable record (")
    assert str(error.value).endswith("); restore it or record it anew")


def test_a_record_of_another_format_is_named(folder):
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(damaged(format=2))
    with pytest.raises(RecordError) as error:
        Records(folder)
    assert str(error.value) == f"{folder / 'one.json'}: has format 2, wanted 1; record it anew"


def test_other_files_in_the_folder_do_no_harm(folder):
    Records(folder).write([result()])
    (folder / "README.md").write_text("Records.")
    (folder / "one.jsonabc.tmp").write_text("{")
    assert Records(folder).verdict(ONE, A) == "supported"


def test_a_reason_is_written_beside_verdicts_on_record_by_name_and_policy(folder):
    other = {"policy": "other", "policy_sha256": OTHER}
    Records(folder).write([result(verdict="refuted"), result(B, verdict="refuted"), result(verdict="refuted", **other)])
    Records(folder).write([result("claims/test_c.py::test_it", **other)])
    known = KnownFailure("no cheese in training", datetime.date(2027, 6, 1))
    before = json.loads((folder / "one.json").read_text())
    assert Records(folder).explain("test_it[size]", "o*", known) == [("one", A), ("other", A)]
    after = json.loads((folder / "one.json").read_text())
    assert after["claims"].pop(A) == {
        **before["claims"].pop(A), "because": "no cheese in training", "review_by": "2027-06-01"
    }  # fmt: skip
    assert after == before, "the rest is as it was"
    assert Records(folder).known_failure(OTHER, A) == known
    assert Records(folder).explain("test_*", "one", KnownFailure("anew")) == [("one", A), ("one", B)]
    assert Records(folder).known_failure(ONE, A) == KnownFailure("anew"), "in the place of what was"
    with pytest.raises(
        RecordError, match="no verdict 'undecided' on record for claims like 'test_it' on policies like"
    ):
        Records(folder).explain("test_it", "*", known, "undecided")
    with pytest.raises(RecordError, match="no such folder"):
        Records(folder / "none").explain("*", "*", known)


def test_every_refuted_claim_on_record_has_a_reason():
    records = Records(Path(__file__).parents[1] / "fixtures" / "verdicts").by_policy
    without = [
        f"{claim} on {policy}"
        for policy, claims in records.items()
        for claim, entry in claims.items()
        if entry["verdict"] == "refuted" and not entry.get("because")
    ]
    assert records
    assert not without, "say why, with interp-claims explain --because"
