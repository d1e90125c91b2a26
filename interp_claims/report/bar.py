"""A bar for what takes a while to be drawn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: What a report says that was made without pictures.
NO_PICTURES = "Made without vector fields (--no-pictures)."


@contextlib.contextmanager
def drawing_bar(text: str = "drawing the report") -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, moved by calling what comes with how much is done and how much there is.

    Nothing is shown where there is no terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
