"""The ledger: what happened stays, and every way of changing it is noticed."""

import errno
import json
import os

import pytest

from interp_claims.cli import main
from interp_claims.files import FileError
from interp_claims.prereg import Ledger, LedgerError, PredictionError, TamperedError, block_of, sha256_of
from interp_claims.prereg import ledger as ledger_module
from interp_claims.prereg.sealing import canonical

OUTCOME = {"policy": "one", "policy_sha256": "a" * 64, "verdict": "supported", "effect": 0.5, "interval": [0.4, 0.6]}
WHY = {
    "by": "x",
    "on": "2023-03-11",
    "sentence": "It works on Atari.",
    "credences": {"supported": 0.5},
    "why": "no Atari",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "claims" / "ledger.jsonl"


@pytest.fixture
def ledger(path, make_form):
    """Two predictions, of which the first is resolved, and one that is out of reach."""
    made = Ledger(path)
    made.register(make_form())
    made.register(make_form(name="P2"))
    made.put_out_of_reach("P3", WHY)
    made.resolve("P1", OUTCOME)
    return made


def lines(path):
    return path.read_text().splitlines()


def rewritten(line, **changes):
    """A line changed by somebody who also writes a fitting hash."""
    data = {**json.loads(line), **changes}
    content = {name: value for name, value in data.items() if name != "sha256"}
    return canonical({**content, "sha256": sha256_of(content)})


def test_a_ledger_is_read_as_it_was_written(ledger, path, make_form):
    again = Ledger(path)
    assert again.entries == ledger.entries
    assert [(e.number, e.kind, e.name) for e in again.entries] == [
        (1, "registered", "P1"), (2, "registered", "P2"), (3, "out of reach", "P3"), (4, "resolved", "P1")
    ]  # fmt: skip
    assert again.registered("P1").body["sha256"] == sha256_of(make_form())
    assert again.resolution("P1").body["verdict"] == "supported"
    assert again.resolution("P2") is None
    assert again.policy_of("P1") == "a" * 64
    assert again.head == again.entries[-1].sha256


def test_each_line_holds_the_hash_of_the_one_before(ledger):
    assert ledger.entries[0].previous == "0" * 64
    assert [entry.previous for entry in ledger.entries[1:]] == [entry.sha256 for entry in ledger.entries[:-1]]


def test_nothing_is_registered_twice_but_an_edited_prediction_is_and_counts(ledger, make_form):
    with pytest.raises(LedgerError, match="P1: is registered already, as line 1 of"):
        ledger.register(make_form())
    ledger.register(make_form(data_seen="all"))
    assert ledger.registered("P1").number == 5
    assert ledger.resolution("P1") is None, "the outcome was that of the earlier form"
    assert ledger.outcome_of(ledger.entries[0]).body["verdict"] == "supported", "which keeps it"
    ledger.register(make_form())
    assert ledger.resolution("P1").body["verdict"] == "supported", "and counts again when it is registered again"


def test_an_outcome_is_appended_once_and_for_the_policy_that_was_meant(ledger):
    with pytest.raises(LedgerError, match="P1: is resolved already; register a new prediction to ask again"):
        ledger.resolve("P1", OUTCOME)
    with pytest.raises(LedgerError, match=f"P2: got an outcome for the policy {'b' * 64}, wanted {'a' * 64}"):
        ledger.resolve("P2", {**OUTCOME, "policy_sha256": "b" * 64})
    for name in ("P3", "P4"):
        with pytest.raises(LedgerError, match=f"{name}: is not registered in"):
            ledger.resolve(name, OUTCOME)


def test_not_evaluated_is_an_outcome_with_a_reason_and_no_other_follows_it(ledger, path):
    with pytest.raises(LedgerError, match="P2: got the outcome 'not evaluated' without a reason"):
        ledger.resolve("P2", {**OUTCOME, "verdict": "not evaluated"})
    ledger.resolve("P2", {**OUTCOME, "verdict": "not evaluated", "reason": "vacuous: also supported for no-op"})
    again = Ledger(path)
    assert again.resolution("P2").body["reason"] == "vacuous: also supported for no-op"
    with pytest.raises(LedgerError, match="P2: is resolved already"):
        again.resolve("P2", OUTCOME)


def test_a_line_that_does_not_say_why_something_was_not_evaluated_is_noticed(ledger, path):
    *others, last = lines(path)
    body = {**json.loads(last)["body"], "verdict": "not evaluated"}
    path.write_text("\n".join([*others, rewritten(last, body=body)]))
    with pytest.raises(TamperedError, match="line 4: does not say why P1 was not evaluated"):
        Ledger(path)


def test_a_described_policy_awaits_until_it_is_bound(path, make_form):
    ledger = Ledger(path)
    ledger.register(make_form(None, policy=None, description="a network of region 7"))
    assert ledger.policy_of("P1") is None
    with pytest.raises(LedgerError, match="got an outcome for the policy"):
        ledger.resolve("P1", OUTCOME)
    ledger.bind("P1", "mine", "a" * 64)
    assert Ledger(path).policy_of("P1") == "a" * 64
    with pytest.raises(LedgerError, match=r"P1: is about the policy a+ already"):
        ledger.bind("P1", "mine", "b" * 64)
    ledger.resolve("P1", OUTCOME)


def test_registered_anew_with_another_description_a_prediction_awaits_another_policy(path, make_form):
    ledger = Ledger(path)
    seventh, other, again = (
        make_form(None, policy=None, description=what, data_seen=seen)
        for what, seen in (("region 7", "none"), ("region 9", "none"), ("region 7", "some"))
    )
    ledger.register(seventh)
    ledger.bind("P1", "mine", "a" * 64)
    ledger.register(other)
    assert ledger.policy_of("P1") is None
    assert ledger.policy_of_registration(ledger.entries[0]) == "a" * 64
    with pytest.raises(LedgerError, match=f"got an outcome for the policy {'a' * 64}, wanted None"):
        ledger.resolve("P1", OUTCOME)
    ledger.bind("P1", "theirs", "b" * 64)
    ledger.resolve("P1", {**OUTCOME, "policy_sha256": "b" * 64})
    ledger.register(again)
    assert Ledger(path).policy_of("P1") == "a" * 64, "which that description is known to mean"
    ledger.resolve("P1", OUTCOME)
    assert [ledger.policy_of_registration(e) for e in Ledger(path).entries if e.kind == "registered"] == [
        "a" * 64, "b" * 64, "a" * 64
    ]  # fmt: skip


def test_an_outcome_of_a_policy_that_an_earlier_description_meant_is_noticed(path, make_form):
    ledger = Ledger(path)
    ledger.register(make_form(None, policy=None, description="region 7"))
    ledger.bind("P1", "mine", "a" * 64)
    ledger.register(make_form(None, policy=None, description="region 9"))
    seal = ledger.registered("P1").body["sha256"]
    ledger._append("resolved", {"name": "P1", "sealed_sha256": seal, **OUTCOME})
    with pytest.raises(TamperedError, match="gives P1 an outcome of another policy than the one that it is about"):
        Ledger(path)


def test_what_is_registered_is_not_put_out_of_reach(ledger):
    with pytest.raises(LedgerError, match="P1: is registered, as line 1, and cannot be put out of reach"):
        ledger.put_out_of_reach("P1", WHY)


def test_a_last_line_without_its_end_is_ended_before_another_is_appended(ledger, path, make_form):
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    Ledger(path).register(make_form(name="P5"))
    assert [entry.name for entry in Ledger(path).entries] == ["P1", "P2", "P3", "P1", "P5"]


def test_what_is_out_of_reach_says_why(path):
    with pytest.raises(LedgerError, match="P3: got no why"):
        Ledger(path).put_out_of_reach("P3", {name: value for name, value in WHY.items() if name != "why"})


def test_somebody_elses_line_is_not_overwritten(ledger, path, make_form):
    other = Ledger(path)
    other.register(make_form(name="P5"))
    with pytest.raises(LedgerError, match="somebody appended to it meanwhile; run the command again"):
        ledger.register(make_form(name="P6"))
    assert len(Ledger(path).entries) == 5


def test_a_disk_that_is_full_leaves_the_ledger_as_it_was(ledger, path, make_form, monkeypatch):
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(FileError, match=r"ledger.jsonl: cannot be written \(No space left on device\), and"):
            ledger.register(make_form(name="P5"))
    assert path.read_bytes() == before
    assert ledger.register(make_form(name="P5")).number == 5


# -- tampering -------------------------------------------------------------------------------------------------------

CHANGED = "does not hash to what it says; the line was changed after it was appended"
MOVED = "does not follow the line before it; lines were taken out, put in or put in another order"
TAMPERINGS = {
    "a verdict turned": (lambda ls: [*ls[:3], ls[3].replace("supported", "refuted")], CHANGED),
    "a credence improved": (lambda ls: [ls[0].replace('"supported":0.7', '"supported":0.9'), *ls[1:]], CHANGED),
    "a line taken out": (lambda ls: [ls[0], *ls[2:]], MOVED),
    "the first line taken out": (lambda ls: ls[1:], MOVED),
    "two lines exchanged": (lambda ls: [ls[1], ls[0], *ls[2:]], MOVED),
    "a line doubled": (lambda ls: [*ls, ls[3]], MOVED),
    "a line written anew with its hash": (lambda ls: [rewritten(ls[0], at="2020-01-01T00:00:00Z"), *ls[1:]], MOVED),
    "a line cut short": (lambda ls: [*ls[:3], ls[3][:-20]], "is no entry"),
    "bytes that are no text": (lambda ls: [*ls[:3], ls[3].replace("supported", "\udcff")], "is no entry"),
    "an unknown kind": (lambda ls: [*ls[:3], rewritten(ls[3], kind="improved")], "has kind 'improved', wanted one of"),
}


def following(line, **changes):
    """A line that somebody appends with a fitting hash."""
    last = json.loads(line)
    return rewritten(line, number=last["number"] + 1, previous=last["sha256"], **changes)


def again(lines, **changes):
    """The ledger with its first or last line said once more, otherwise."""
    return [*lines, following(lines[-1], body={**json.loads(lines[-1])["body"], **changes})]


BOUND = {"name": "P1", "policy": "another", "policy_sha256": "b" * 64}
APPENDED = {
    "another outcome": (lambda ls: again(ls, verdict="refuted"), "gives P1 a second outcome"),
    "another policy": (
        lambda ls: [*ls, following(ls[3], kind="bound", body=BOUND)], "tells of a policy for P1, which awaits none"
    ),
    "out of reach after all": (
        lambda ls: [*ls, following(ls[3], kind="out of reach", body={"name": "P1", **WHY})],
        "puts P1 out of reach, which was registered before",
    ),
    "a verdict that is none": (
        lambda ls: [*ls[:3], following(ls[2], kind="resolved", body={**json.loads(ls[3])["body"], "verdict": "good"})],
        "gives P1 the outcome 'good'",
    ),
    "a policy that it is not about": (
        lambda ls: [
            *ls[:3],
            following(ls[2], kind="resolved", body={**json.loads(ls[3])["body"], "policy_sha256": "b" * 64}),
        ],
        "gives P1 an outcome of another policy than the one that it is about",
    ),
    "a line that lacks its seal": (
        lambda ls: [*ls, following(ls[3], kind="registered", body={"name": "P9"})],
        "lacks what a line 'registered' says",
    ),
    "a line that says two things": (
        lambda ls: [*ls[:3], ls[3].replace('{"at"', '{"kind":"out of reach","at"', 1)], "is written otherwise"
    ),
    "spaces between": (lambda ls: [*ls[:3], ls[3].replace('{"at":', '{"at": ')], "is written otherwise"),
}  # fmt: skip


@pytest.mark.parametrize("addition", APPENDED)
def test_a_line_with_a_fitting_hash_must_fit_what_was_told_before(ledger, path, addition):
    change, message = APPENDED[addition]
    path.write_text("\n".join([*change(lines(path)), ""]))
    with pytest.raises(TamperedError, match=message):
        Ledger(path)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_noticed(ledger, path, tampering):
    change, message = TAMPERINGS[tampering]
    path.write_bytes("\n".join([*change(lines(path)), ""]).encode(errors="surrogateescape"))
    with pytest.raises(TamperedError, match=message):
        Ledger(path)


def test_a_sealed_form_that_was_changed_with_all_later_hashes_is_noticed(ledger, path):
    """Whoever rewrites the whole chain still has to make the seal fit."""
    first = json.loads(lines(path)[0])
    first["body"]["sealed"]["theta"] = 0.1
    path.write_text(rewritten(lines(path)[0], body=first["body"]) + "\n")
    with pytest.raises(TamperedError, match="line 1: the sealed form of P1 does not hash to its seal"):
        Ledger(path)


@pytest.fixture
def sharing(make_form):
    """Two predictions that are decided on the same mazes: the second was worded until it was."""
    taken: dict[int, dict] = {}
    form = make_form()
    for i in range(3000):
        worded = {**form, "data_seen": f"none, {i}"}
        first = block_of(worded).first
        if first in taken:
            return taken[first], worded
        taken[first] = worded
    raise AssertionError


def test_a_prediction_on_the_mazes_of_another_is_not_registered(path, sharing):
    one, two = sharing
    made = Ledger(path)
    made.register({**one, "sealing": 4})
    with pytest.raises(PredictionError, match=r"P1: got the block of mazes of P1 \(line 1 of .*\), wanted one that no"):
        made.register(two)
    made.register({**one, "library": {}})
    assert len(Ledger(path).entries) == 2, "where the library alone has changed, the mazes stay"


def test_a_line_that_decides_on_the_mazes_of_another_is_noticed(path, sharing, monkeypatch):
    monkeypatch.setattr(ledger_module, "_with_its_mazes", lambda form, entries: None)
    made = Ledger(path)
    for form in sharing:
        made.register(form)
    monkeypatch.undo()
    with pytest.raises(TamperedError, match="line 2: would decide P1 on the mazes of P1, line 1"):
        Ledger(path)


def test_of_earlier_rules_verify_tells_which_share_their_mazes(path, sharing, monkeypatch, capsys):
    monkeypatch.setattr(ledger_module, "_with_its_mazes", lambda form, entries: None)
    made = Ledger(path)
    for form in sharing:
        made.register(form)
    monkeypatch.undo()
    monkeypatch.setattr(ledger_module, "sealing_of", lambda form: 3)
    monkeypatch.chdir(path.parent)
    assert main(["verify", str(path)]) == 0
    told = capsys.readouterr().out
    assert "line 2, P1: is decided on the mazes of line 1, P1, which its author may have known" in told


def test_an_outcome_of_another_form_is_noticed(ledger, path):
    last = json.loads(lines(path)[3])
    last["body"]["sealed_sha256"] = "c" * 64
    path.write_text("\n".join([*lines(path)[:3], rewritten(lines(path)[3], body=last["body"])]) + "\n")
    with pytest.raises(TamperedError, match="line 4: resolves another form of P1 than the one that was registered"):
        Ledger(path)
