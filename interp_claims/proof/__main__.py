"""``python -m interp_claims.proof``: plant effects, mechanisms and mutants, and see what the suite makes of them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import pytest
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from interp_claims.errors import InterpClaimsError
from interp_claims.files import check_marks, write_atomically, write_between_marks
from interp_claims.policies.manifest import Manifest
from interp_claims.policies.policy import Policy
from interp_claims.proof import effects, planted_runs
from interp_claims.proof import intervals as interval_module
from interp_claims.proof.counts import Counts, counts_markdown
from interp_claims.proof.intervals import Misses, misses_markdown
from interp_claims.proof.matrix import (
    LEAST_KILLED,
    cells_dict,
    cells_markdown,
    cells_of,
    read_survivors,
    share_killed,
    unexplained,
)
from interp_claims.proof.mechanisms import KINDS
from interp_claims.proof.mutants import MUTANTS, UNCHANGED
from interp_claims.proof.simulated import KINDS as SIMULATED
from interp_claims.proof.simulated import OFFSETS, RUNS, simulate
from interp_claims.report.results_json import read_results
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

_INTERRUPTED = 130
_MANIFEST = Path("fixtures/policies.toml")
_CLAIMS = Path("claims")
_SURVIVORS = _CLAIMS / "mutants.toml"
_EPILOG = """\
examples:
  python -m interp_claims.proof rates --markdown docs/statistics.md
  python -m interp_claims.proof intervals --json intervals.json --markdown docs/statistics.md
  python -m interp_claims.proof effects --runs 100 --json effects.json --markdown docs/proof.md
  python -m interp_claims.proof mechanisms --policy all --json mechanisms.json
  python -m interp_claims.proof mutants --policy region5-seed0-scale2 -k cheese_vector
  python -m interp_claims.proof mutants --slow -n 2 --json mutants.json

With --json, what is finished stays finished: after an interruption, the same command goes on. mutants go on without it.

exit status: 0 as it should be, 1 an error rate above what was promised, a false verdict, a survivor that nobody
explained, or less than 90% of all mutants killed (asked only without -k and --mutant), 2 wrong usage or unusable input,
130 interrupted
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.markdown is not None:
            check_marks(chosen.markdown, chosen.command)
        text, well = chosen.run(chosen)
        print(text)
        if chosen.markdown is not None:
            write_between_marks(chosen.markdown, chosen.command, text)
    except KeyboardInterrupt:
        print("interp_claims.proof: interrupted; the same command goes on", file=sys.stderr)
        return _INTERRUPTED
    except InterpClaimsError as error:
        print(f"interp_claims.proof: {error}", file=sys.stderr)
        return 2
    return 0 if well else 1


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m interp_claims.proof",
        description="Proof that the suite can fail: planted effects, planted mechanisms and mutants.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, run: Any) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=_EPILOG, formatter_class=form
        )
        added.add_argument("--json", type=Path, help="keep what was measured in this file, and go on from it")
        added.add_argument(
            "--markdown", type=Path, help=f"put the table between the marks '{name}: begin' and 'end' of this file"
        )
        added.set_defaults(run=run)
        return added

    rates = command("rates", "measure error rates and power on simulated effects", _rates)
    rates.add_argument("--runs", type=_whole, default=RUNS, help="of each kind and size (default: %(default)s)")
    intervals = command("intervals", "measure how often approximate intervals miss a known truth", _intervals)
    intervals.add_argument(
        "--runs", type=_whole, default=interval_module.RUNS, help="of each statistic (default: %(default)s)"
    )
    planted = command("effects", "measure error rates and power on effects planted into a policy", _effects)
    planted.add_argument("--policy", default="", help="a shipped policy or a checkpoint (default: the default policy)")
    planted.add_argument("--runs", type=_whole, default=100, help="on mazes of their own (default: %(default)s)")
    mechanisms = command("mechanisms", "run claims on mechanisms planted into policies", _mechanisms)
    mechanisms.add_argument("--policy", action="append", default=[], help="as for pytest claims/; repeatable")
    mechanisms.add_argument("--seeds", type=_whole, default=3, help="plantings per policy (default: %(default)s)")
    mutants = command("mutants", "run the claims that a policy supports under every mutant", _mutants)
    mutants.add_argument("--policy", default="", help="a shipped policy or a checkpoint (default: the default policy)")
    mutants.add_argument("-k", default="", metavar="EXPRESSION", help="only these claims, as for pytest")
    mutants.add_argument("-n", default="0", metavar="PROCESSES", help="how many processes (default: %(default)s)")
    mutants.add_argument("--mutant", action="append", choices=[m for m in MUTANTS if m != UNCHANGED], help="repeatable")
    mutants.add_argument(
        "--results",
        type=Path,
        metavar="PATH",
        help="what pytest claims/ --claims-json wrote for it",
    )
    mutants.add_argument("--slow", action="store_true", help="with the claims marked slow, left out otherwise")
    return parser


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {number}, wanted at least 1")
    return number


# -- what was measured before ------------------------------------------------------------------------------------------


class _Kept:
    """What was measured so far, in a file if there is one, by key."""

    def __init__(self, path: Optional[Path], about: dict[str, Any]) -> None:
        self.path, self.about = path, about
        self.entries: dict[str, Any] = {}
        if path is not None and path.exists():
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                found, self.entries = content["about"], content["entries"]
            except (ValueError, KeyError, TypeError) as error:
                raise InterpClaimsError(f"{path}: not a file of this command ({error!r}); choose another") from error
            if found != about:
                raise InterpClaimsError(f"{path}: is about {found}, wanted {about}; choose another file")

    def put(self, key: str, entry: Any) -> None:
        """Keep one entry."""
        self.entries[key] = entry
        if self.path is not None:
            write_atomically(self.path, json.dumps({"about": self.about, "entries": self.entries}, indent=1) + "\n")


def _missing(kept: _Kept, keys: Sequence[str]) -> Iterator[str]:
    """The keys that were not measured yet, with progress shown."""
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=len(keys))
        for key in keys:
            progress.update(task, description=key)
            if key not in kept.entries:
                yield key
            progress.advance(task)


# -- the commands ------------------------------------------------------------------------------------------------------


def _rates(chosen: argparse.Namespace) -> tuple[str, bool]:
    cases = {f"{kind}, {offset:+.2f}": (kind, offset) for kind in SIMULATED for offset in OFFSETS}
    kept = _Kept(chosen.json, {"command": "rates", "runs": chosen.runs})
    for key in _missing(kept, list(cases)):
        kind, offset = cases[key]
        kept.put(key, dataclasses.asdict(simulate(kind, offset, runs=chosen.runs)))
    rows = [(cases[key][0], Counts(**kept.entries[key])) for key in cases]
    return counts_markdown(rows), not any(counts.too_many(DEFAULT_ALPHA) for _, counts in rows)


def _intervals(chosen: argparse.Namespace) -> tuple[str, bool]:
    kept = _Kept(chosen.json, {"command": "intervals"})
    parts = {
        f"{kind}, runs {first} to {min(first + interval_module.AT_ONCE, chosen.runs) - 1}": (kind, first)
        for kind in interval_module.kinds()
        for first in range(0, chosen.runs, interval_module.AT_ONCE)
    }
    for key in _missing(kept, list(parts)):
        kind, first = parts[key]
        runs = min(interval_module.AT_ONCE, chosen.runs - first)
        kept.put(key, dataclasses.asdict(interval_module.misses(kind, first, runs)))
    counted = dict.fromkeys(interval_module.kinds(), Misses(0, 0, 0))
    for key, (kind, _) in parts.items():
        counted[kind] += Misses(**kept.entries[key])
    return misses_markdown(list(counted.items())), True


def _effects(chosen: argparse.Namespace) -> tuple[str, bool]:
    policy = _manifest().load(chosen.policy or _manifest().default)
    kept = _Kept(chosen.json, {"command": "effects", "policy": policy.sha256})
    for key in _missing(kept, [f"run {run}" for run in range(chosen.runs)]):
        verdicts = effects.run_planted(policy, int(key.removeprefix("run ")))
        kept.put(key, [[*case, verdict] for case, verdict in verdicts.items()])
    by_case: dict[tuple[float, str, float], list[str]] = {}
    for entry in kept.entries.values():
        for alpha, kind, offset, verdict in entry:
            by_case.setdefault((alpha, kind, offset), []).append(verdict)
    counted = {case: Counts.of(case[2], verdicts) for case, verdicts in by_case.items()}
    rows = [(f"{kind}, α = {alpha:g}", counts) for (alpha, kind, _), counts in counted.items()]  # noqa: RUF001
    well = not any(counts.too_many(alpha) for (alpha, _, _), counts in counted.items())
    return f"On `{policy.name}`.\n\n{counts_markdown(rows)}", well


def _mechanisms(chosen: argparse.Namespace) -> tuple[str, bool]:
    names = _manifest().names(chosen.policy)
    cases = {
        f"{name}, seed {seed}, {kind}, {planted_runs.CLAIMS[claim][1]}": (name, seed, kind, claim)
        for name in names
        for seed in range(chosen.seeds)
        for kind in KINDS
        for claim in range(len(planted_runs.CLAIMS))
    }
    kept = _Kept(chosen.json, {"command": "mechanisms"})
    policies: dict[str, Policy] = {}
    for key in _missing(kept, list(cases)):
        name, seed, kind, claim = cases[key]
        policies[name] = policies.get(name) or _manifest().load(name)
        row = planted_runs.run_on_planted(policies[name], seed, kind, claim, _CLAIMS)
        kept.put(key, dataclasses.asdict(row))
    rows = [planted_runs.row_of(kept.entries[key]) for key in cases]
    return planted_runs.rows_markdown(rows), not planted_runs.false_verdicts(rows)


def _mutants(chosen: argparse.Namespace) -> tuple[str, bool]:
    survivors = read_survivors(_SURVIVORS)
    policy = chosen.policy or _manifest().default
    _manifest().check([policy])
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.json" for name in (UNCHANGED, *(chosen.mutant or MUTANTS))}
        files[UNCHANGED] = chosen.results or files[UNCHANGED]
        for name, path in files.items():
            if name == UNCHANGED and chosen.results:
                continue
            words = [sys.executable, "-m", "pytest", str(_CLAIMS), "--policy", policy, "-n", chosen.n, "--resume"]
            words += ["--claims-json", str(path), *(["-k", chosen.k] if chosen.k else [])]
            words += ["-m", "slow or not slow"] if chosen.slow else []
            words += [] if name == UNCHANGED else ["--mutant", name, "--supported-in", str(files[UNCHANGED])]
            status = subprocess.run(words, check=False).returncode
            refuted = name == UNCHANGED and status == pytest.ExitCode.TESTS_FAILED and path.exists()
            if not refuted and status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                raise InterpClaimsError(f"{' '.join(words)}: ended with status {status}")
        results = {name: read_results(path) for name, path in files.items() if path.exists()}
    if UNCHANGED not in results:
        raise InterpClaimsError(f"-k {chosen.k!r}: chooses no claim")
    others = {str(r.loaded_as) for r in results[UNCHANGED] if r.loaded_as not in (None, policy)}
    if others:
        raise InterpClaimsError(f"{chosen.results}: holds results of {', '.join(sorted(others))}, wanted {policy}")
    cells = cells_of(results, survivors)
    if chosen.json is not None:
        write_atomically(chosen.json, json.dumps(cells_dict(policy, cells), indent=1, ensure_ascii=False) + "\n")
    whole = not chosen.k and not chosen.mutant
    return cells_markdown(policy, cells), not unexplained(cells) and (not whole or share_killed(cells) >= LEAST_KILLED)


def _manifest() -> Manifest:
    return Manifest(_MANIFEST)


if __name__ == "__main__":
    sys.exit(main())
