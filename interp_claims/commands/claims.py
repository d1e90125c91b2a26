"""``interp-claims list``, ``run`` and ``compare``."""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.claims import spec_of
from interp_claims.collecting import claims_in, hypothesis_of
from interp_claims.files import write_atomically
from interp_claims.outcomes import outcome_of_comparison
from interp_claims.report.comparison import comparison_markdown
from interp_claims.report.results_json import read_results
from interp_claims.running.comparison import MARGIN, OlderResults, compare_saved

_WIDTH = 150
_FORM = argparse.RawDescriptionHelpFormatter
_LIST_EPILOG = """\
examples:
  interp-claims list
  interp-claims list claims/test_cheese_vector.py

exit status: 0 listed, 2 no claims there, or a file that cannot be read
"""
_RUN_EPILOG = """\
examples:
  interp-claims run -n 2 --policy my_checkpoint.pth --report out/
  interp-claims run -k cheese_vector --claims-json results.json

`interp-claims run …` is `pytest claims/ …`, and ends with its status: 0 all passed, 1 some failed, 2 interrupted,
3 a file could not be written, 4 wrong usage, 5 no claims chosen
"""
_COMPARE_EPILOG = """\
examples:
  pytest claims/ --policy old.pth --at-least 512 --claims-json old.json
  pytest claims/ --policy new.pth --at-least 512 --claims-json new.json
  interp-claims compare old.json new.json --summary summary.md

exit status: 0 no claim regressed or turned from supported to refuted, 1 some did, 2 wrong usage, or a file that cannot
be read or written
"""


def add_commands(commands: Any) -> None:
    """Add the subcommands to the parser of ``interp-claims``."""
    listed = commands.add_parser(
        "list",
        help="list the claims: number, sentence, thresholds, where each stands",
        description="List the claims of a folder or file, as they are declared.",
        epilog=_LIST_EPILOG,
        formatter_class=_FORM,
    )
    listed.add_argument("path", nargs="?", type=Path, default=Path("claims"), help="default: %(default)s")
    listed.set_defaults(run=_list)
    run = commands.add_parser(
        "run",
        help="decide the claims: the same as pytest claims/",
        description="Run pytest on the claims; all options are pytest's and the plugin's (pytest --help).",
        epilog=_RUN_EPILOG,
        formatter_class=_FORM,
    )
    run.set_defaults(run=_run, passes_on=True)
    compare = commands.add_parser(
        "compare",
        help="compare the saved results of two policies",
        description="Say of every claim whether its effect is smaller on the newer policy, by more than a margin, on "
        "the mazes that both results hold. Give --at-least to both runs so that they hold as many.",
        epilog=_COMPARE_EPILOG,
        formatter_class=_FORM,
    )
    compare.add_argument("old", type=Path, help="results of the older policy, written by --claims-json")
    compare.add_argument("new", type=Path, help="results of the newer one")
    compare.add_argument(
        "--margin", type=float, default=MARGIN, help="the largest loss that counts as none (%(default)s)"
    )
    compare.add_argument(
        "--claims", type=Path, default=Path("claims"), help="where the claims are (default: %(default)s)"
    )
    compare.add_argument("--summary", type=Path, metavar="PATH", help="write the Markdown to this file, too")
    compare.set_defaults(run=_compare)


def _list(chosen: argparse.Namespace) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("no.", "claim", "kind", "wanted", "where"):
        table.add_column(heading, overflow="fold")
    for name, function in claims_in(chosen.path, Path.cwd()).items():
        spec = spec_of(function)
        assert spec is not None
        wanted = "\n".join(f"{key}: {value}" if key else str(value) for key, value in spec.hypotheses.items())
        number = "" if spec.number is None else str(spec.number)
        table.add_row(number, spec.sentence, spec.kind, wanted, name)
    buffer = io.StringIO()
    terminal = sys.stdout.isatty()
    Console(file=buffer, width=None if terminal else _WIDTH).print(table)
    print(buffer.getvalue().rstrip())


def _run(chosen: argparse.Namespace) -> NoReturn:
    """Go on as pytest in this very process, so that Ctrl-C and other signals are for pytest to answer."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "claims/", *chosen.passed_on])


def _compare(chosen: argparse.Namespace) -> int:
    old, new = (OlderResults(read_results(path)) for path in (chosen.old, chosen.new))
    functions = claims_in(chosen.claims, chosen.claims.resolve().parent)
    rows, failed = [], False
    for claim in new.claims:
        result, function = new.result(claim), functions.get(claim.split("[")[0])
        spec = None if function is None else spec_of(function)
        if result is None or spec is None or spec.kind != "sampled":
            continue
        comparison = compare_saved(claim, hypothesis_of(spec, claim), new, old, chosen.margin)
        if comparison is not None:
            outcome = outcome_of_comparison(result, comparison)
            failed = failed or outcome.error is not None
            rows.append((dataclasses.replace(result, comparison=comparison), outcome))
    text = comparison_markdown(rows)
    print(text, end="")
    if chosen.summary is not None:
        write_atomically(chosen.summary, text)
    return 1 if failed else 0
