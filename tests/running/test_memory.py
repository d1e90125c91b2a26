"""Freed memory goes back to the system, where there is a way to."""

import ctypes
import subprocess
import sys

import pytest

from interp_claims.running.memory import give_back_free_memory

FREED = """
import ctypes, resource, sys
import numpy as np
from interp_claims.running.memory import give_back_free_memory

def resident_mib():
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize() / 2**20

if not hasattr(ctypes.CDLL(None), "malloc_trim"):
    sys.exit(3)
pairs = [(np.ones(60_000, dtype=np.uint8), np.ones(1_000, dtype=np.uint8)) for _ in range(4_000)]
kept = [small for _, small in pairs]
del pairs
before = resident_mib()
give_back_free_memory()
print(before - resident_mib())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's account of a process's memory")
def test_what_lay_between_things_that_are_kept_goes_back():
    """In a process of its own, whose memory nothing else has cut up."""
    run = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=False)
    if run.returncode == 3:
        pytest.skip("this C library keeps what was freed")
    assert float(run.stdout) > 100, run.stderr


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_a_system_without_such_a_call_is_no_error(monkeypatch, error):
    def no_library(name):
        raise error(name)

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    give_back_free_memory()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back_free_memory()
