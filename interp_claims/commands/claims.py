"""``interp-claims list`` and ``run``."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.claims import spec_of
from interp_claims.collecting import claims_in

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
  interp-claims run claims/test_adding.py

`interp-claims run …` is `pytest claims/ …`; where files or folders of claims are named, as pytest takes them, it runs
these alone. It ends with pytest's status: 0 all passed, 1 some failed, 2 interrupted, 3 a file could not be written, 4
wrong usage, 5 no claims chosen
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
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *_where(chosen.passed_on), *chosen.passed_on])


def _where(words: Sequence[str]) -> Sequence[str]:
    """What makes pytest run the claims where its words name no others: files among them may be values of options."""
    named = any(word and Path(word.partition("::")[0]).exists() for word in words)
    return ["-o", "testpaths=claims/"] if named else ["claims/"]
