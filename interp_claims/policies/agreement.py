"""One name, one set of weights: all processes of a run agree on what they loaded."""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock

from interp_claims.errors import CircumstanceError
from interp_claims.files import write_atomically


class ReplacedError(CircumstanceError):
    """A checkpoint that was replaced while a run was using it."""


class Agreement:
    """What the processes of one run loaded under each name or file: the first to load one decides for all.

    What counts is the identity of the weights in memory, so that it does not matter when the file was replaced.

    Args:
        folder: shared by the processes of the run, and by nobody else.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "weights"

    def note(self, which: str, name: str, sha256: str) -> None:
        """Say that a policy was loaded.

        Args:
            which: the name or file that it was loaded by.
            name: what it is called.
            sha256: its identity.

        Raises:
            ReplacedError: other weights were loaded by ``which`` before.
        """
        with FileLock(f"{self._path}.lock"):
            loaded = self._read()
            first = loaded.setdefault(which, {"name": name, "sha256": sha256})
            if first["sha256"] != sha256:
                raise ReplacedError(
                    f"{which}: was replaced during the run: its weights hash to {sha256}, those loaded first to "
                    f"{first['sha256']}; run the claims again, with --resume after putting the first file back"
                )
            write_atomically(self._path, json.dumps(loaded))

    def of(self, which: str) -> tuple[str, str] | None:
        """Name and identity of what was loaded by ``which``, or None if nothing was."""
        loaded = self._read().get(which)
        return None if loaded is None else (loaded["name"], loaded["sha256"])

    def _read(self) -> dict[str, dict[str, str]]:
        return dict(json.loads(self._path.read_text(encoding="utf-8"))) if self._path.exists() else {}
