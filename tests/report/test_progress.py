"""Progress: a line for each process, that fits its width and goes away."""

import io
import json
import os
import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_summary import RESULT

from interp_claims.plugin.reporter import Reporter
from interp_claims.report import progress as module
from interp_claims.report.progress import ProgressFile, ProgressLines, progress_line
from interp_claims.running import Progress
from interp_claims.verdicts import Verdict

SENTENCE = "Subtracting the vector lowers P(cheese)."
CONTENT = {
    "sentence": SENTENCE,
    "mazes": 96,
    "budget": 1024,
    "effect": 0.1234,
    "verdict": "undecided",
    "waiting_for": ["no-op", "untrained"],
    "interval": [-0.05, 0.3],
    "support": 0.43,
    "refute": 0.02,
    "seconds_left": 75.2,
}
ERASE = "\r\x1b[0J"


def content(**changes):
    return {**CONTENT, **changes}


# -- the line --------------------------------------------------------------------------------------------------------


def test_a_running_claim_shows_its_mazes_estimate_evidence_time_and_sentence():
    assert progress_line(CONTENT, 160) == (
        f"━········· 96/1024  +0.123 [-0.050, +0.300]  for 43% against 2%  ≤ 1:15  {SENTENCE}"
    )


def test_the_bar_fills_with_the_mazes():
    bars = [progress_line(content(mazes=mazes), 120).split()[0] for mazes in (0, 205, 512, 1024)]
    assert bars == ["·" * 10, "━━" + "·" * 8, "━" * 5 + "·" * 5, "━" * 10]


def test_a_decided_claim_says_which_control_it_waits_for():
    assert "  supported, now no-op  " in progress_line(content(verdict="supported"), 120)
    assert "  refuted  ≤" in progress_line(content(verdict="refuted", waiting_for=[]), 120)


def test_what_is_not_known_yet_is_left_out():
    line = progress_line(content(effect=None, interval=None, seconds_left=None), 120)
    assert line == f"━········· 96/1024  for 43% against 2%  {SENTENCE}"
    assert "+0.123  for" in progress_line(content(interval=None), 120)


def test_where_there_is_little_room_the_sentence_comes_before_the_details():
    assert progress_line(CONTENT, 70).startswith("━········· 96/1024  +0.123 [-0.050, +0.300]  Sub")
    assert progress_line(CONTENT, 50).startswith("━········· 96/1024  Subtracting the vector")


@settings(max_examples=80, derandomize=True, database=None, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "sentence": st.text("abc ", max_size=200),
            "mazes": st.integers(0, 4096),
            "budget": st.integers(0, 4096),
            "effect": st.none() | st.floats(-1000, 1000),
            "verdict": st.sampled_from(["supported", "refuted", "undecided"]),
            "waiting_for": st.lists(st.sampled_from(["no-op", "another maze's vector"]), max_size=2),
            "interval": st.none() | st.tuples(st.floats(-10, 0), st.floats(0, 10)),
            "support": st.floats(0, 1),
            "refute": st.floats(0, 1),
            "seconds_left": st.none() | st.floats(0, 1e5),
        }
    ).map(lambda c: {**c, "mazes": min(c["mazes"], c["budget"])}),
    st.integers(20, 300),
)
def test_the_line_fits_whatever_there_is_to_say(what, width):
    line = progress_line(what, width)
    assert len(line) < width
    assert "\n" not in line


# -- the files -------------------------------------------------------------------------------------------------------


def said(**changes):
    fields = {
        "sentence": SENTENCE,
        "mazes": 96,
        "budget": 1024,
        "effect": 0.1234,
        "verdict": Verdict.UNDECIDED,
        "waiting_for": ("no-op", "untrained"),
        "interval": (-0.05, 0.3),
        "support": 0.43,
        "refute": 0.02,
        "seconds_left": 75.2,
    }
    return Progress(**{**fields, **changes})


def test_a_process_says_what_it_runs_and_takes_it_back(tmp_path):
    file = ProgressFile(tmp_path, "gw1")
    file.write(said())
    assert json.loads((tmp_path / "gw1.json").read_text()) == CONTENT
    file.write(said(mazes=128, effect=None, verdict=Verdict.SUPPORTED))
    assert json.loads((tmp_path / "gw1.json").read_text()) == content(mazes=128, effect=None, verdict="supported")
    file.clear()
    assert not list(tmp_path.iterdir())
    file.clear()


def test_processes_do_not_speak_over_each_other(tmp_path):
    ProgressFile(tmp_path, "gw0").write(said(mazes=32))
    ProgressFile(tmp_path, "gw1").write(said(mazes=64))
    ProgressFile(tmp_path, "gw0").clear()
    assert [path.name for path in tmp_path.iterdir()] == ["gw1.json"]


def test_a_folder_that_is_gone_does_no_harm(tmp_path):
    file = ProgressFile(tmp_path / "gone", "main")
    file.write(said())
    file.clear()
    assert not list(tmp_path.iterdir())


# -- drawing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Starts a line that is redrawn often, on a stream in memory, and waits until something is drawn on it."""
    monkeypatch.setattr(module, "_SECONDS_BETWEEN", 0.01)
    lines = []

    def start(width=100):
        stream = io.StringIO()
        line = ProgressLines(tmp_path, stream, width)
        lines.append(line)
        return line, stream

    yield start
    for line in lines:
        line.stop()


def wait_for(stream, text, seconds=20):
    until = time.monotonic() + seconds
    while text not in stream.getvalue() and time.monotonic() < until:
        time.sleep(0.005)
    assert text in stream.getvalue()


def test_the_line_is_redrawn_as_processes_go_on(tmp_path, draw):
    _, stream = draw()
    file = ProgressFile(tmp_path, "main")
    file.write(said(mazes=32))
    wait_for(stream, "32/1024")
    file.write(said(mazes=64))
    wait_for(stream, "64/1024")
    drawn = stream.getvalue().split(ERASE)
    assert drawn[0] == "", "each drawing takes the last one away first"
    assert all(re.fullmatch(r"[^\r\n]*\r", part) and len(part) <= 100 for part in drawn[1:])


def test_every_process_has_a_line_and_the_cursor_rests_on_the_first(tmp_path, draw):
    for letter in "ABC":
        ProgressFile(tmp_path, letter).write(said(sentence=f"Claim {letter}."))
    _, stream = draw()
    wait_for(stream, "Claim C")
    last = stream.getvalue().split(ERASE)[1]
    lines = last.split("\n")
    assert [line[:-1].rpartition("  ")[2] for line in lines[:2]] == ["Claim A", "Claim B"]
    assert lines[2].endswith("Claim C.\x1b[2A\r")


def test_the_line_is_taken_away_and_stays_away(tmp_path, draw):
    ProgressFile(tmp_path, "main").write(said())
    line, stream = draw()
    wait_for(stream, "96/1024")
    line.stop()
    drawn = stream.getvalue()
    assert drawn.endswith(ERASE)
    time.sleep(0.05)
    assert stream.getvalue() == drawn


def test_the_line_is_taken_away_before_something_else_is_written_and_stays_away_meanwhile(tmp_path, draw):
    ProgressFile(tmp_path, "main").write(said())
    line, stream = draw()
    wait_for(stream, "96/1024")
    with line.quiet():
        before = stream.getvalue()
        assert before.endswith(ERASE)
        ProgressFile(tmp_path, "main").write(said(mazes=128))
        time.sleep(0.1)
        assert stream.getvalue() == before
    wait_for(stream, "128/1024")


def test_all_that_is_told_of_a_result_is_told_while_no_line_is_drawn(tmp_path, draw):
    """With a terminal that looks, at each line it is given, whether the lines are being kept away."""
    line, _ = draw()
    told = []

    class Terminal:
        verbosity = 0

        def ensure_newline(self):
            told.append(("", line._writing.locked()))

        def write_line(self, text):
            told.append((text, line._writing.locked()))

    class Known:
        because = "it is known"

    class Records:
        def known_failure(self, *_):
            return Known

    config = SimpleNamespace(pluginmanager=SimpleNamespace(getplugin=lambda name: Terminal()))
    reporter = Reporter(config, SimpleNamespace(outcome=lambda r: SimpleNamespace(word="passed"), records=Records()))
    reporter.lines = line
    reporter.pytest_runtest_logreport(SimpleNamespace(when="call", interp_claims_result=RESULT.to_dict()))
    assert [text for text, _ in told if "known: it is known" in text] and all(kept for _, kept in told)
    assert not line._writing.locked()


def test_with_nothing_running_nothing_is_drawn(draw):
    line, stream = draw()
    time.sleep(0.05)
    line.stop()
    assert stream.getvalue() == ERASE


def test_half_written_files_are_passed_over(tmp_path, draw):
    (tmp_path / "gw0.json").write_text(json.dumps(content(mazes=11))[:40])
    (tmp_path / "gw1.json").write_text("")
    (tmp_path / "gw2.json").write_bytes(b"\xff\xfe")
    (tmp_path / "gw3.json0123.tmp").write_text(json.dumps(content(mazes=22)))
    os.symlink(tmp_path / "nowhere", tmp_path / "gw4.json")
    ProgressFile(tmp_path, "gw5").write(said(mazes=33))
    line, stream = draw()
    wait_for(stream, "33/1024")
    assert line._thread.is_alive()
    assert "11/1024" not in stream.getvalue()
    assert "22/1024" not in stream.getvalue()
