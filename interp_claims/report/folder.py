"""The folder that a report is written to."""

from __future__ import annotations

import os
from pathlib import Path

from interp_claims.files import FileError

PAGE, SUMMARY, RESULTS = "index.html", "summary.md", "results.json"


def check_folder(folder: Path) -> None:
    """Raise :class:`FileError` unless a report can be written to this folder, which need not exist yet."""
    path = folder.absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir():
        raise FileError(f"{folder}: {existing} is a file, wanted a folder; choose another")
    if not os.access(existing, os.W_OK):
        raise FileError(f"{folder}: nothing can be written to {existing}; choose another folder")
    if blocked := next((name for name in (PAGE, SUMMARY, RESULTS) if (path / name).is_dir()), None):
        raise FileError(f"{path / blocked}: is a folder, wanted room for a file; choose another folder")
