"""Recipes: what they may say, how the learning rate goes, and that they survive JSON."""

import dataclasses
import json
from itertools import pairwise

import pytest

from interp_claims.errors import InterpClaimsError
from interp_claims.training import Recipe, TrainingError

SLOPE = Recipe(samples=1000, batch=10, learning_rate=0.02, warm_up=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"region": 0}, "region: got 0, wanted a whole number, 1 to 25"),
        ({"region": 26}, "region: got 26, wanted a whole number, 1 to 25"),
        ({"region": 5.0}, "region: got 5.0, wanted a whole number, 1 to 25"),
        ({"seed": -1}, "seed: got -1, wanted a whole number, 0 to 2147483647"),
        ({"seed": 2**31}, "seed: got 2147483648, wanted a whole number, 0 to 2147483647"),
        ({"scale": 0}, "scale: got 0, wanted a whole number, 1 to 64"),
        ({"scale": 65}, "scale: got 65, wanted a whole number, 1 to 64"),
        ({"samples": 31}, "samples: got 31, wanted a whole number, 32 or more (one batch)"),
        ({"samples": 1e6}, "samples: got 1000000.0, wanted a whole number, 32 or more (one batch)"),
        ({"batch": 0}, "batch: got 0, wanted a whole number, 1 to 65536"),
        ({"batch": 65_537}, "batch: got 65537, wanted a whole number, 1 to 65536"),
        ({"squares_per_level": 0}, "squares_per_level: got 0, wanted a whole number, 1 to 64"),
        ({"squares_per_level": 65}, "squares_per_level: got 65, wanted a whole number, 1 to 64"),
        ({"precision": "float16"}, "precision: got 'float16', wanted one of bfloat16, float32"),
        ({"level_sizes": "large"}, "level_sizes: got 'large', wanted one of stock, by-area"),
        ({"init": "a.pth"}, "init: got 'a.pth', wanted a network's sha-256 in 64 hexadecimal digits, or ''"),
    ],
    ids=str,
)
def test_a_setting_out_of_its_range_is_named_with_what_is_wanted(changes, message):
    with pytest.raises(TrainingError) as error:
        Recipe(**changes)
    assert str(error.value) == message
    assert isinstance(error.value, InterpClaimsError)


@pytest.mark.parametrize(
    "changes",
    [
        {"region": 1}, {"region": 25}, {"seed": 2**31 - 1}, {"scale": 1}, {"scale": 64}, {"samples": 32},
        {"batch": 1}, {"batch": 65_536}, {"squares_per_level": 1}, {"squares_per_level": 64},
        {"precision": "bfloat16"},
    ],
    ids=str,
)  # fmt: skip
def test_both_ends_of_a_range_belong_to_it(changes):
    ((name, value),) = changes.items()
    assert getattr(Recipe(**changes), name) == value


@pytest.mark.parametrize(("samples", "steps"), [(32, 1), (63, 1), (64, 2), (1_200_000, 37_500)])
def test_samples_that_fill_no_batch_take_no_step(samples, steps):
    assert Recipe(samples=samples, batch=32).steps == steps


def test_the_learning_rate_rises_in_equal_steps_to_its_height():
    rates = [SLOPE.learning_rate_at(step) for step in range(20)]
    assert rates == pytest.approx([0.001 * (step + 1) for step in range(20)])


def test_the_learning_rate_then_falls_along_a_cosine_to_a_hundredth():
    rates = [SLOPE.learning_rate_at(step) for step in range(20, 101)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[20] == pytest.approx(0.02 * (0.01 + 0.99 * (1 + 2**-0.5) / 2)), "a quarter of the way"
    assert rates[40] == pytest.approx(0.02 * 0.505), "half of it"
    assert rates[80] == pytest.approx(0.0002), "at the end"
    assert all(a > b for a, b in pairwise(rates))
    assert SLOPE.learning_rate_at(1000) == pytest.approx(0.0002)


def test_a_run_shorter_than_its_warm_up_rises_all_the_way():
    short = Recipe(samples=320, batch=32, warm_up=200)
    rates = [short.learning_rate_at(step) for step in range(short.steps)]
    assert rates == pytest.approx([short.learning_rate * (step + 1) / 200 for step in range(10)])


def test_a_run_need_not_warm_up():
    assert Recipe(warm_up=0).learning_rate_at(0) == pytest.approx(Recipe().learning_rate)


def test_a_recipe_survives_json():
    other = Recipe(1, 2, 3, 4_000, 5, 6, 0.7, 8, 0.9, 0.1, 0.11, 1.2, 0.13, "bfloat16", "by-area", "ab" * 32)
    assert all(getattr(other, f.name) != f.default for f in dataclasses.fields(Recipe)), "none is at its default"
    assert Recipe.from_dict(json.loads(json.dumps(other.to_dict()))) == other


@pytest.mark.parametrize("data", [{"colour": 3}, {**Recipe().to_dict(), "colour": 3}])
def test_a_recipe_with_a_setting_that_there_is_not_is_refused(data):
    with pytest.raises(TypeError, match="colour"):
        Recipe.from_dict(data)


def test_in_short_runs_the_average_forgets_where_it_began(monkeypatch):
    monkeypatch.setattr("interp_claims.training.recipe._FORGETTING", 20.0)
    assert Recipe(samples=32 * 40_000).share_of_new_weights == 0.001
    assert Recipe(samples=32 * 1_000).share_of_new_weights == 0.02
    assert Recipe(samples=32 * 5).share_of_new_weights == 1.0
