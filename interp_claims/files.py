"""Where derived data is kept, and writing files so that nobody ever reads half of one."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock

from interp_claims.errors import CircumstanceError


class FileError(CircumstanceError, OSError):
    """A file or folder that cannot be written as asked."""


class CacheWarning(UserWarning):
    """Derived data that could not be read, and is made anew, or could not be kept, and will be."""


def cache_folder() -> Path:
    """Where derived data is kept: ``$INTERP_CLAIMS_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("INTERP_CLAIMS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("interp-claims", appauthor=False))


def write_atomically(path: Path, content: str | bytes | memoryview) -> None:
    """Write a file so that readers see the old or the new content, never a part, even after a crash.

    Of several who write the same file at once, the last one wins, with its whole content.

    Raises:
        FileError: it cannot be written, for example because the disk is full; what was there before is unchanged.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f"{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileError(
                f"{path}: cannot be written ({error.strerror or error}), and is as it was before; make room for it, or "
                "choose another path"
            ) from error
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from a file or folder meanwhile, if locks can be had where it is; waits until it is free.

    Args:
        path: what to lock; the lock lies beside it.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError, NotImplementedError):
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(f"{path}.lock"))
        yield


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises:
        FileError: it cannot be made, for example because it is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{path}: cannot make this folder ({error.strerror}); choose another") from error


def write_between_marks(path: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``, keeping the rest of the file.

    Raises:
        FileError: the file has no such pair of marks.
    """
    old = check_marks(path, name)
    write_atomically(path, _marked(name).sub(lambda match: f"{match[1]}{text}{match[2]}", old))


def check_marks(path: Path, name: str) -> str:
    """The text of a file that has the marks that :func:`write_between_marks` wants.

    Raises:
        FileError: it has no such pair of marks.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not _marked(name).search(text):
        raise FileError(
            f"{path}: found no pair of marks, wanted '<!-- {name}: begin -->' and '<!-- {name}: end -->' on lines of "
            "their own around its place"
        )
    return text


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
