"""Where derived data is kept, and writing files so that nobody ever reads half of one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where derived data is kept: ``$INTERP_CLAIMS_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("INTERP_CLAIMS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("interp-claims", appauthor=False))


def write_atomically(path: Path, content: str | bytes | memoryview) -> None:
    """Write a file so that readers see the old or the new content, never a part, even after a crash."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f"{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
