"""The roles of a policy as text, from numbers that are known."""

import pytest

from interp_claims.discovery import LayerScores
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy
from interp_claims.policies.roles import Roles
from interp_claims.report import roles as report

FOUND = Roles(DEFAULT_LAYER, (2, 0), (10.0, 1.0, 123.45), (0.5, 0.1, 1.25), (0.25, 0.0, -0.125), 512)
SCORES = LayerScores(("early", DEFAULT_LAYER, "late"), (0.125, 0.5, 0.25), (0.5, 0.25, -0.0625))


@pytest.fixture
def text(monkeypatch):
    monkeypatch.setattr(report, "roles_of", lambda policy: FOUND)
    monkeypatch.setattr(report, "effective_channels_of", lambda policy: (0,))
    monkeypatch.setattr(report, "layer_scores_of", lambda policy: SCORES)
    monkeypatch.setattr(report, "channel_stability", lambda policy: 0.754)
    return report.roles_text(Policy(ImpalaNetwork(1).initialise(0), name="small"))


def test_channels_are_shown_in_the_order_of_their_ranks_with_their_numbers(text):
    assert f"small: cheese channels at {DEFAULT_LAYER}" in text
    rows = [line.split() for line in text.splitlines()]
    first, second = rows.index(["2", "123.5", "+1.250", "-0.125"]), rows.index(["0", "10.0", "+0.500", "+0.250", "yes"])
    assert first < second


def test_layers_are_shown_in_the_order_of_the_network(text):
    rows = [line.split() for line in text.splitlines()]
    places = [
        rows.index(row)
        for row in (["early", "0.125", "+0.500"], [DEFAULT_LAYER, "0.500", "+0.250"], ["late", "0.250", "-0.062"])
    ]
    assert places == sorted(places)


def test_ranks_stability_and_the_hash_are_said(text):
    assert text.splitlines()[-3:] == [
        f"the layer of the papers, {DEFAULT_LAYER}, ranks 1 by tracking, 2 by effect of 3",
        "channels found on disjoint sets of discovery mazes overlap by 0.75 (Jaccard)",
        f"sha-256 of the frozen roles: {FOUND.sha256}",
    ]


def test_no_line_is_wider_than_a_page_or_ends_in_blanks(text):
    assert max(map(len, text.splitlines())) <= 110
    assert all(line == line.rstrip() for line in text.splitlines())
