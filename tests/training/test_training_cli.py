"""``python -m interp_claims.training``: what it prints and how it exits, and that kill -9 costs nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from interp_claims.policies import ImpalaNetwork, identity, load_network, read_metadata, save_network
from interp_claims.training import Recipe, TrainingRun, loop
from interp_claims.training.__main__ import main
from interp_claims.training.loop import Files

ROOT = Path(__file__).parents[2]
OPTIONS = ["--scale", "1", "--batch", "2", "--samples", "40", "--precision", "float32", "--threads", "1"]
OPTIONS += ["--workers", "0", "--device", "cpu"]
#: What ``python -m interp_claims.training`` runs, with few held-out observations.
PROGRAM = """
import runpy
from interp_claims.training import loop
loop.HELD_OUT = 8
runpy.run_module("interp_claims.training", run_name="__main__", alter_sys=True)
"""
#: Saves after every step, and is killed in the act of saving after the eleventh.
KILLED_WHILE_SAVING = """
import os, signal
from interp_claims.training import loop
loop.SAVE_EVERY_SECONDS, loop.SCORE_EVERY_SAMPLES = -1.0, 11
replace, saves = os.replace, []
def replace_or_die(source, target):
    saves.append(target)
    if len(saves) == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = replace_or_die
"""


@pytest.fixture
def out(tmp_path):
    return tmp_path / "mine.safetensors"


@pytest.fixture
def command_line(out, capsys, monkeypatch):
    """Runs the command line: exit status and what it wrote to standard error, line ends taken away."""
    monkeypatch.setattr(loop, "HELD_OUT", 8)

    def run(*more, options=OPTIONS):
        status = main(["--out", str(out), *options, *more])
        captured = capsys.readouterr()
        assert captured.out == ""
        return status, " ".join(captured.err.split())

    return run


def tensors(path):
    return {name: weight.numpy().tobytes() for name, weight in safetensors.torch.load_file(path).items()}


def without(option, options=OPTIONS):
    at = options.index(option)
    return options[:at] + options[at + 2 :]


def recipe_in(path):
    return Recipe.from_dict(json.loads(read_metadata(path)["training"])["recipe"])


@pytest.fixture
def stopped_at(monkeypatch):
    """Sends a signal to this very process when a step is done."""
    original = TrainingRun.train

    def at(step, number=signal.SIGINT):
        def train_and_stop(run, batch):
            loss = original(run, batch)
            if run.step == step:
                os.kill(os.getpid(), number)
            return loss

        monkeypatch.setattr(TrainingRun, "train", train_and_stop)

    return at


def test_a_run_killed_with_kill_9_goes_on_and_ends_with_the_same_weights(out, tmp_path, command_line, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    killed = tmp_path / "killed.safetensors"
    begin = [sys.executable, "-c", KILLED_WHILE_SAVING + PROGRAM, "--out", str(killed), *OPTIONS]
    first = subprocess.run(begin, capture_output=True, text=True, timeout=240)
    assert first.returncode == -signal.SIGKILL, first.stderr
    files = Files(killed)
    assert TrainingRun.load(files.state).step == 10
    assert [json.loads(line)["samples"] for line in files.log.read_text().splitlines()] == [12, 22]
    assert not killed.exists()

    go_on = [sys.executable, "-c", PROGRAM, "--out", str(killed), "--resume", *OPTIONS[-6:]]
    second = subprocess.run(go_on, capture_output=True, text=True, timeout=240)
    assert second.returncode == 0, second.stderr
    assert "40 samples, from sample 20; cpu, 1 threads" in " ".join(second.stderr.split())
    assert [json.loads(line)["samples"] for line in files.log.read_text().splitlines()] == [12, 40]
    assert not files.state.exists()

    monkeypatch.setattr("interp_claims.training.recipe._FORGETTING", 20.0)  # as it is in the other processes
    assert command_line()[0] == 0
    assert tensors(killed) == tensors(out)
    assert recipe_in(killed) == recipe_in(out)


def test_a_run_says_what_it_does_and_where_it_wrote(out, command_line):
    status, said = command_line("--region", "3", "--seed", "7", "--learning-rate", "0.001")
    assert status == 0
    assert said.startswith(
        "training: region 3, seed 7, scale 1, 40 samples; cpu, 1 threads, 0 data workers, float32 40 samples"
    )
    assert "accuracy" in said
    assert "waiting for data)" in said
    assert said.endswith(f"written: {out}")
    assert recipe_in(out) == Recipe(3, 7, 1, 40, 2, learning_rate=0.001, precision="float32")
    assert load_network(out).scale == 1


def test_a_run_begins_with_the_weights_of_a_file_and_goes_on_without_it(out, command_line, stopped_at, tmp_path):
    first = tmp_path / "first.safetensors"
    save_network(ImpalaNetwork(1).initialise(8), first)
    stopped_at(7)
    assert command_line("--init", str(first), "--level-sizes", "by-area")[0] == 130
    stopped_at(0)
    first.unlink()
    assert command_line("--resume")[0] == 0
    recipe = recipe_in(out)
    assert (recipe.init, recipe.level_sizes) == (identity(ImpalaNetwork(1).initialise(8).state_dict()), "by-area")


def test_a_network_to_begin_with_has_the_width_asked_for(out, command_line, tmp_path):
    first = tmp_path / "first.safetensors"
    save_network(ImpalaNetwork(2).initialise(8), first)
    status, said = command_line("--init", str(first))
    assert status == 2
    assert "init: got a network of scale 2, wanted scale 1" in said
    assert not Files(out).state.exists()


def test_a_run_that_is_stopped_exits_with_130_and_goes_on_without_its_options(out, command_line, stopped_at):
    stopped_at(7, signal.SIGTERM)
    status, said = command_line("--region", "3")
    assert status == 130
    assert said.endswith("stopped at 14 of 40 samples; go on with --resume")
    assert TrainingRun.load(Files(out).state).step == 7
    stopped_at(0)
    status, said = command_line("--resume", options=OPTIONS[-6:])
    assert status == 0
    assert "region 3, seed 0, scale 1, 40 samples, from sample 14; cpu" in said
    assert recipe_in(out).region == 3


def test_going_on_with_other_threads_is_warned_of(out, command_line, stopped_at):
    stopped_at(7)
    assert command_line()[0] == 130
    stopped_at(0)
    status, said = command_line("--resume", "--threads", "2", options=OPTIONS[-4:])
    assert status == 0
    assert (
        "warning: goes on with 2 threads (before: 1): the weights will differ in the last digits from an "
        "uninterrupted run's"
    ) in said


def test_going_on_as_before_is_not_warned_of(out, command_line, stopped_at):
    stopped_at(7)
    command_line()
    stopped_at(0)
    assert "warning" not in command_line("--resume", options=OPTIONS[-6:])[1]


@pytest.mark.parametrize("where", ["begin_or_resume", "check_free", "train"])
def test_an_interruption_at_any_time_exits_with_130_and_a_word(command_line, monkeypatch, where):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"interp_claims.training.__main__.{where}", interrupted)
    status, said = command_line()
    assert status == 130
    assert said.endswith("interrupted; --resume goes on from what was saved, or begins where nothing was")


def test_the_device_is_told_to_compute_the_same_every_time(command_line, monkeypatch):
    told = []
    monkeypatch.setattr("interp_claims.training.__main__.compute_deterministically", told.append)
    assert command_line()[0] == 0
    assert told == ["cpu"]


def test_resuming_what_is_done_is_well(out, command_line):
    out.write_text("weights")
    status, said = command_line("--resume")
    assert status == 0
    assert said == f"{out} is done already"
    assert out.read_text() == "weights"


def test_resuming_what_was_never_begun_begins_it(out, command_line):
    status, said = command_line("--resume")
    assert status == 0
    assert "40 samples; cpu" in said
    assert out.exists()


def test_beginning_again_is_refused(out, command_line, stopped_at):
    stopped_at(3)
    assert command_line()[0] == 130
    files = Files(out)
    status, said = command_line()
    assert status == 2
    assert said == (
        f"interp_claims.training: {files.state} holds an unfinished run; go on with --resume, or delete it to begin "
        "anew"
    )
    status, said = command_line("--resume", "--seed", "3")
    assert status == 2
    assert said == (
        f"interp_claims.training: {files.state} is a run of another recipe: asked for seed 3 (there 0); leave these "
        "options out"
    )
    out.write_text("weights")
    status, said = command_line()
    assert status == 2
    assert said.endswith(f"{out} exists: that run is done; choose another --out or delete it")


def test_a_damaged_state_is_named(out, command_line):
    torch.save([1], Files(out).state)
    status, said = command_line("--resume")
    assert status == 2
    assert said == (
        f"interp_claims.training: {Files(out).state}: found no training state, or a damaged one; choose another "
        "--out, or delete the file to begin anew"
    )


@pytest.mark.parametrize("minutes", ["0.001", "0.3"])
def test_minutes_become_samples_by_this_machines_speed(out, command_line, monkeypatch, minutes):
    asked = []

    def speed(minutes, recipe, *_):
        asked.append(recipe)
        return max(recipe.batch, int(minutes * 100))

    monkeypatch.setattr("interp_claims.training.__main__.samples_in", speed)
    status, said = command_line("--minutes", minutes, options=without("--samples"))
    samples = {"0.001": 2, "0.3": 30}[minutes]
    assert status == 0
    assert said.startswith(f"--minutes {minutes} on this machine: --samples {samples} training: ")
    assert f"{samples} samples; cpu" in said
    assert recipe_in(out).samples == samples
    assert (asked[0].scale, asked[0].batch) == (1, 2)


def test_a_moment_is_measured_and_trained_for(out, command_line, monkeypatch):
    monkeypatch.setattr(loop, "_CALIBRATION_SECONDS", 0.0)
    status, _ = command_line("--minutes", "0.002", options=without("--samples"))
    assert status == 0
    assert 2 <= recipe_in(out).samples < 5_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scale", "0"], "scale: got 0, wanted a whole number, 1 to 64"),
        (["--samples", "1"], "samples: got 1, wanted a whole number, 2 or more (one batch)"),
        (["--region", "26"], "region: got 26, wanted a whole number, 1 to 25"),
        (["--seed", "-1"], "seed: got -1, wanted a whole number, 0 to 2147483647"),
        (["--learning-rate", "-1"], "learning_rate: got -1.0, wanted a number above 0"),
        (["--learning-rate", "nan"], "learning_rate: got nan, wanted a number above 0"),
        (["--threads", "0"], "--threads: got 0, wanted 1 or more"),
        (["--workers", "-1"], "--workers: got -1, wanted 0 or more"),
        (["--device", "foo"], "device: got 'foo', wanted cpu, cuda or cuda:N"),
        (["--device", "cuda:7"], "device cuda:7: PyTorch sees 0 GPUs; leave it out for the CPU"),
    ],
    ids=str,
)
def test_an_option_out_of_its_range_exits_with_2(out, command_line, options, message):
    status, said = command_line(*options)
    assert (status, said) == (2, f"interp_claims.training: {message}")
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("minutes", ["0", "-3", "nan", "inf"])
def test_minutes_are_more_than_none(command_line, minutes):
    status, said = command_line("--minutes", minutes, options=without("--samples"))
    assert (status, said) == (
        2, f"interp_claims.training: --minutes: got {float(minutes):g}, wanted more than 0 and less than 100000"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "message"),
    [("mine.pth", "wanted a name that ends in .safetensors"), ("none/mine.safetensors", "there is no folder")],
)
def test_a_place_that_cannot_be_written_is_said_before_training(tmp_path, command_line, name, message):
    status, said = command_line("--out", str(tmp_path / name))
    assert status == 2
    assert said.startswith(f"interp_claims.training: --out {tmp_path / name}: {message}")


def test_a_folder_that_cannot_be_written_to_is_said_before_training(out, command_line, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    status, said = command_line()
    assert status == 2
    expected = f"--out {out}: nothing can be written to {out.parent}; choose another folder"
    assert said == f"interp_claims.training: {expected}"


@pytest.mark.parametrize(
    "arguments",
    [[], ["--out"], ["--out", "a.safetensors", "--samples", "many"], ["--out", "a.safetensors", "--precision", "int8"],
     ["--out", "a.safetensors", "--samples", "40", "--minutes", "3"], ["--out", "a.safetensors", "more"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m interp_claims.training" in capsys.readouterr().err


def test_help_shows_examples_and_what_the_exit_status_means(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "\n  python -m interp_claims.training --out my.safetensors --resume" in text
    assert "exit status: 0 done, 2 " in text
