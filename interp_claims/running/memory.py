"""Giving memory back to the system during long runs."""

from __future__ import annotations

import ctypes


def give_back_free_memory() -> None:
    """Let the system have what this process has freed.

    Activations that are kept lie between larger ones that are not, so that the C library finds no room for the next
    large ones in what was freed, and asks for more and more. glibc alone has a call for it; elsewhere nothing is done.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):
        return
    trim(0)
