"""``python -m interp_claims.bench.profile claims/ …``: where the time of a run of pytest goes, by kind of work."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
import pytest
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from scipy.sparse import lil_matrix

#: Parts of a file's path, and the kind of work that is done there; the first that fits counts.
KINDS = (
    ("interp_claims/mazes/painting", "rendering"),
    ("interp_claims/mazes/procgen", "rendering"),
    ("/procgen/", "rendering"),
    ("/gym3/", "rendering"),
    ("interp_claims/mazes/", "mazes and geometry"),
    ("interp_claims/policies/", "network"),
    ("/torch/", "network"),
    ("interp_claims/edits/", "edits"),
    ("interp_claims/measures/", "measures"),
    ("interp_claims/discovery/", "measures"),
    ("interp_claims/verdicts/", "statistics"),
    ("/scipy/", "statistics"),
    ("/sklearn/", "statistics"),
    ("interp_claims/", "running claims"),
    ("claims/test_", "running claims"),
    ("_pytest/", "pytest"),
    ("pluggy/", "pytest"),
)
OTHER = "imports and the rest"
_STEPS_UP = 100

Function = tuple[str, int, str]
#: What pstats keeps of a function: calls, calls that are not recursive, own time, whole time, and its callers.
Entry = tuple[int, int, float, float, Mapping[Function, tuple[int, int, float, float]]]


def kind_of(file: str) -> Optional[str]:
    """The kind of work that a file does, or None for one that serves many, such as numpy's."""
    path = file.replace("\\", "/")
    return next((kind for part, kind in KINDS if part in path), None)


def seconds_by_kind(stats: Mapping[Function, Entry]) -> dict[str, float]:
    """Own times by kind of work; what serves many kinds counts for those that called it.

    Args:
        stats: of a profile, as ``pstats.Stats(profile).stats``.
    """
    kinds = [*dict.fromkeys(kind for _, kind in KINDS), OTHER]
    direct = {function: kind_of(function[0]) for function in stats}
    number = {function: i for i, function in enumerate(f for f, kind in direct.items() if kind is None)}
    among, known = lil_matrix((len(number), len(number))), np.zeros((len(number), len(kinds)))
    for function, row in number.items():
        callers = {f: times[3] for f, times in stats[function][4].items() if f in stats and f != function}
        whole = sum(callers.values())
        for caller, seconds in callers.items() if whole > 0 else ():
            if caller in number:
                among[row, number[caller]] = seconds / whole
            else:
                known[row, kinds.index(str(direct[caller]))] += seconds / whole
    among, shares = among.tocsr(), known.copy()
    for _ in range(_STEPS_UP):
        shares = among @ shares + known
    shares[:, -1] += 1 - shares.sum(axis=1)  # nobody's, or lost in circles
    own = np.array([stats[function][2] for function in number])
    found = dict(zip(kinds, own @ shares))
    for function, kind in direct.items():
        if kind is not None:
            found[kind] += stats[function][2]
    return dict(sorted(((kind, float(s)) for kind, s in found.items() if s > 0), key=lambda item: -item[1]))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run pytest with these arguments in this process, show the shares, and return pytest's status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    profile = cProfile.Profile()
    status = int(profile.runcall(pytest.main, [*given, "-n", "0", "-p", "no:cacheprovider"]))
    stats: Any = pstats.Stats(profile)
    found = seconds_by_kind(stats.stats)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("work", "seconds", "share"):
        table.add_column(heading)
    for kind, seconds in found.items():
        table.add_row(kind, f"{seconds:.1f}", f"{seconds / sum(found.values()):.1%}")
    Console().print(table)
    return status


if __name__ == "__main__":
    sys.exit(main())
