"""What runs at the moment: each process writes a small file, and the one with the terminal draws them as one line."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import TextIO

from interp_claims.files import write_atomically
from interp_claims.running import Progress
from interp_claims.verdicts.sequential import Verdict

_ERASE = "\r\x1b[2K"
_SECONDS_BETWEEN = 0.5
_BAR = 12


class ProgressFile:
    """Where one process says what it is running.

    Args:
        folder: shared by the processes of one run.
        process: the process's name.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / f"{process}.json"

    def write(self, progress: Progress) -> None:
        """Replace what this process said before, if that can be: no claim fails for it."""
        content = {
            "sentence": progress.sentence,
            "mazes": progress.mazes,
            "budget": progress.budget,
            "effect": progress.effect,
            "verdict": progress.verdict.value,
            "waiting_for": list(progress.waiting_for),
        }
        with contextlib.suppress(OSError):
            write_atomically(self._path, json.dumps(content))

    def clear(self) -> None:
        """Say that this process runs no claim."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def progress_line(contents: list[dict[str, object]], width: int) -> str:
    """One line for all processes: a bar, mazes and estimate of each running claim."""
    parts = []
    for content in contents:
        mazes, budget = int(str(content["mazes"])), max(1, int(str(content["budget"])))
        bar = "━" * round(_BAR * mazes / budget)
        waiting = content["waiting_for"]
        state = "" if content["verdict"] == Verdict.UNDECIDED.value else f", {content['verdict']}"
        if state and isinstance(waiting, list) and waiting:
            state += f", now {waiting[0]}"
        numbers = f"{bar:·<{_BAR}} {mazes}/{budget} {_number(content['effect'])}{state} "
        room = max(10, width // max(1, len(contents)) - len(numbers) - 2)
        parts.append(numbers + str(content["sentence"])[:room])
    return "  ".join(parts)[: width - 1]


def _number(effect: object) -> str:
    return "" if effect is None else f"{float(str(effect)):+.3f}"


class ProgressLine:
    """Redraws the line twice a second until stopped.

    Args:
        folder: where the processes write.
        stream: a terminal.
        width: its width in columns.
    """

    def __init__(self, folder: Path, stream: TextIO, width: int) -> None:
        self._folder, self._stream, self._width = folder, stream, width
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def _draw(self) -> None:
        while not self._stop.wait(_SECONDS_BETWEEN):
            contents = []
            for path in sorted(self._folder.glob("*.json")):
                try:
                    contents.append(json.loads(path.read_text(encoding="utf-8")))
                except (OSError, ValueError):
                    continue
            if contents:
                self._stream.write(f"{_ERASE}{progress_line(contents, self._width)}\r")
                self._stream.flush()

    def erase(self) -> None:
        """Take the line away before something else is written."""
        self._stream.write(_ERASE)
        self._stream.flush()

    def stop(self) -> None:
        """Stop redrawing and take the line away."""
        self._stop.set()
        self._thread.join()
        self.erase()
