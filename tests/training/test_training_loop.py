"""Training from beginning to end: the same batches and weights however it is fed, stopped and resumed."""

import dataclasses
import json
import os
import signal
from itertools import islice
from types import SimpleNamespace

import pytest
import safetensors.torch
import torch

from interp_claims.policies import load_network, read_metadata
from interp_claims.training import OracleSamples, Recipe, Samples, TrainingError, TrainingRun, loop
from interp_claims.training.loop import Files, Stopped, batches, begin_or_resume, recipe_of_unfinished, train

STEPS = 20


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "mine.safetensors")


@pytest.fixture(scope="module")
def uninterrupted(recipe, tmp_path_factory):
    """A run from beginning to end: its files, its losses, what it reported and the run itself."""
    files, steps, lines = Files(tmp_path_factory.mktemp("run") / "mine.safetensors"), [], []
    run = begin_or_resume(recipe, files, "cpu", resume=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "HELD_OUT", 8)
        patch.setattr(loop, "SCORE_EVERY_SAMPLES", 16)
        losses, step = [], run.train
        patch.setattr(run, "train", lambda batch: (losses.append(step(batch)), losses[-1])[1])
        train(run, files, workers=0, on_step=lambda r: steps.append(r.step), on_progress=lines.append)
    return files, run, steps, [float(loss) for loss in losses], lines


def samples_of(line):
    return json.loads(line)["samples"]


def log_of(files):
    return files.log.read_text().splitlines()


def tensors(path):
    return {name: weight.numpy().tobytes() for name, weight in safetensors.torch.load_file(path).items()}


def stop_at(step, number):
    """Sends a signal to this very process when a step is done."""
    return lambda run: os.kill(os.getpid(), number) if run.step == step else None


def half_done(recipe, files, step=10):
    """An unfinished run, as if killed after its state was saved."""
    run = begin_or_resume(recipe, files, "cpu", resume=False)
    for batch in islice(batches(recipe, 0, 0), step):
        run.train(batch)
    run.save(files.state)
    return run


# -- files ---------------------------------------------------------------------------------------------------------


def test_the_files_of_a_run_lie_together(tmp_path):
    files = Files(tmp_path / "a.b.safetensors")
    assert (files.state, files.log) == (tmp_path / "a.b.state", tmp_path / "a.b.log.jsonl")


def test_a_checkpoint_ends_in_safetensors(tmp_path):
    with pytest.raises(TrainingError) as error:
        Files(tmp_path / "mine.pth")
    assert str(error.value) == f"--out {tmp_path / 'mine.pth'}: wanted a name that ends in .safetensors"


def test_a_folder_that_there_is_not_is_said_at_once(tmp_path):
    out = tmp_path / "none" / "mine.safetensors"
    with pytest.raises(TrainingError) as error:
        Files(out)
    assert str(error.value) == f"--out {out}: there is no folder {out.parent}; make it first"


# -- batches -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def all_batches(recipe):
    """The batches of the recipe, cut from its chunks by hand."""
    chunks = [OracleSamples.of(recipe)[number] for number in (0, 1)]
    parts = [torch.cat(part) for part in zip(*chunks)]
    return [Samples(*(part[2 * i : 2 * i + 2] for part in parts)) for i in range(STEPS)]


def assert_same(got, wanted):
    assert len(got) == len(wanted)
    for mine, other in zip(got, wanted):
        assert all(torch.equal(a, b) for a, b in zip(mine, other))


@pytest.mark.parametrize("first_step", [0, 5, 15, 16, 19])
def test_batches_are_the_same_from_whatever_step_they_begin(recipe, all_batches, first_step):
    got = list(islice(batches(recipe, first_step, 0), STEPS - first_step))
    assert_same(got, all_batches[first_step:])


def test_there_are_no_more_batches_than_steps(recipe):
    assert len(list(batches(recipe, 0, 0))) == STEPS
    assert len(list(batches(recipe, 17, 0))) == STEPS - 17


def test_batches_draw_nothing_from_what_others_draw_from(recipe):
    before = torch.random.get_rng_state()
    next(batches(recipe, 0, 0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_process_that_prepares_data_prepares_the_same(recipe, all_batches):
    source = batches(recipe, 5, 1)
    got = list(islice(source, STEPS - 5))
    source.close()
    assert_same(got, all_batches[5:])


# -- to the end ----------------------------------------------------------------------------------------------------


def test_a_run_takes_the_steps_of_its_recipe_and_learns_from_their_batches(recipe, uninterrupted, all_batches):
    _, run, steps, losses, _ = uninterrupted
    assert recipe.steps == STEPS
    assert steps == list(range(1, STEPS + 1))
    other = TrainingRun(recipe)
    assert [float(other.train(batch)) for batch in all_batches] == losses
    assert run.done


def test_a_finished_run_leaves_a_checkpoint_in_float16_and_its_log(uninterrupted):
    files, run, *_ = uninterrupted
    assert sorted(path.name for path in files.out.parent.iterdir()) == ["mine.log.jsonl", "mine.safetensors"]
    stored = safetensors.torch.load_file(files.out)
    assert {weight.dtype for weight in stored.values()} == {torch.float16}
    loaded = load_network(files.out).state_dict()
    for name, weight in run.average.module.state_dict().items():
        assert torch.equal(loaded[name], weight.half().float()), name


def test_a_checkpoint_tells_how_it_was_made(recipe, uninterrupted):
    files, *_ = uninterrupted
    told = json.loads(read_metadata(files.out)["training"])
    assert Recipe.from_dict(told["recipe"]) == recipe
    assert told["torch"] == torch.__version__
    assert told["machine"].startswith("1 of ")
    assert "CPU cores" in told["machine"]
    assert 0 <= told["seconds"] < 600


def test_every_line_of_the_log_is_the_progress_of_its_time(recipe, uninterrupted):
    files, run, _, losses, lines = uninterrupted
    logged = [json.loads(line) for line in log_of(files)]
    assert logged == [dataclasses.asdict(line) for line in lines]
    assert [entry["samples"] for entry in logged] == [16, 32, 40], "every 16 samples, and at the end"
    means = [sum(part) / len(part) for part in (losses[:8], losses[8:16], losses[16:])]
    assert [entry["loss"] for entry in logged] == pytest.approx(means, abs=1e-4)
    assert [entry["learning_rate"] for entry in logged] == [recipe.learning_rate_at(step) for step in (7, 15, 19)]
    for before, entry in zip([{"seconds": 0.0}, *logged], logged):
        assert entry["seconds"] >= before["seconds"]
        assert entry["samples_per_second"] > 0
        assert 0 <= entry["waiting"] <= 1
        assert 0 <= entry["accuracy"] <= 1
    scores = run.score(loop.held_out(recipe, 8))
    assert (round(scores.accuracy, 4), round(scores.value_error, 5)) == (
        logged[-1]["accuracy"], logged[-1]["value_error"]
    )  # fmt: skip


@pytest.mark.usefixtures("scored_quickly")
def test_the_state_is_saved_after_a_step_when_the_time_has_come(recipe, files, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY_SECONDS", -1.0)
    saved = []
    run = begin_or_resume(recipe, files, "cpu", resume=False)

    def look(run):
        saved.append(TrainingRun.load(files.state).step if files.state.exists() else None)

    train(run, files, workers=0, on_step=look)
    assert saved == [None, *range(1, STEPS)]
    assert not files.state.exists()


@pytest.mark.usefixtures("scored_quickly")
def test_the_state_is_not_saved_before_the_time_has_come(recipe, files, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY_SECONDS", 1e9)
    run = begin_or_resume(recipe, files, "cpu", resume=False)
    monkeypatch.setattr(run, "save", lambda path: pytest.fail("saved"))
    train(run, files, workers=0)


# -- stopped and resumed -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scored_quickly")
@pytest.mark.parametrize(
    ("number", "step"), [(signal.SIGINT, 7), (signal.SIGTERM, 13), (signal.SIGINT, 16), (signal.SIGTERM, 20)]
)
def test_a_run_that_was_stopped_and_resumed_ends_as_if_it_never_had_been(
    recipe, files, uninterrupted, whole_state, number, step
):
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    run = begin_or_resume(recipe, files, "cpu", resume=False)
    with pytest.raises(Stopped) as stopped:
        train(run, files, workers=0, on_step=stop_at(step, number))
    assert str(stopped.value) == f"stopped at {2 * step} of 41 samples; go on with --resume"
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert not files.out.exists()
    assert TrainingRun.load(files.state).step == step
    assert recipe_of_unfinished(files) == recipe

    again = begin_or_resume(recipe, files, "cpu", resume=True)
    steps = []
    train(again, files, workers=0, on_step=lambda run: steps.append(run.step))
    assert steps == list(range(step + 1, STEPS + 1))
    done, wanted, *_ = uninterrupted
    assert whole_state(again) == whole_state(wanted)
    assert tensors(files.out) == tensors(done.out)
    assert [samples_of(line) for line in log_of(files)] == [16, 32, 40]
    assert not files.state.exists()


@pytest.mark.usefixtures("scored_quickly")
def test_a_second_signal_ends_the_run_at_once(recipe, files):
    def twice(run):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    run = begin_or_resume(recipe, files, "cpu", resume=False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have told us to ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            train(run, files, workers=0, on_step=twice)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not files.state.exists()


@pytest.mark.usefixtures("scored_quickly")
def test_an_error_in_a_run_gives_signals_back_to_whom_they_were(recipe, files):
    before = signal.getsignal(signal.SIGTERM)
    run = begin_or_resume(recipe, files, "cpu", resume=False)
    with pytest.raises(ZeroDivisionError):
        train(run, files, workers=0, on_step=lambda run: 1 // 0)
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_unfinished_run_is_not_begun_anew_unasked(recipe, files):
    half_done(recipe, files)
    content = files.state.read_bytes()
    with pytest.raises(TrainingError) as error:
        begin_or_resume(recipe, files, "cpu", resume=False)
    assert str(error.value) == (
        f"{files.state} holds an unfinished run; go on with --resume, or delete it to begin anew"
    )
    assert files.state.read_bytes() == content


def test_an_unfinished_run_of_another_recipe_is_not_resumed(recipe, files):
    half_done(recipe, files)
    other = dataclasses.replace(recipe, seed=4, learning_rate=0.1)
    with pytest.raises(TrainingError) as error:
        begin_or_resume(other, files, "cpu", resume=True)
    assert str(error.value) == (
        f"{files.state} is a run of another recipe: asked for seed 4 (there 0), learning_rate 0.1 (there 0.0006); "
        "leave these options out"
    )


@pytest.mark.parametrize("resume", [True, False])
def test_a_run_that_is_done_is_not_done_again(recipe, files, resume):
    files.out.write_text("weights")
    with pytest.raises(TrainingError) as error:
        begin_or_resume(recipe, files, "cpu", resume=resume)
    assert str(error.value) == f"{files.out} exists: that run is done; choose another --out or delete it"
    assert files.out.read_text() == "weights"


@pytest.mark.parametrize("resume", [True, False])
def test_where_there_is_no_state_a_run_begins_with_an_empty_log(recipe, files, resume):
    files.log.write_text('{"samples": 4, "seconds": 9.0}\n')
    assert recipe_of_unfinished(files) is None
    run = begin_or_resume(recipe, files, "cpu", resume=resume)
    assert (run.step, run.recipe, run.seconds) == (0, recipe, 0.0)
    assert not files.log.exists()


LINES = ['{"samples": 8, "seconds": 3.5}', '{"samples": 20, "seconds": 7.5}', '{"samples": 22, "seconds": 8.5}']


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\n".join(LINES) + "\n", LINES[:2]),
        ("\n".join(LINES[:2]) + "\n", LINES[:2]),
        ("\n".join([LINES[0], LINES[1][:-9]]), LINES[:1]),
        (LINES[0] + "\n" + "{", LINES[:1]),
        (LINES[2] + "\n", []),
        ("", []),
        (None, []),
    ],
    ids=["lines after the state", "whole", "a cut line", "hardly a line", "only later lines", "empty", "no log"],
)
def test_resuming_drops_what_was_logged_after_the_state_was_saved(recipe, files, text, kept):
    half_done(recipe, files)
    if text is not None:
        files.log.write_text(text)
    assert begin_or_resume(recipe, files, "cpu", resume=True).step == 10
    assert log_of(files) == kept


@pytest.mark.usefixtures("scored_quickly")
def test_time_spent_before_counts(recipe, files):
    run, lines = half_done(recipe, files), []
    run.seconds = 5000.0
    run.save(files.state)
    train(begin_or_resume(recipe, files, "cpu", resume=True), files, workers=0, on_progress=lines.append)
    assert [line.samples for line in lines] == [32, 40]
    assert all(5000 <= line.seconds < 5600 for line in lines)
    assert 5000 <= json.loads(read_metadata(files.out)["training"])["seconds"] < 5600


# -- how much fits in a while --------------------------------------------------------------------------------------


def test_samples_in_a_while_are_as_many_as_this_machine_manages(recipe, monkeypatch):
    monkeypatch.setattr(loop, "_CALIBRATION_SECONDS", 10.0)
    clock = [0.0]
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    real = TrainingRun.train

    def train_slowly(run, batch):
        clock[0] += 3.0 if run.step > 1 else 100.0  # setting up takes long and does not count
        return real(run, batch)

    monkeypatch.setattr(TrainingRun, "train", train_slowly)
    assert loop.samples_in(2.0, recipe, "cpu", 0) == 2 * 60 * 2 // 3
    assert loop.samples_in(0.001, recipe, "cpu", 0) == recipe.batch, "one step at least"
