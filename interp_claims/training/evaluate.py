"""``python -m interp_claims.training.evaluate``: a policy's behaviour as a table, as JSON and as a plot."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from rich.console import Console
from rich.progress import track

from interp_claims.errors import InterpClaimsError
from interp_claims.files import check_marks, make_folder, write_atomically, write_between_marks
from interp_claims.measures.evaluation import Cell, Evaluation, cells_wanted, evaluate
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.checkpoints import read_metadata
from interp_claims.policies.devices import check_device
from interp_claims.policies.manifest import Manifest
from interp_claims.policies.policy import Policy
from interp_claims.report.evaluation import evaluation_tables, plot_evaluations, population_markdown
from interp_claims.training.recipe import TrainingError

MAZES_PER_SIZE = 50
_SCHEMA = 1
_EPILOG = """\
examples:
  python -m interp_claims.training.evaluate my.safetensors --region 5
  python -m interp_claims.training.evaluate all --markdown fixtures/README.md

Every cell is saved as it is measured, and is not measured again for the same weights: an interrupted evaluation goes on
where it stopped.

exit status: 0 done, 2 wrong usage or unusable input, 130 interrupted
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    chosen = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 110)
    errors = Console(stderr=True)
    try:
        manifest = Manifest(chosen.manifest, together=chosen.policies)
        manifest.check(chosen.policies)
        if not 1 <= chosen.mazes_per_size <= 10_000:
            raise TrainingError(f"--mazes-per-size: got {chosen.mazes_per_size}, wanted 1 to 10,000")
        check_device(chosen.device)
        if chosen.markdown is not None:
            check_marks(chosen.markdown, "evaluation")  # before anything takes long
        names = manifest.names(chosen.policies)
        folder = chosen.out or _usual_folder(names, manifest)
        make_folder(folder)
        evaluations = []
        for which in names:
            policy = manifest.load(which, chosen.device, ActivationCache())
            region = _region(which, policy, manifest, chosen.region)
            evaluation = evaluation_of(policy, region, chosen.mazes_per_size, folder, errors)
            for table in evaluation_tables(evaluation):
                console.print(table)
            evaluations.append(evaluation)
        plot = folder / "evaluation.png"
        plot_evaluations(evaluations, plot)
        if chosen.markdown is not None:
            write_between_marks(chosen.markdown, "evaluation", population_markdown(evaluations))
    except KeyboardInterrupt:
        errors.print("interrupted; the same command goes on")
        return 130
    except InterpClaimsError as error:
        errors.print(f"interp_claims.training.evaluate: {error}", markup=False, highlight=False, soft_wrap=True)
        return 2
    console.print(
        f"written: {plot} and {', '.join(f'{e.policy}.json' for e in evaluations)} beside it", highlight=False
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m interp_claims.training.evaluate",
        description="How a policy behaves where it was trained and where it was not, by maze size.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "policies", nargs="+", metavar="POLICY", help="a shipped policy, a checkpoint file, an untrained policy, or all"
    )
    add("--region", type=int, help="training region of a policy that does not say its own (default: 5)")
    add("--mazes-per-size", type=int, default=MAZES_PER_SIZE, help="default: %(default)s")
    add(
        "--out",
        type=Path,
        help="folder of JSON and plot (default: evaluation; for just all shipped policies, fixtures/evaluation)",
    )
    add("--markdown", type=Path, help="write the table between the evaluation marks of this file")
    add("--device", default="cpu", help="default: %(default)s")
    add("--manifest", type=Path, default=Path("fixtures/policies.toml"), help="default: %(default)s")
    return parser


def _usual_folder(names: Sequence[str], manifest: Manifest) -> Path:
    """Where to write unless somebody says: only a plot of all shipped policies replaces the one that ships."""
    return manifest.path.parent / "evaluation" if set(names) == set(manifest.entries) else Path("evaluation")


def _region(which: str, policy: Policy, manifest: Manifest, asked: Optional[int]) -> int:
    """The corner region that a policy was trained with, as its file or the manifest says, else as asked."""
    for entry in manifest.entries.values():
        if entry.sha256 == policy.sha256:
            return entry.region
    if which.endswith(".safetensors"):
        with contextlib.suppress(KeyError, ValueError, TypeError):
            return int(json.loads(read_metadata(which)["training"])["recipe"]["region"])
    return 5 if asked is None else asked


def evaluation_of(policy: Policy, region: int, mazes_per_size: int, folder: Path, console: Console) -> Evaluation:
    """Evaluate a policy, keeping every cell in ``<name>.json`` as it is measured and measuring none twice.

    Args:
        policy: the policy.
        region: of its training distribution.
        mazes_per_size: mazes in each cell.
        folder: where the JSON is.
        console: where progress is shown.

    Raises:
        TrainingError: the JSON is damaged.
    """
    path = folder / f"{policy.name}.json"
    what: dict[str, Any] = {"policy": policy.name, "sha256": policy.sha256, "scale": policy.scale}
    what |= {"region": region, "mazes_per_size": mazes_per_size}
    key = {"schema": _SCHEMA, **what}
    wanted = cells_wanted(region)
    cells = {(cell.where, cell.size): cell for cell in _cells_in(path, key)}
    missing = [cell for cell in wanted if cell not in cells]
    for cell in track(
        evaluate(policy, region, missing, mazes_per_size),
        f"{policy.name}: ",
        total=len(missing),
        console=console,
        disable=not (missing and console.is_terminal),
    ):
        cells[cell.where, cell.size] = cell
        done = [cells[place].to_dict() for place in wanted if place in cells]
        write_atomically(path, json.dumps({**key, "cells": done}, indent=1) + "\n")
    return Evaluation(**what, cells=tuple(cells[place] for place in wanted))


def _cells_in(path: Path, key: dict[str, Any]) -> list[Cell]:
    """The cells that were measured before for the same weights and settings."""
    if not path.exists():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if {name: data[name] for name in key} != key:
            return []
        return [Cell.from_dict(cell) for cell in data["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"{path}: no readable evaluation ({error!r}); delete it to measure anew") from error


if __name__ == "__main__":
    sys.exit(main())
