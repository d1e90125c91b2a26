"""Training from beginning to end: feeding a run with data, scoring it, logging, and saving it often enough."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import torch
from torch.utils.data import DataLoader

from interp_claims.files import write_atomically
from interp_claims.policies.checkpoints import save_network
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.training.machine import described
from interp_claims.training.recipe import Recipe, TrainingError
from interp_claims.training.run import TrainingRun, recipe_of
from interp_claims.training.samples import BATCHES_A_CHUNK, OracleSamples, Samples, held_out

SAVE_EVERY_SECONDS = 30.0
SCORE_EVERY_SAMPLES = 32_768
HELD_OUT = 1024
_CHUNKS_AHEAD = 3
_CALIBRATION_SECONDS = 15.0
_NICENESS_OF_WORKERS = 5


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        samples: observations trained on so far.
        seconds: time spent training, earlier sessions included.
        loss: mean over the steps since the last line.
        accuracy, value_error: see :class:`~interp_claims.training.run.Scores`; on held-out observations.
        learning_rate: of the last step.
        samples_per_second: since the last line.
        waiting: share of the time since the last line that was spent waiting for data.
    """

    samples: int
    seconds: float
    loss: float
    accuracy: float
    value_error: float
    learning_rate: float
    samples_per_second: float
    waiting: float


@dataclasses.dataclass(frozen=True)
class Files:
    """The files of one run, named after the checkpoint that it makes.

    Attributes:
        out: the checkpoint, written at the end.
    """

    out: Path

    def __post_init__(self) -> None:
        if self.out.suffix != ".safetensors":
            raise TrainingError(f"--out {self.out}: wanted a name that ends in .safetensors")
        if not self.out.parent.is_dir():
            raise TrainingError(f"--out {self.out}: there is no folder {self.out.parent}; make it first")
        if not os.access(self.out.parent, os.W_OK | os.X_OK):
            raise TrainingError(f"--out {self.out}: nothing can be written to {self.out.parent}; choose another folder")

    @property
    def state(self) -> Path:
        """What the run goes on from; deleted when it is done."""
        return self.out.with_suffix(".state")

    @property
    def log(self) -> Path:
        """One JSON line for every :class:`Progress`."""
        return self.out.with_suffix(".log.jsonl")


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The run was asked to stop (Ctrl-C or SIGTERM) and has saved its state."""


def batches(recipe: Recipe, first_step: int, workers: int) -> Iterator[Samples]:
    """The batches of a recipe from a step on, the same whatever the number of workers.

    Args:
        recipe: the settings.
        first_step: the step that the first batch is for.
        workers: processes that prepare data beside this one; 0 prepares it here.
    """
    first, skipped = divmod(first_step, BATCHES_A_CHUNK)
    loader = DataLoader(
        OracleSamples.of(recipe),
        batch_size=None,
        sampler=range(first, -(-recipe.steps // BATCHES_A_CHUNK)),
        num_workers=workers,
        prefetch_factor=_CHUNKS_AHEAD if workers else None,
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_begin_worker if workers else None,
        generator=torch.Generator(),  # or it would draw from the global one
    )
    step = first_step
    for chunk in loader:
        for i in range(skipped, min(BATCHES_A_CHUNK, skipped + recipe.steps - step)):
            step += 1
            yield Samples(*(part[i * recipe.batch : (i + 1) * recipe.batch] for part in chunk))
        skipped = 0


def _begin_worker(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to answer
    os.nice(_NICENESS_OF_WORKERS)


def samples_in(minutes: float, recipe: Recipe, device: str, workers: int) -> int:
    """How many samples this machine trains on in so many minutes, measured for a quarter of a minute."""
    trial = TrainingRun(dataclasses.replace(recipe, samples=2**31, init=""), device)
    steps, began = 0, 0.0
    for batch in batches(trial.recipe, 0, workers):
        float(trial.train(batch))
        if trial.step == 2:
            began = time.monotonic()  # the first steps also set things up
        elif trial.step > 2:
            steps += 1
            if time.monotonic() - began > _CALIBRATION_SECONDS:
                break
    rate = steps * recipe.batch / (time.monotonic() - began)
    return max(recipe.batch, int(minutes * 60 * rate))


def check_free(files: Files, *, resume: bool) -> None:
    """Raise unless a run may begin, or go on, under this name.

    Raises:
        TrainingError: the checkpoint exists, or there is an unfinished run and ``resume`` is False.
    """
    if files.out.exists():
        raise TrainingError(f"{files.out} exists: that run is done; choose another --out or delete it")
    if files.state.exists() and not resume:
        raise TrainingError(f"{files.state} holds an unfinished run; go on with --resume, or delete it to begin anew")


def begin_or_resume(
    recipe: Recipe, files: Files, device: str, *, resume: bool, init: Optional[ImpalaNetwork] = None
) -> TrainingRun:
    """The run to go on with.

    Args:
        recipe: the settings.
        files: of the run.
        device: where to train.
        resume: whether an unfinished run may be gone on with.
        init: the network that a new run begins with, if the recipe names one.

    Raises:
        TrainingError: as :func:`check_free`, or the unfinished run has another recipe.
    """
    check_free(files, resume=resume)
    if not files.state.exists():
        files.log.unlink(missing_ok=True)
        return TrainingRun(recipe, device, init)
    run = TrainingRun.load(files.state, device)
    if run.recipe != recipe:
        ours, theirs = recipe.to_dict(), run.recipe.to_dict()
        differing = ", ".join(f"{k} {ours[k]!r} (there {theirs[k]!r})" for k in ours if ours[k] != theirs[k])
        raise TrainingError(f"{files.state} is a run of another recipe: asked for {differing}; leave these options out")
    _log_until(files.log, run.step * run.recipe.batch)
    return run


def recipe_of_unfinished(files: Files) -> Optional[Recipe]:
    """The recipe of the run that can be resumed, or None if there is none."""
    return recipe_of(files.state) if files.state.exists() else None


def _log_until(path: Path, samples: int) -> None:
    """Drop what was logged after the state was saved."""
    lines = []
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8").splitlines()
    kept = []
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line of a killed run may be cut short
            entry = json.loads(line)
            if entry["samples"] <= samples:
                kept.append(entry)
    write_atomically(path, "".join(json.dumps(entry) + "\n" for entry in kept))


def train(
    run: TrainingRun,
    files: Files,
    *,
    workers: int,
    on_step: Optional[Callable[[TrainingRun], None]] = None,
    on_progress: Optional[Callable[[Progress], None]] = None,
) -> None:
    """Train to the end of the recipe, and write the checkpoint.

    The state is saved every half minute; SIGINT and SIGTERM save it at once.

    Args:
        run: as :func:`begin_or_resume` gave it.
        files: where to write.
        workers: processes that prepare data; 0 prepares it in this one.
        on_step: called after every step.
        on_progress: called with every line of the log.

    Raises:
        Stopped: the run was asked to stop, and its state is saved.
    """
    recipe = run.recipe
    scored_on = held_out(recipe, HELD_OUT)
    with _asked_to_stop() as asked, open(files.log, "a", encoding="utf-8") as log:
        meter = _Meter(run.seconds)
        saved = time.monotonic()
        source = batches(recipe, run.step, workers) if not run.done else iter(())
        while not run.done:
            with meter.waiting():
                batch = next(source)
            meter.losses.append(run.train(batch))
            if on_step is not None:
                on_step(run)
            before, now = (run.step - 1) * recipe.batch, run.step * recipe.batch
            if now // SCORE_EVERY_SAMPLES > before // SCORE_EVERY_SAMPLES or run.done:
                progress = meter.line(run, scored_on)
                log.write(json.dumps(dataclasses.asdict(progress)) + "\n")
                log.flush()
                if on_progress is not None:
                    on_progress(progress)
            run.seconds = meter.seconds
            if asked or time.monotonic() - saved > SAVE_EVERY_SECONDS:
                run.save(files.state)
                saved = time.monotonic()
            if asked:
                raise Stopped(f"stopped at {now} of {recipe.samples} samples; go on with --resume")
    save_network(run.best, files.out, dtype=torch.float16, metadata={"training": json.dumps(_history(run))})
    files.state.unlink(missing_ok=True)


def _history(run: TrainingRun) -> dict[str, Any]:
    """What a checkpoint tells about its making."""
    return {
        "recipe": run.recipe.to_dict(),
        "seconds": round(run.seconds),
        "machine": described(run.device),
        "torch": torch.__version__,
    }


class _Meter:
    """Time, waiting and losses between two lines of the log."""

    def __init__(self, seconds_before: float) -> None:
        self._before = seconds_before
        self._began = self._last = time.monotonic()
        self._waited = 0.0
        self.losses: list[torch.Tensor] = []

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._waited += time.monotonic() - began

    def line(self, run: TrainingRun, scored_on: Samples) -> Progress:
        loss = float(torch.stack(self.losses).mean())
        elapsed = time.monotonic() - self._last
        scores = run.score(scored_on)
        progress = Progress(
            samples=run.step * run.recipe.batch,
            seconds=round(self.seconds, 1),
            loss=round(loss, 4),
            accuracy=round(scores.accuracy, 4),
            value_error=round(scores.value_error, 5),
            learning_rate=run.recipe.learning_rate_at(run.step - 1),
            samples_per_second=round(len(self.losses) * run.recipe.batch / elapsed, 1),
            waiting=round(self._waited / elapsed, 3),
        )
        self.losses, self._waited, self._last = [], 0.0, time.monotonic()
        return progress


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """A list that is filled when SIGINT or SIGTERM arrives; a second signal ends the program at once."""
    asked: list[int] = []

    def note(number: int, _: Any) -> None:
        asked.append(number)
        for each, handler in previous.items():
            signal.signal(each, handler)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
