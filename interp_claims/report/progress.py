"""What runs at the moment: each process writes a small file, and the one with the terminal draws a line for each."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from interp_claims.files import write_atomically
from interp_claims.running import Progress
from interp_claims.verdicts.sequential import Verdict

_ERASE = "\r\x1b[0J"  # from here to the end of the screen: the lines begin where the cursor rests
_SECONDS_BETWEEN = 0.5
_BAR = 10
_LEAST_SENTENCE = 24


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
            "interval": None if progress.interval is None else list(progress.interval),
            "support": progress.support,
            "refute": progress.refute,
            "seconds_left": progress.seconds_left,
        }
        with contextlib.suppress(OSError):
            write_atomically(self._path, json.dumps(content))

    def clear(self) -> None:
        """Say that this process runs no claim."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def progress_line(content: Mapping[str, Any], width: int) -> str:
    """One process's line: a bar, mazes, estimate and interval, evidence, time left and the sentence, as far as fits.

    Args:
        content: what the process wrote.
        width: columns of the terminal.
    """
    mazes, budget = int(content["mazes"]), max(1, int(content["budget"]))
    parts = [f"{'━' * round(_BAR * mazes / budget):·<{_BAR}} {mazes}/{budget}"]
    interval = content["interval"]
    bounds = f" [{interval[0]:+.3f}, {interval[1]:+.3f}]" if interval is not None else ""
    if content["effect"] is not None:
        parts.append(f"{float(content['effect']):+.3f}{bounds}")
    if content["verdict"] == Verdict.UNDECIDED.value:
        parts.append(f"for {content['support']:.0%} against {content['refute']:.0%}")
    else:
        waiting = content["waiting_for"]
        parts.append(f"{content['verdict']}{f', now {waiting[0]}' if waiting else ''}")
    if content["seconds_left"] is not None:
        parts.append(f"≤ {_minutes(float(content['seconds_left']))}")
    while len(parts) > 1 and len("  ".join(parts)) > width - _LEAST_SENTENCE:
        parts.pop()
    return "  ".join([*parts, str(content["sentence"])])[: width - 1]


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


class ProgressLines:
    """Redraws the lines twice a second until stopped.

    Args:
        folder: where the processes write.
        stream: a terminal.
        width: its width in columns.
    """

    def __init__(self, folder: Path, stream: TextIO, width: int) -> None:
        self._folder, self._stream, self._width = folder, stream, width
        self._stop, self._writing = threading.Event(), threading.Lock()
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
                lines = [progress_line(content, self._width) for content in contents]
                back = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
                with self._writing:
                    self._stream.write(_ERASE + "\n".join(lines) + back + "\r")
                    self._stream.flush()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Take the lines away, and draw none while something else is written."""
        with self._writing:
            self._stream.write(_ERASE)
            self._stream.flush()
            yield

    def stop(self) -> None:
        """Stop redrawing and take the lines away."""
        self._stop.set()
        self._thread.join()
        with self.quiet():
            pass
