"""The roles of a policy as text, from numbers that are known."""

import pytest

from interp_claims.discovery import LayerScores
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy
from interp_claims.policies.roles import Roles
from interp_claims.report import roles as report

FOUND = Roles(DEFAULT_LAYER, (2, 0), (10.0, 1.0, 123.45), (0.5, 0.1, 1.25), (0.25, 0.0, -0.125), 512)
SCORES = LayerScores(("early", DEFAULT_LAYER, "late"), (0.125, 0.5, 0.25), (0.5, 0.25, -0.0625))
EFFECTS = (0.0625, 0.25, 0.125)


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(report, "roles_of", lambda policy: FOUND)
    monkeypatch.setattr(report, "effective_channels_of", lambda policy: (0,))
    monkeypatch.setattr(report, "gains_alone_of", lambda policy: (-0.0625, 0.03125))
    monkeypatch.setattr(report, "layer_scores_of", lambda policy: SCORES)
    monkeypatch.setattr(report, "channel_stability", lambda policy: 0.754)
    monkeypatch.setattr(report, "channel_effects_of", lambda policy: EFFECTS)


@pytest.fixture
def text(found):
    return report.roles_text(Policy(ImpalaNetwork(1).initialise(0), name="small"))


def test_channels_are_shown_in_the_order_of_their_ranks_with_their_numbers(text):
    assert f"small: cheese channels at {DEFAULT_LAYER}" in text
    rows = [line.split() for line in text.splitlines()]
    first = rows.index(["2", "123.5", "+1.250", "-0.125", "-0.062", "+0.125", "2"])
    assert first < rows.index(["0", "10.0", "+0.500", "+0.250", "+0.031*", "+0.062", "3"])


def test_layers_are_shown_in_the_order_of_the_network(text):
    rows = [line.split() for line in text.splitlines()]
    places = [
        rows.index(row)
        for row in (["early", "0.125", "+0.500"], [DEFAULT_LAYER, "0.500", "+0.250"], ["late", "0.250", "-0.062"])
    ]
    assert places == sorted(places)


def test_ranks_stability_and_the_hash_are_said(text):
    assert text.splitlines()[-6:] == [
        "of all channels, those with the largest effect: 1 (+0.250), 2 (+0.125)",
        "they overlap with the cheese channels by 0.33 (Jaccard)",
        f"the layer of the papers, {DEFAULT_LAYER}, ranks 1 by tracking, 2 by effect of 3",
        f"the layer found, {DEFAULT_LAYER}, ranks 1 by tracking, 2 by effect of 3",
        "channels found on disjoint sets of discovery mazes overlap by 0.75 (Jaccard)",
        f"sha-256 of the frozen roles: {FOUND.sha256}",
    ]


def test_many_channels_are_listed_on_several_lines(found, monkeypatch):
    many = Roles(DEFAULT_LAYER, tuple(range(11)), (1.0,) * 128, (0.5,) * 128, (0.25,) * 128, 512)
    monkeypatch.setattr(report, "roles_of", lambda policy: many)
    monkeypatch.setattr(report, "gains_alone_of", lambda policy: (0.0,) * 11)
    monkeypatch.setattr(report, "channel_effects_of", lambda policy: tuple(i / 1000 for i in range(128)))
    text = report.roles_text(Policy(ImpalaNetwork(1).initialise(0), name="small"))
    assert max(map(len, text.splitlines())) <= 110
    assert "127 (+0.127), 126 (+0.126)" in text and "117 (+0.117)" in " ".join(text.split())


def test_no_line_is_wider_than_a_page_or_ends_in_blanks(text):
    assert max(map(len, text.splitlines())) <= 110
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_table_has_a_row_for_each_policy(found):
    policies = [Policy(ImpalaNetwork(1).initialise(0), name=name) for name in ("one", "two")]
    lines = report.roles_markdown(policies).splitlines()
    assert len(lines) == 4
    assert [line.count(" | ") for line in lines] == [5, 0, 5, 5]
    assert lines[3] == f"| `two` | 2, 0 | 0.75 | 0.33 | 1, 2 of 3 | `{DEFAULT_LAYER}` |"
