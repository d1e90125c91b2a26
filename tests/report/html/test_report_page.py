"""The page: all that a run came to stands on it, none of it as code, and the same run gives the same bytes."""

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from results_for_pages import APPROXIMATE, BROKEN, COMPARED, SAMPLED, UNIVERSAL, measured

from interp_claims.report.html.page import render_page, replay_command

EVIL = "<script>alert(1)</script>\"'&"
VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """A page taken apart: its elements, its text by section, and what is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def all(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def page(saved, results, evidence):
    return render_page(saved(*results), {(results[0].claim, "one"): evidence}, notes={})


def test_every_element_is_closed_and_every_link_leads_somewhere(page):
    parsed = Page(page)
    assert parsed.open == []
    anchors = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(anchors) == len(set(anchors))
    inside = [link["href"][1:] for link in parsed.all("a") if link["href"].startswith("#")]
    assert set(inside) <= set(anchors)
    for attributes in (a for _, a in parsed.elements if "aria-labelledby" in a):
        assert attributes["aria-labelledby"] in anchors


def test_the_page_asks_for_nothing(page):
    parsed = Page(page)
    assert all(image["src"].startswith("data:") for image in parsed.all("img"))
    assert {link["href"] for link in parsed.all("a") if not link["href"].startswith("#")} == {
        "results.json",
        "summary.md",
    }
    assert [link["href"] for link in parsed.all("link")] == ["data:,"]
    assert not re.search(r"url\(|@import|https?://", page)
    (policy,) = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; img-src data:;")


def test_every_claim_says_what_it_came_to(page):
    text = Page(page).text
    assert "Claims about one" in text
    for piece in (
        "The vector lowers P.", "A post, “A section” (a place)", "✔ supported", "✘ refuted", "? undecided",
        "mean at least 0.2", "reported: about half", "scale 2: 32, 64, 64 channels", "1" * 64, "not evaluated",
        "ValueError: x", "AssertionError: <no> maze=…", "no-op: refuted", "noise: undecided",
        "pytest claims/test_a.py::test_the_vector_lowers_p --policy one --replay", "interp-claims 0.1.0, python 3.11.7",
        "@claim(...) def test_a(): <b>", "bounds -1 to 1", "Edits, in order: add(v) , subtract(v)",
        "Not pictured: EditError: it does not fit", "--policy one --replay 1100000009",
        "The maze that cannot be measured",
    ):  # fmt: skip
        assert piece in text, piece


def test_what_a_verdict_means_is_said_with_the_error_rate(saved):
    assert (
        "wrong with probability at most 0.001, at whatever" in Page(render_page(saved(measured()), {}, notes={})).text
    )


def test_all_pictures_have_words(page):
    parsed = Page(page)
    images = parsed.all("img")
    assert len(images) == 5
    assert all(len(image["alt"]) > 30 for image in images)
    drawings = [a for a in parsed.all("svg") if a.get("role") == "img"]
    assert drawings
    assert all(drawing["aria-label"] for drawing in drawings)
    assert parsed.all("html", lang="en")
    assert parsed.all("a", **{"class": "skip", "href": "#verdicts"})


def test_what_others_wrote_is_text_and_never_code(saved, evidence):
    evil = dataclasses.replace(
        measured(), sentence=EVIL, source=EVIL, policy=EVIL, reason=EVIL, reported=EVIL, prediction=EVIL,
        claim=f"claims/test_a.py::test_{EVIL}[{EVIL}]", counterexample=EVIL, statement="mean at least 0.2",
    )  # fmt: skip
    evil = dataclasses.replace(evil, controls=(dataclasses.replace(evil.controls[0], name=EVIL),))
    evil = dataclasses.replace(evil, comparison=dataclasses.replace(COMPARED, against=EVIL, lost=EVIL))
    other = dataclasses.replace(evil, policy="two")
    definition = dataclasses.replace(evidence.definition, source=EVIL, declared=((EVIL, EVIL),))
    mazes = tuple(dataclasses.replace(maze, edits=(EVIL,), trouble=EVIL) for maze in evidence.mazes)
    known = {(evil.claim, evil.policy): dataclasses.replace(evidence, definition=definition, mazes=mazes)}
    text = render_page(saved(evil, other, seeds_of={EVIL: EVIL, "two": EVIL}), known, notes={EVIL: EVIL}, remark=EVIL)
    assert len(Page(text).all("script")) == 1
    assert "<script>alert" not in text
    assert Page(text).open == []


def test_the_same_run_gives_the_same_page(saved, results, evidence):
    known = {(results[0].claim, "one"): evidence}
    again = render_page(saved(*reversed(results)), known, notes={})
    assert render_page(saved(*results), known, notes={}) == again
    slower = tuple(dataclasses.replace(result, seconds=99.0) for result in results)
    assert render_page(saved(*slower), known, notes={}) == again, "how long it took is not on the page"


def test_several_policies_stand_side_by_side_with_counts_over_seeds(saved):
    one, two = measured(), dataclasses.replace(measured(), policy="two", policy_sha256="2" * 64, verdict="refuted")
    page = render_page(saved(one, two, UNIVERSAL, seeds_of={"one": "five", "two": "five"}), {}, notes={})
    text = Page(page).text
    assert "Claims about 2 policies" in text
    assert 'id="matrix"' in page
    assert "five: 2 seeds" in text
    assert "supported 1 of 2 refuted 1 of 2" in text
    assert "About no policy" in text


def test_one_policy_has_no_matrix_and_no_column_for_it(page):
    assert 'id="matrix"' not in page
    assert not [a for a in Page(page).all("td") if a.get("data-label") == "Policy"]


def test_a_policy_that_could_not_be_had_is_named_and_the_rest_is_there(saved, results):
    text = Page(render_page(saved(*results), {}, notes={"one": "no such file"}, remark="made in a hurry")).text
    assert "No pictures: no such file" in text
    assert "made in a hurry" in text
    assert "The vector lowers P." in text
    assert "The claim's file was not at hand when this page was made" in text


def test_a_comparison_is_a_table_the_worst_first(saved):
    better = dataclasses.replace(COMPARED, change="non-inferior", lost="", difference=0.01, interval=(-0.01, 0.03))
    rows = [
        dataclasses.replace(measured(), claim="c::test_fine", comparison=better),
        dataclasses.replace(measured(), claim="c::test_worse", comparison=COMPARED),
    ]
    page = render_page(saved(*rows), {}, notes={})
    table = Page(page).text.partition("Comparison with an older policy")[2].partition("Claims one by one")[0]
    assert table.index("worse") < table.index("fine")
    assert "regressed −0.200 [−0.300, −0.100] 0.05 40 regressed (mechanism lost), supported" in table  # noqa: RUF001
    assert 'id="comparison"' not in render_page(saved(measured()), {}, notes={})


def test_a_claim_that_has_changed_since_is_said_to_have(saved, evidence):
    changed = dataclasses.replace(
        evidence, definition=dataclasses.replace(evidence.definition, statement="mean at least 0.9")
    )
    result = measured()
    text = Page(render_page(saved(result), {(result.claim, "one"): changed}, notes={})).text
    assert "The claim has changed since these results: it now states mean at least 0.9." in text


def test_results_without_bounds_say_why_there_is_no_chart(saved):
    text = Page(render_page(saved(dataclasses.replace(measured(), bounds=None)), {}, notes={})).text
    assert "No chart of the evidence: the results do not tell the bounds of the effect" in text


def test_exploratory_runs_say_so(saved):
    assert (
        "Exploratory." in Page(render_page(saved(dataclasses.replace(measured(), exploratory=True)), {}, notes={})).text
    )
    assert "Exploratory." not in Page(render_page(saved(measured()), {}, notes={})).text


def test_rows_stand_in_the_order_of_the_numbers_and_identities_last(saved):
    page = render_page(saved(UNIVERSAL, BROKEN, measured(), APPROXIMATE), {}, notes={})
    rows = re.findall(r'data-label="Number" data-sort="(\d+)"', page)
    assert rows == ["4", "11", "11", "10000"]


def test_claims_of_the_same_name_have_places_of_their_own(saved):
    rows = [dataclasses.replace(measured(), claim=f"claims/test_{c}.py::test_same") for c in "abc"]
    page = render_page(saved(*rows), {}, notes={})
    assert [a["id"] for a in Page(page).all("article")] == ["claim-same", "claim-same--2", "claim-same--3"]


def test_nothing_at_all_is_a_page_too(saved):
    assert "Claims about no policy" in Page(render_page(saved(), {}, notes={})).text


@pytest.mark.parametrize(
    ("claim", "command"),
    [
        ("c.py::test_a", "pytest c.py::test_a --policy one --replay 7"),
        ("c.py::test_a[3-size]", "pytest c.py::test_a --policy one --replay 7"),
        ("c.py::test_a[published roles]", "pytest c.py::test_a --policy one --roles published --replay 7"),
        ("c.py::test_a[3-channels 17,3-size]", "pytest c.py::test_a --policy one --roles 17,3 --replay 7"),
        ("c.py::test_é b", "pytest 'c.py::test_é b' --policy one --replay 7"),
    ],
)
def test_a_maze_of_older_results_is_replayed_by_a_command(claim, command):
    assert replay_command(dataclasses.replace(SAMPLED, claim=claim), 7) == command


def test_a_maze_is_replayed_by_the_command_of_the_run():
    known = dataclasses.replace(SAMPLED, command="pytest 'c.py::test_a[one-3]'")
    assert replay_command(known, 7) == "pytest 'c.py::test_a[one-3]' --replay 7"


def test_a_slow_claim_and_a_checkpoint_of_ones_own_are_found_by_the_command():
    mine = dataclasses.replace(SAMPLED, claim="c.py::test_a", loaded_as="my nets/one.pth", slow=True)
    assert replay_command(mine, 7) == "pytest c.py::test_a --policy 'my nets/one.pth' -m '' --replay 7"


def test_progress_is_told(saved, results):
    told = []
    render_page(saved(*results), {}, notes={}, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
