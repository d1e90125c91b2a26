"""Many statements at once: which of them to believe in a sweep over claims and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interp_claims.verdicts.estimands import EffectError


def e_bh(log_e_values: Sequence[float], rate: float) -> np.ndarray:
    """The e-BH procedure: which statements to believe so that a share of at most ``rate`` of them is false on average.

    Holds whatever the dependence between the statements, so that claims may share mazes and checkpoints be alike. The
    evidence must be that at one look fixed beforehand, the same for all: evidence at the moment when each crossed a bar
    would be too good. Source: Wang & Ramdas, "False discovery rate control with e-values" (2022).

    Args:
        log_e_values: the log evidence for each statement, as :meth:`Hypothesis.log_evidence` gives it at one look.
        rate: the largest false discovery rate, between 0 and 1.

    Returns:
        bool array, in the order of the statements.

    Raises:
        EffectError: a rate out of its range, or evidence that is NaN.

    >>> e_bh([5.0, 4.0, 0.0, -1.0], rate=0.1).tolist()
    [True, True, False, False]
    """
    if not 0 < rate < 1:
        raise EffectError(f"rate: got {rate}, wanted a number between 0 and 1")
    evidence = np.asarray(log_e_values, dtype=np.float64)
    if evidence.ndim != 1 or np.isnan(evidence).any():
        raise EffectError(f"log e-values: got shape {evidence.shape} with NaN or not, wanted one finite number each")
    count = len(evidence)
    order = np.argsort(-evidence, kind="stable")
    bars = -np.log(rate * np.arange(1, count + 1) / max(1, count))
    passing = np.flatnonzero(evidence[order] >= bars)
    believed = np.zeros(count, dtype=bool)
    if len(passing):
        believed[order[: passing[-1] + 1]] = True
    return believed
