"""``python -m interp_claims.training``: train a policy, from scratch or from the weights of another."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.checkpoints import identity, load_network
from interp_claims.policies.devices import check_device
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.training.loop import (
    Files,
    Progress,
    Stopped,
    begin_or_resume,
    check_free,
    recipe_of_unfinished,
    samples_in,
    train,
)
from interp_claims.training.machine import compute_deterministically, default_precision, default_workers
from interp_claims.training.recipe import LEVEL_SIZES, PRECISIONS, Recipe, TrainingError
from interp_claims.training.run import TrainingRun

_INTERRUPTED = 130
_LONGEST_MINUTES = 100_000.0
_EPILOG = """\
examples:
  python -m interp_claims.training --region 5 --seed 0 --out my.safetensors
  python -m interp_claims.training --out my.safetensors --resume     after Ctrl-C, kill -9 or a power cut
  python -m interp_claims.training --scale 2 --minutes 60 --out small.safetensors
  python -m interp_claims.training --init my.safetensors --samples 500000 --level-sizes by-area --out longer.safetensors

Beside the checkpoint come my.log.jsonl (loss, accuracy, speed) and, until the run is done, my.state.

exit status: 0 done, 2 wrong usage or unusable input, 130 stopped, saved if it had begun
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    chosen = _parser().parse_args(arguments)
    console = Console(stderr=True)

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    try:
        files = Files(chosen.out)
        if chosen.resume and files.out.exists():
            say(f"{files.out} is done already")
            return 0
        _check_machine(chosen)
        check_free(files, resume=chosen.resume)
        torch.set_num_threads(chosen.threads)
        compute_deterministically(chosen.device)
        init = None if chosen.init is None else load_network(chosen.init)
        recipe = _recipe(chosen, files, init, say)
        run = begin_or_resume(recipe, files, chosen.device, resume=chosen.resume, init=init)
        say(_described(run, chosen))
        if changed := run.change_of_machine:
            say(f"warning: goes on {changed}: the weights will differ in the last digits from an uninterrupted run's")
        with _ProgressDisplay(console, run) as display:
            train(
                run,
                files,
                workers=chosen.workers,
                on_step=display.step,
                on_progress=display.line,
            )
    except Stopped as stopped:
        say(str(stopped))
        return _INTERRUPTED
    except KeyboardInterrupt:  # before the first step, or for the second time
        say("interrupted; --resume goes on from what was saved, or begins where nothing was")
        return _INTERRUPTED
    except InterpClaimsError as error:
        say(f"interp_claims.training: {error}")
        return 2
    say(f"written: {files.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    cuda = torch.cuda.is_available()
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(
        prog="python -m interp_claims.training",
        description="Train a maze policy, from scratch or from another's weights, on shortest paths to the cheese.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="the checkpoint to write (.safetensors)")
    add("--region", type=int, help="cheese in the top-right R x R corner; 25: anywhere (default: 5)")
    add("--seed", type=int, help="of the initial weights and the data (default: 0)")
    add("--scale", type=int, help="width of the network; the published ones have 4 (default: 4)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--samples", type=int, help=f"how many observations to train on (default: {Recipe().samples:,})"
    )
    length.add_argument("--minutes", type=float, help="measure this machine's speed and choose the samples from it")
    add("--batch", type=int, help=f"observations a step (default: {Recipe().batch})")
    add("--learning-rate", type=float, help=f"at its height (default: {Recipe().learning_rate})")
    add("--precision", choices=PRECISIONS, help="default: bfloat16 where the machine computes in it, else float32")
    add("--level-sizes", choices=LEVEL_SIZES, help="stock: all sizes equally often; by-area: mostly large ones")
    add("--init", type=Path, help="a checkpoint whose weights to begin with (default: drawn by --seed)")
    add("--resume", action="store_true", help="go on with the unfinished run of --out; begin if there is none")
    add("--device", default="cuda" if cuda else "cpu", help="default: %(default)s")
    add("--threads", type=int, default=max(1, cores if not cuda else cores // 4), help="default: %(default)s")
    add("--workers", type=int, default=default_workers(), help="processes that prepare data (default: %(default)s)")
    return parser


def _check_machine(chosen: argparse.Namespace) -> None:
    for name, least in (("threads", 1), ("workers", 0)):
        if getattr(chosen, name) < least:
            raise TrainingError(f"--{name}: got {getattr(chosen, name)}, wanted {least} or more")
    if chosen.minutes is not None and not 0 < chosen.minutes < _LONGEST_MINUTES:
        raise TrainingError(f"--minutes: got {chosen.minutes:g}, wanted more than 0 and less than {_LONGEST_MINUTES:g}")
    check_device(chosen.device)


def _recipe(
    chosen: argparse.Namespace, files: Files, init: Optional[ImpalaNetwork], say: Callable[[str], None]
) -> Recipe:
    unfinished = recipe_of_unfinished(files) if chosen.resume else None
    names = [field.name for field in dataclasses.fields(Recipe)]
    given: dict[str, Any] = {name: getattr(chosen, name, None) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    if init is not None:
        given |= {"init": identity(init.state_dict()), "scale": given.get("scale", init.scale)}
    if unfinished is not None:
        if chosen.minutes is not None:
            raise TrainingError(f"--minutes: the unfinished run has {unfinished.samples} samples; leave it out")
        return dataclasses.replace(unfinished, **given)
    given.setdefault("precision", default_precision(chosen.device))
    recipe = Recipe(**given)
    if chosen.minutes is None:
        return recipe
    samples = samples_in(chosen.minutes, recipe, chosen.device, chosen.workers)
    say(f"--minutes {chosen.minutes:g} on this machine: --samples {samples}")
    return dataclasses.replace(recipe, samples=samples)


def _described(run: TrainingRun, chosen: argparse.Namespace) -> str:
    recipe = run.recipe
    where = f"{chosen.device}, {chosen.threads} threads, {chosen.workers} data workers, {recipe.precision}"
    begin = f", from sample {run.step * recipe.batch:,}" if run.step else ""
    what = f"region {recipe.region}, seed {recipe.seed}, scale {recipe.scale}, {recipe.samples:,} samples"
    return f"training: {what}{begin}; {where}"


class _ProgressDisplay:
    """A bar on a terminal; a line at every scoring everywhere."""

    def __init__(self, console: Console, run: TrainingRun) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("samples"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=run.recipe.samples, completed=run.step * run.recipe.batch, rate="")
        self._last = time.monotonic()
        self._samples = run.step * run.recipe.batch

    def __enter__(self) -> _ProgressDisplay:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, run: TrainingRun) -> None:
        now, samples = time.monotonic(), run.step * run.recipe.batch
        if now - self._last > 0.5:
            rate = (samples - self._samples) / (now - self._last)
            self._bar.update(self._task, completed=samples, rate=f"{rate:.0f}/s")
            self._last, self._samples = now, samples

    def line(self, progress: Progress) -> None:
        self._console.print(
            f"{progress.samples:>9,} samples  {progress.seconds / 60:6.1f} min  loss {progress.loss:.3f}  "
            f"accuracy {progress.accuracy:.3f}  value error {progress.value_error:.4f}  "
            f"{progress.samples_per_second:.0f}/s ({progress.waiting:.0%} waiting for data)",
            highlight=False,
        )


if __name__ == "__main__":
    sys.exit(main())
