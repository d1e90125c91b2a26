"""The closing table."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from interp_claims.outcomes import Outcome, control_text
from interp_claims.results import ClaimResult

VERDICT_STYLES = {"supported": "green", "refuted": "red", "undecided": "yellow", "not evaluated": "magenta"}


def closing_table(rows: Sequence[tuple[ClaimResult, Outcome]], *, width: int, colour: bool) -> str:
    """Claim, effect, interval, mazes, verdict and controls of each result, as text."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("claim", "policy", "effect", "interval", "wanted", "mazes", "verdict", "controls"):
        number = heading in ("effect", "mazes")
        keep = number or heading == "interval"
        table.add_column(heading, overflow="fold", no_wrap=keep, justify="right" if number else "left")
    for result, outcome in rows:
        interval = "" if result.interval is None else f"[{result.interval[0]:+.3f}, {result.interval[1]:+.3f}]"
        table.add_row(
            Text(claim_text(result.claim)),
            Text(result.policy or ""),
            "" if result.effect is None else f"{result.effect:+.3f}",
            Text(interval),
            result.statement,
            str(result.mazes),
            Text(outcome.word, style=VERDICT_STYLES.get(result.verdict, "")),
            "\n".join(control_text(control) for control in result.controls),
        )
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=colour, color_system="standard" if colour else None).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def claim_text(claim: str) -> str:
    """A claim's identity as it reads best: the function's name in words."""
    return claim.split("::")[-1].removeprefix("test_").replace("_", " ")
