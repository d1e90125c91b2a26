"""Where derived data is kept, and writing files so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where derived data is kept: ``$INTERP_CLAIMS_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("INTERP_CLAIMS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("interp-claims", appauthor=False))


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see the old or the new content, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
