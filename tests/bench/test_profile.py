"""Profiles: each function's own time counts for the kind of work that it serves."""

import pytest

from interp_claims.bench.growth import picture
from interp_claims.bench.profile import OTHER, kind_of, seconds_by_kind

RUN = ("/x/interp_claims/running/sampled.py", 1, "run")
PAINT = ("/x/interp_claims/mazes/painting.py", 1, "paint")
NETWORK = ("/x/interp_claims/policies/network.py", 1, "run")
DOT = ("~", 0, "<built-in method dot>")
NUMPY = ("/lib/numpy/core/numeric.py", 1, "stack")


def entry(own, callers=None):
    return (1, 1, own, own, {f: (1, 1, seconds, seconds) for f, seconds in (callers or {}).items()})


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/x/interp_claims/mazes/geometry.py", "mazes and geometry"),
        ("C:\\x\\interp_claims\\mazes\\painting.py", "rendering"),
        ("/lib/torch/nn/functional.py", "network"),
        ("/lib/sklearn/linear_model/_logistic.py", "statistics"),
        ("/x/claims/test_channels.py", "running claims"),
        ("~", None),
        ("/lib/numpy/core/numeric.py", None),
    ],
)
def test_files_tell_the_kind_of_work(file, kind):
    assert kind_of(file) == kind


def test_what_serves_many_counts_for_those_that_called_it():
    stats = {
        RUN: entry(1.0),
        PAINT: entry(2.0, {RUN: 2.0}),
        NETWORK: entry(3.0, {RUN: 3.0}),
        NUMPY: entry(4.0, {PAINT: 3.0, NETWORK: 1.0}),
        DOT: entry(8.0, {NUMPY: 4.0, NETWORK: 4.0}),
    }
    found = seconds_by_kind(stats)
    assert found["running claims"] == pytest.approx(1)
    assert found["rendering"] == pytest.approx(2 + 3 + 8 * 0.5 * 0.75)
    assert found["network"] == pytest.approx(3 + 1 + 8 * (0.5 + 0.5 * 0.25))
    assert sum(found.values()) == pytest.approx(18)
    assert list(found) == sorted(found, key=found.get, reverse=True)


def test_functions_that_call_each_other_and_those_that_nobody_called_end_up_somewhere():
    first, second = ("~", 0, "a"), ("~", 0, "b")
    stats = {first: entry(1.0, {second: 1.0}), second: entry(2.0, {first: 1.0, NETWORK: 1.0}), NETWORK: entry(0.0)}
    found = seconds_by_kind(stats)
    assert sum(found.values()) == pytest.approx(3)
    assert set(found) <= {"network", OTHER}


def test_growth_is_drawn_a_panel_for_each_quantity():
    figure = picture({f"{name}: work": [(1, 0.5), (2, 1.0)] for name in ("mazes", "tiles", "edits", "policies")})
    assert [axes.get_xlabel() for axes in figure.axes] == ["mazes", "tiles", "edits", "policies"]
    assert all(axes.get_ylim()[0] == 0 for axes in figure.axes)
