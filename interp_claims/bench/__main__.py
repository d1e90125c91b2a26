"""``python -m interp_claims.bench``: measure the suite's speed on this machine, as ratios."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.bench.arithmetic import arithmetic_rows
from interp_claims.bench.budget import budget_rows
from interp_claims.bench.edits import edit_rows
from interp_claims.bench.explorer import explorer_rows
from interp_claims.bench.plain import switch_over
from interp_claims.bench.rendering import rendering_rows, throughput_rows
from interp_claims.bench.rows import Row
from interp_claims.bench.suite import policies_rows, suite_rows
from interp_claims.bench.training import live_data_rows
from interp_claims.errors import InterpClaimsError
from interp_claims.files import FileError, check_marks, write_atomically, write_between_marks

BENCHMARKS: dict[str, Callable[[str], Iterator[Row]]] = {
    "edits": edit_rows,
    "throughput": throughput_rows,
    "rendering": rendering_rows,
    "budget": budget_rows,
    "arithmetic": arithmetic_rows,
    "training": live_data_rows,
    "explorer": explorer_rows,
    "policies": policies_rows,
    "suite": suite_rows,
}
_LONG = ("policies", "suite")
_EPILOG = """\
example:
  python -m interp_claims.bench --only training --json bench.json

Every figure is a ratio of two ways of doing the same work, measured in one run on one machine. Leave the machine alone
while it runs. Whole runs of the claims (policies, suite) take long and are left out unless they are named. "edits"
compares with the authors' published tools: pip install --no-deps procgen-tools==0.1. --markdown changes nothing unless
all was measured

exit status: 0 measured (whether targets were reached or not), 2 wrong usage, or something needed is not there
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m interp_claims.bench",
        description="The suite's speed on this machine, as ratios.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", choices=sorted(BENCHMARKS), help="run these alone; repeatable")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument(
        "--markdown",
        type=Path,
        help="write the whole table between the benchmark marks of this file; the long ones have marks of their own",
    )
    parser.add_argument(
        "--plain", action="store_true", help="without the suite's short cuts in drawing and computing: how fast it was"
    )
    parser.add_argument("--device", default="cpu", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    long = set(chosen.only or ()) == set(_LONG)
    marks = f"{'plain ' if chosen.plain else ''}{'long ' if long else ''}benchmark"
    if chosen.markdown is not None:
        if chosen.only and not long:
            parser.error(f"--markdown writes a whole table: leave --only out, or name {' and '.join(_LONG)} together")
        try:
            check_marks(chosen.markdown, marks)
        except FileError as error:
            parser.error(f"--markdown: {error}")
    if chosen.plain:
        switch_over()
    console = Console(width=None if sys.stdout.isatty() else 150)
    rows = []
    status = 0
    with console.status("measuring") as line:
        for name in chosen.only or [name for name in BENCHMARKS if name not in _LONG]:
            line.update(f"measuring: {name}")
            try:
                for row in BENCHMARKS[name](chosen.device):
                    rows.append(row)
                    if chosen.json is not None:
                        write_atomically(chosen.json, json.dumps(_content(rows, chosen.device), indent=1) + "\n")
            except InterpClaimsError as error:
                console.print(f"{name}: {error}", markup=False)
                status = 2
    console.print(_table(rows))
    if chosen.markdown is not None and status == 0:
        write_between_marks(chosen.markdown, marks, _markdown(rows))
    elif chosen.markdown is not None:
        console.print(f"{chosen.markdown}: is as it was before, since not all was measured", markup=False)
    return status


def _content(rows: Sequence[Row], device: str) -> dict[str, Any]:
    machine = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()
    where = {"machine": machine, "threads": torch.get_num_threads(), "torch": torch.__version__}
    return {"schema": 1, **where, "rows": [row.to_dict() for row in rows]}


def _markdown(rows: Sequence[Row]) -> str:
    head = ["| work | against | ratio | target | reached | measured |", "|---|---|---|---|---|---|"]
    cells = ([row.name, row.against, f"{row.ratio:.2f}", _target(row), _reached(row), row.detail] for row in rows)
    return "".join(f"{line}\n" for line in [*head, *(f"| {' | '.join(cell)} |" for cell in cells)])


def _target(row: Row) -> str:
    return f"{'≥' if row.direction == 'at least' else '≤'} {row.target:g}"


def _reached(row: Row) -> str:
    return "yes" if row.reached else "no"


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("work", "against", "ratio", "target", "reached", "measured"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row.name, row.against, f"{row.ratio:.3f}", _target(row), _reached(row), row.detail)
    return table


if __name__ == "__main__":
    sys.exit(main())
