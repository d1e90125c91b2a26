import numpy as np
import pytest

from interp_claims.verdicts import STAKES, log_wealth


def brute_force_wealth(returns):
    """The mixture's wealth written as its definition says: an average of products."""
    history = []
    for t in range(1, len(returns) + 1):
        fortunes = []
        for stake in STAKES:
            fortune = 1.0
            for paid in returns[:t]:
                fortune *= 1 - stake + stake * paid
            fortunes.append(fortune)
        history.append(sum(fortunes) / len(fortunes))
    return np.array(history)


def test_the_wealth_is_the_average_of_twelve_gamblers():
    returns = np.random.default_rng(0).uniform(0, 2.5, 40)
    assert np.exp(log_wealth(returns)) == pytest.approx(brute_force_wealth(returns), rel=1e-12)


def test_the_stakes_are_twelve_log_spaced_fractions():
    assert len(STAKES) == 12
    assert np.diff(np.log(STAKES)) == pytest.approx(np.log(0.98 / 0.02) / 11)


def test_a_fair_bet_does_not_gain_on_average():
    coins = np.random.default_rng(1).integers(0, 2, (20_000, 12)) * 2.0
    wealth = np.exp(log_wealth(coins))[:, -1]
    assert abs(wealth.mean() - 1) < 4 * wealth.std() / np.sqrt(len(wealth))


def test_no_sequence_of_losses_ruins_the_mixture():
    assert np.isfinite(log_wealth(np.zeros(100_000))).all()


def test_long_wins_do_not_overflow():
    assert log_wealth(np.full(100_000, 50.0))[-1] > 100_000


def test_the_order_of_the_mazes_does_not_matter_at_a_fixed_number():
    returns = np.random.default_rng(2).uniform(0, 3, 100)
    assert log_wealth(returns)[-1] == pytest.approx(log_wealth(returns[::-1])[-1])


def test_many_sequences_at_once_give_what_each_gives_alone():
    returns = np.random.default_rng(3).uniform(0, 3, (4, 30))
    assert np.array_equal(log_wealth(returns), np.stack([log_wealth(row) for row in returns]))
