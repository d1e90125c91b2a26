"""Whole runs of ``pytest claims/``: two processes against two threads, several policies against one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from interp_claims.bench.rows import Row
from interp_claims.errors import InterpClaimsError

_GIB = 2**20  # KiB
_SLOWER, _LARGEST_GIB, _SHARED = 1.1, 3.0, 0.95
_POLICIES = ("region5-seed0-scale2", "region5-seed1-scale2")
_FEW = "claims/test_top_right_vector.py"
_SECONDS_BETWEEN = 0.5


def suite_rows(device: str) -> Iterator[Row]:
    """The default run, which takes minutes each way. Only on Linux is memory measured.

    Raises:
        InterpClaimsError: a run broke off.
    """
    workers, workers_gib = _run("claims/", "-n", "2", device=device)
    threads, threads_gib = _run("claims/", "-n", "0", device=device)
    yield Row(
        "pytest claims/ -n 2",
        "pytest claims/ -n 0 with as many threads",
        workers / threads,
        _SLOWER,
        "at most",
        f"{workers:.0f} s against {threads:.0f} s",
    )
    detail = f"{threads_gib:.2f} GiB with -n 0; memory shared by processes counted once"
    yield Row("peak memory of pytest claims/ -n 2", "1 GiB", workers_gib, _LARGEST_GIB, "at most", detail)


def policies_rows(device: str) -> Iterator[Row]:
    """A part of the claims on several policies, in one run and in as many.

    Raises:
        InterpClaimsError: a run broke off.
    """
    options = [word for name in _POLICIES for word in ("--policy", name)]
    together, _ = _run(_FEW, "-n", "0", *options, device=device)
    apart = [_run(_FEW, "-n", "0", "--policy", name, device=device)[0] for name in _POLICIES]
    yield Row(
        f"{len(_POLICIES)} policies in one run",
        f"{len(_POLICIES)} runs of one",
        together / sum(apart),
        _SHARED,
        "at most",
        f"{_FEW}: {together:.0f} s against {' + '.join(f'{seconds:.0f}' for seconds in apart)} s",
    )


def _run(*arguments: str, device: str) -> tuple[float, float]:
    """Seconds, and the most memory in GiB, of one run of pytest in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--device", device, *arguments]
    environment = {**os.environ}
    if "-n" in arguments and arguments[arguments.index("-n") + 1] == "0":
        environment["OMP_NUM_THREADS"] = "2"
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as run:
        memory = _Memory(run.pid)
        output, _ = run.communicate()
        seconds = time.perf_counter() - began
        peak = memory.stop()
    if run.returncode not in (0, 1):
        raise InterpClaimsError(f"{' '.join(command)}: ended with {run.returncode}:\n{output[-2000:]}")
    return seconds, peak


class _Memory:
    """Watches how much memory a process and those that it started take together.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._peak = pid, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(_SECONDS_BETWEEN):
            self._peak = max(self._peak, sum(map(_kib, _family(self._pid))))

    def stop(self) -> float:
        """The most so far, in GiB."""
        self._stop.set()
        self._thread.join()
        return self._peak / _GIB


def _family(pid: int) -> Sequence[int]:
    """A process and all that descend from it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def _kib(pid: int) -> int:
    """The memory of a process, what it shares with others in proportion."""
    try:
        lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
