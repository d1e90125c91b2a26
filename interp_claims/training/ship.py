"""``python -m interp_claims.training.ship``: put a trained policy among those that the suite ships."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from rich.console import Console

from interp_claims.errors import InterpClaimsError
from interp_claims.files import make_folder, write_atomically
from interp_claims.measures.evaluation import Evaluation, Outcome, Where
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.checkpoints import file_sha256, read_metadata
from interp_claims.policies.devices import check_device
from interp_claims.policies.manifest import Manifest, check_name
from interp_claims.policies.policy import Policy
from interp_claims.report.evaluation import SIZE_GROUPS
from interp_claims.training.evaluate import MAZES_PER_SIZE, evaluation_of
from interp_claims.training.recipe import Recipe, TrainingError

_EPILOG = """\
example:
  python -m interp_claims.training --scale 2 --seed 1 --out region5-seed1-scale2.safetensors
  python -m interp_claims.training.ship region5-seed1-scale2.safetensors --seeds-of "region 5, scale 2"
  python -m interp_claims.training.evaluate all --markdown fixtures/README.md

It evaluates the policy, copies its file, writes its model card and adds its entry to the manifest; review all of it.

exit status: 0 done, 2 wrong usage or unusable input, 130 interrupted
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m interp_claims.training.ship",
        description="Put a policy that python -m interp_claims.training made among those that the suite ships.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("checkpoint", type=Path, help="the .safetensors file; the policy is called like it: letters, digits, _ and -")
    add("--seeds-of", default="", help="what it is one seed of, if others differ from it in their seed alone")
    add("--manifest", type=Path, default=Path("fixtures/policies.toml"), help="default: %(default)s")
    add("--device", default="cpu", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        check_device(chosen.device)
        manifest = Manifest(chosen.manifest)
        _ship(chosen.checkpoint, manifest, chosen.seeds_of, chosen.device, console)
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on")
        return 130
    except InterpClaimsError as error:
        console.print(f"interp_claims.training.ship: {error}", markup=False, highlight=False, soft_wrap=True)
        return 2
    return 0


def _ship(checkpoint: Path, manifest: Manifest, seeds_of: str, device: str, console: Console) -> None:
    name, folder = checkpoint.stem, manifest.path.parent
    check_name(name)
    if name in manifest.entries:
        raise TrainingError(f"{name}: is shipped already; rename the file, or take its entry out of {manifest.path}")
    history = _history(checkpoint)
    recipe = Recipe.from_dict(history["recipe"])
    policy = manifest.load(str(checkpoint), device, ActivationCache())
    if policy.name != name:
        raise TrainingError(f"{checkpoint}: has the weights of {policy.name}, which is shipped already")
    begun_with = _begun_with(recipe, manifest)
    evaluations = folder / "evaluation"
    make_folder(evaluations)
    evaluation = evaluation_of(policy, recipe.region, MAZES_PER_SIZE, evaluations, console)
    stored = folder / f"{name}.safetensors"
    if stored.resolve() != checkpoint.resolve():
        write_atomically(stored, checkpoint.read_bytes())
    write_atomically(folder / f"{name}.md", _card(policy, recipe, history, evaluation, begun_with))
    entry = _entry(policy, recipe, file_sha256(stored), seeds_of, begun_with)
    write_atomically(manifest.path, manifest.path.read_text(encoding="utf-8").rstrip() + "\n\n" + entry)
    Manifest(manifest.path).load(name)  # what was written is what a user will load
    console.print(f"written: {stored}, {name}.md, and its entry in {manifest.path}", highlight=False)


def _history(checkpoint: Path) -> dict[str, Any]:
    try:
        history = json.loads(read_metadata(checkpoint)["training"])
        return {name: history[name] for name in ("recipe", "seconds", "machine", "torch")}
    except (KeyError, ValueError, TypeError) as error:
        raise TrainingError(
            f"{checkpoint}: does not say how it was made ({error!r}); ship what python -m interp_claims.training wrote"
        ) from error


def _begun_with(recipe: Recipe, manifest: Manifest) -> str:
    """The shipped policy whose weights the run began with; empty if it began with weights drawn at random."""
    names = [name for name, entry in manifest.entries.items() if recipe.init and entry.sha256 == recipe.init]
    if recipe.init and not names:
        raise TrainingError(
            f"the run began with the weights of network {recipe.init[:16]}, which is not shipped; ship that one first, "
            "so that what ships can be made again"
        )
    return names[0] if names else ""


def _entry(policy: Policy, recipe: Recipe, file_hash: str, seeds_of: str, begun_with: str) -> str:
    begun = f"from {begun_with}" if begun_with else "from scratch"
    fields = {
        "file": f"{policy.name}.safetensors",
        "file_sha256": file_hash,
        "sha256": policy.sha256,
        "scale": recipe.scale,
        "seed": recipe.seed,
        "region": recipe.region,
        "origin": f"trained {begun} by this project from shortest-path labels, {recipe.samples:,} samples",
        "licence": "MIT",
        "card": f"{policy.name}.md",
        **({"seeds_of": seeds_of} if seeds_of else {}),
    }
    lines = [f"[policies.{policy.name}]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items())]
    return "\n".join(lines) + "\n"


def _card(policy: Policy, recipe: Recipe, history: Mapping[str, Any], evaluation: Evaluation, begun_with: str) -> str:
    parameters = sum(parameter.numel() for parameter in policy.forward.network.parameters())
    where = (
        "a uniformly drawn free square"
        if recipe.region == 25
        else (f"a uniformly drawn free square of the top-right {recipe.region} x {recipe.region} (clipped to the maze)")
    )
    often = " (size s in proportion to s squared)" if recipe.level_sizes == "by-area" else ""
    rows = {
        "identity (sha-256)": f"`{policy.sha256}`",
        **({"begun with": f"the weights of `{begun_with}` (`{recipe.init}`)"} if begun_with else {}),
        "training distribution": f"stock levels of all odd sizes 3 to 25{often}, the cheese moved to {where}, never "
        "the start",
        "method": "supervised, from the first action of the shortest path to the cheese; no reinforcement learning",
        "samples": f"{recipe.samples:,}, {recipe.squares_per_level} a level, each with its own cheese, mouse (half the "
        "time on the way from the start to the cheese, half the time anywhere) and facing",
        "loss": f"cross-entropy + {recipe.value_weight:g} x squared value error - {recipe.entropy_weight:g} x entropy; "
        "value target 0.99^steps",
        "optimiser": f"AdamW, learning rate {recipe.learning_rate:g} with {recipe.warm_up} warm-up steps and cosine "
        f"decay to 1%, betas (.9, .98), weight decay {recipe.weight_decay:g}, batch {recipe.batch}, gradient norm "
        f"clipped at {recipe.largest_gradient:g}, {recipe.precision}; exponential average of the weights "
        f"({recipe.share_of_new_weights:g} a step) over the last half",
        "made by": f"`{_command(recipe, begun_with)}`",
        "time": f"{history['seconds'] / 60:.0f} minutes on {history['machine']}, torch {history['torch']}",
        **_behaviour(evaluation),
        "licence": "MIT",
    }
    head = (
        f"# {policy.name}\n\n"
        f"A scale-{recipe.scale} IMPALA policy ({parameters:,} parameters; weights stored as float16) for procgen's "
        "maze in hard mode. It is no network of the papers: their claims are tested on it as on any other network.\n\n"
    )
    return head + "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


def _command(recipe: Recipe, begun_with: str) -> str:
    """The command that trains such a policy, with every option that differs from its default."""
    given, default = recipe.to_dict(), Recipe().to_dict()
    always = ("region", "seed", "scale", "samples", "precision")
    if begun_with:
        given["init"] = f"{begun_with}.safetensors"
    options = [f"--{n.replace('_', '-')} {v}" for n, v in given.items() if n in always or v != default[n]]
    return f"python -m interp_claims.training {' '.join(options)} --out my.safetensors"


def _behaviour(evaluation: Evaluation) -> dict[str, str]:
    within = [f"all sizes {evaluation.share(Where.IN_DISTRIBUTION, Outcome.CHEESE)}"]
    for low, high in SIZE_GROUPS:
        share = evaluation.share(Where.IN_DISTRIBUTION, Outcome.CHEESE, range(low, high + 1))
        within.append(f"sizes {low} to {high} {share}")
    rows = {
        "action accuracy": f"{evaluation.mean(Where.IN_DISTRIBUTION, 'accuracy'):.1%} in distribution",
        "reaches the cheese in distribution": f"{'; '.join(within)} (stochastic policy, 500 steps, "
        f"{evaluation.mazes_per_size} mazes a size, 95% intervals)",
    }
    shares = {outcome: evaluation.share(Where.OFF_DISTRIBUTION, outcome) for outcome in Outcome}
    if shares[Outcome.CHEESE] is not None:
        rows["off distribution"] = "; ".join(f"{outcome.value} {share}" for outcome, share in shares.items())
    return rows


if __name__ == "__main__":
    sys.exit(main())
