"""Where derived data is kept, and writing files so that nobody ever reads half of one."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import platformdirs

from interp_claims.errors import InterpClaimsError


class MarksError(InterpClaimsError):
    """A file without the marks between which something is to be written."""


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


def write_between_marks(path: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``, keeping the rest of the file.

    Raises:
        MarksError: the file has no such pair of marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    marked = re.compile(rf"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not marked.search(old):
        raise MarksError(
            f"{path}: found no pair of marks, wanted '{begin}' and '{end}' on lines of their own around its place"
        )
    write_atomically(path, marked.sub(lambda match: f"{match[1]}{text}{match[2]}", old))
