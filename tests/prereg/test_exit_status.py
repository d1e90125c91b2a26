"""Exit statuses: 1 is a statement about the ledger, 2 says that there is none to make."""

import json
from pathlib import Path

import pytest
from plugin_projects import MANIFEST

from interp_claims.cli import main
from interp_claims.prereg import Ledger, sealing

REPOSITORY = Path(__file__).parents[2]
CLAIM = """
from interp_claims.claims import claim
from interp_claims.controls import untrained
from interp_claims.mazes import stock_mazes
from interp_claims.prereg import preregistered
from interp_claims.sources import INVARIANTS

@preregistered("P1", by="somebody", on="2026-01-31", policy="one", supported=.7, refuted=.2, undecided=.1,
               data_seen="none")
@claim(number=1, source=INVARIANTS, effect_at_least=0.2, bounds=(-1, 1), mazes=stock_mazes(),
       null_controls=(untrained,))
def test_it(policy, mazes):
    'It is so.'
    return [0.5 for _ in mazes]
"""


@pytest.fixture
def ledger(tmp_path, monkeypatch, capsys):
    """A project with one registered prediction; the ledger's file."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("claims/test_p.py", CLAIM), ("fixtures/policies.toml", MANIFEST)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert main(["register", "claims/test_p.py"]) == 0
    capsys.readouterr()
    return tmp_path / "claims" / "ledger.jsonl"


@pytest.fixture
def verify(capsys):
    """Runs interp-claims verify: exit status and standard error."""

    def run(*words):
        return main(["verify", *words]), capsys.readouterr().err

    return run


def test_a_ledger_as_it_was_appended_is_0(ledger, verify):
    assert verify("claims/test_p.py") == (0, "")
    assert verify("--head", Ledger(ledger).head) == (0, "")
    assert verify("--head", Ledger(ledger).head[:12]) == (0, "")
    assert verify("claims/ledger.jsonl", "claims/test_p.py") == (0, "")
    assert verify("claims/ledger.jsonl", "other.jsonl")[0] == 2


def test_a_changed_line_is_1_whichever_command_reads_it(ledger, verify, capsys):
    ledger.write_text(ledger.read_text().replace('"supported":0.7', '"supported":0.9'))
    status, error = verify()
    assert status == 1
    assert "claims/ledger.jsonl, line 1: does not hash to what it says" in error
    assert main(["score"]) == 1
    assert main(["register", "claims/test_p.py"]) == 1


def test_lines_that_were_cut_off_are_1(ledger, verify):
    for head in ("0123456789ab", "ab" * 32):
        status, error = verify("--head", head)
        assert status == 1
        assert f"has no line with the hash {head}; lines were cut off" in error


@pytest.mark.parametrize("head", ["0123456789a", "9c7de10815497f5b…", "", "no hash at all", "ab" * 33])
def test_a_head_that_is_no_hash_is_2_and_no_statement_about_the_ledger(ledger, verify, capsys, head):
    with pytest.raises(SystemExit) as stop:
        verify("--head", head)
    assert stop.value.code == 2
    wanted = "wanted the 64 hex digits of a line's hash, or at least the first 12"
    assert f"argument --head: got {head!r}, {wanted}" in capsys.readouterr().err


def test_a_prediction_that_was_edited_is_1(ledger, verify, tmp_path):
    file = tmp_path / "claims" / "test_p.py"
    file.write_text(file.read_text().replace("0.5 for", "0.6 for"))
    status, error = verify("claims/test_p.py")
    assert status == 1
    assert "prediction P1: was edited after it was registered as line 1 (source_code)" in error
    assert verify() == (status, error), "the ledger names the file"


def test_a_prediction_whose_measures_were_changed_in_the_library_is_1_until_it_is_decided(ledger, verify, monkeypatch):
    monkeypatch.setattr(sealing, "hash_of_code", lambda function: "another")
    status, error = verify("claims/test_p.py")
    assert status == 1
    assert "prediction P1: was edited after it was registered as line 1 (library: control untrained)" in error
    book = Ledger(ledger)
    book.resolve("P1", {"policy": "one", "policy_sha256": book.policy_of("P1"), "verdict": "refuted"})
    assert verify("claims/test_p.py") == (0, ""), "the code of then decided it"
    assert main(["register", "claims/test_p.py"]) == 0
    assert len(Ledger(ledger).entries) == 2, "it is not registered anew"


def test_verify_says_what_it_looked_at_and_what_it_missed(ledger, tmp_path, capsys):
    assert main(["verify"]) == 0
    assert "predictions that are as they were registered: P1" in capsys.readouterr().out
    (tmp_path / "claims" / "test_p.py").unlink()
    assert main(["verify"]) == 0
    told = capsys.readouterr().out
    assert "predictions that are as they were registered: none looked at" in told
    assert "registered, but not in the files looked at: P1" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ledger", "none.jsonl"], "none.jsonl: no such file, wanted a ledger; name one with --ledger"),
        (["--ledger", "claims"], "claims: cannot be read (Is a directory); wanted a ledger"),
        (["claims/none.py"], "claims/none.py: there is no such file or folder"),
        (["--manifest", "none.toml"], "none.toml: no readable manifest of policies"),
    ],
)
def test_what_cannot_be_read_is_2_and_no_statement_about_the_ledger(ledger, verify, words, message):
    status, error = verify(*words)
    assert status == 2
    assert message in error


def test_what_the_ledger_cannot_take_is_2(ledger, tmp_path, capsys):
    (tmp_path / "results.json").write_text(json.dumps({"schema": 0}))
    assert main(["resolve", "results.json"]) == 2
    assert main(["register", "claims/test_p.py", "--name", "P7"]) == 2


def test_two_predictions_of_one_name_are_2_and_neither_is_registered(ledger, tmp_path, capsys):
    before = ledger.read_text()
    head, one = CLAIM.partition("@preregistered")[0], "@preregistered" + CLAIM.partition("@preregistered")[2]
    both = [one.replace("P1", "P7"), one.replace("P1", "P7").replace("test_it", "test_too").replace("0.2", "0.3")]
    (tmp_path / "claims" / "test_both.py").write_text(head + "".join(both))
    assert main(["register", "claims/test_both.py"]) == 2
    assert "claims/test_both.py: holds several predictions named P7, wanted one of each name" in capsys.readouterr().err
    entry = '[[prediction]]\nname = "A1"\nby = "x"\non = "2023-03-11"\nsentence = "s"\nwhy = '
    (tmp_path / "claims" / "out.toml").write_text(entry + '"a"\n' + entry + '"b"\n')
    assert main(["register", "claims/out.toml"]) == 2
    assert "claims/out.toml: holds several predictions named A1, wanted one of each name" in capsys.readouterr().err
    assert ledger.read_text() == before


def test_an_unknown_option_is_2(ledger, verify):
    with pytest.raises(SystemExit) as stop:
        verify("--nosuch")
    assert stop.value.code == 2


def test_the_names_in_the_examples_are_those_of_predictions_that_are_there(capsys):
    with pytest.raises(SystemExit):
        main(["register", "--help"])
    name = capsys.readouterr().out.split("claims/test_predictions.py --name ")[1].split()[0]
    assert f'@preregistered("{name}"' in (REPOSITORY / "claims" / "test_predictions.py").read_text()


@pytest.mark.parametrize("words", [["--help"], ["verify", "--help"]])
def test_help_says_what_1_means(capsys, words):
    with pytest.raises(SystemExit):
        main(words)
    assert "1 the ledger or a prediction on it was changed afterwards" in " ".join(capsys.readouterr().out.split())
