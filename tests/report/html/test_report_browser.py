"""The page in a browser: no errors, no requests, nothing wider than a phone, and its table sorts and filters."""

import dataclasses
import os
import shutil

import pytest
from contrast import OUTLINES, PALE_TEXTS
from results_for_pages import APPROXIMATE, BROKEN, COMPARED, UNIVERSAL, measured

from interp_claims.report.html.page import render_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = os.environ.get("INTERP_CLAIMS_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on the PATH, and INTERP_CLAIMS_CHROMIUM names none"
)
LONG = f"claims/test_a.py::test_{'the_name_of_a_claim_that_goes_on_' * 4}[a_parameter_without_any_space_in_it]"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def file(saved, results, evidence, tmp_path):
    """A page with everything on it: two policies, a comparison, pictures, long names."""
    first = dataclasses.replace(measured(), comparison=COMPARED)
    two = dataclasses.replace(measured(), policy="two-" + "x" * 60, policy_sha256="2" * 64)
    long = dataclasses.replace(measured(), claim=LONG, number=2, effect=-0.7, verdict="refuted")
    run = saved(first, two, long, APPROXIMATE, UNIVERSAL, BROKEN, seeds_of={"one": "five", two.policy: "five"})
    text = render_page(run, {(first.claim, "one"): evidence, (LONG, "one"): evidence}, notes={})
    path = tmp_path / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def show(browser, file):
    """Open the page; what the browser complained about, and what it asked the network for, are lists on the page."""
    contexts = []

    def opened(width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_errors_no_requests_and_nothing_wider_than_the_screen(show, file, width, scheme):
    page = show(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = page.evaluate("[...document.images].filter((image) => !image.naturalWidth).length")
    assert broken == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_told_from_its_ground(show, scheme):
    assert show(color_scheme=scheme).evaluate(PALE_TEXTS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_confidence_band_can_be_told_from_its_ground(show, scheme):
    contrasts = show(color_scheme=scheme).evaluate(OUTLINES, ".chart .band")
    assert contrasts
    assert min(contrasts) >= 3


def test_the_table_sorts_by_number_with_what_is_undefined_last(show):
    page = show()
    effects = lambda: page.locator("table.sortable td[data-label=Effect]").all_inner_texts()  # noqa: E731
    button = page.get_by_role("button", name="Effect")
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=ascending]").count() == 1
    rising = effects()
    assert rising[0].startswith("−0.700")  # noqa: RUF001
    assert rising[-2:] == ["–", "–"]  # noqa: RUF001
    button.click()
    falling = effects()
    assert falling[-2:] == ["–", "–"]  # noqa: RUF001
    assert falling[-3].startswith("−0.700")  # noqa: RUF001


def test_the_table_filters_by_words_verdict_and_policy(show):
    page = show()
    rows = page.locator("table.sortable tbody tr:visible")
    assert rows.count() == 6
    page.locator("select[name=verdict]").select_option("refuted")
    assert rows.count() == 2
    page.locator("input[name=words]").fill("held every")
    assert rows.count() == 1
    assert page.locator("form.tools output").inner_text() == "1 of 6 shown"
    page.locator("select[name=verdict]").select_option("")
    page.locator("input[name=words]").fill("")
    page.locator("select[name=policy]").select_option(index=2)
    assert rows.count() == 1


def test_without_scripts_everything_is_there_but_the_filter(show):
    page = show(java_script_enabled=False)
    assert page.locator("table.sortable tbody tr").count() == 6
    assert not page.locator("form.tools").is_visible()
    assert not page.locator("table.sortable button").count()


def test_the_first_key_leads_past_the_head(show):
    page = show()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdicts"
    assert page.locator("a.skip").bounding_box()["x"] >= 0


def test_a_narrow_screen_has_a_choice_that_sorts_as_the_heads_do(show):
    page = show(390)
    effects = lambda: page.locator("table.sortable td[data-label=Effect]").all_inner_texts()  # noqa: E731
    before = effects()
    assert not page.get_by_role("button", name="Effect").count()
    choice = page.get_by_label("Sort")
    assert choice.locator("option").all_inner_texts()[:3] == [
        "Number, ascending",
        "Number, descending",
        "Claim, ascending",
    ]
    choice.select_option("Effect, descending")
    assert effects()[-3].startswith("−0.700") and not before[-3].startswith("−0.700")  # noqa: RUF001
    choice.select_option("Effect, ascending")
    assert effects()[0].startswith("−0.700")  # noqa: RUF001
    choice.select_option("Effect, descending")
    page.set_viewport_size({"width": 1280, "height": 844})
    assert not choice.is_visible()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Effect")


def test_after_printing_what_was_folded_is_folded_again(show):
    page = show()
    is_open = lambda: page.locator("details").evaluate_all("(all) => all.map((one) => one.open)")  # noqa: E731
    before = is_open()
    assert True in before and False in before
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(is_open())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert is_open() == before


def test_on_paper_the_pictures_and_definitions_are_unfolded_and_the_tools_are_gone(show):
    page = show(color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details.maze:not([open]), details.definition:not([open])").count() == 0
    assert not page.locator("form.tools").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.set_viewport_size({"width": 720, "height": 1000})  # a sheet of paper
    cut = "(group) => group.scrollWidth > group.clientWidth + 1"
    assert not any(page.locator(".fields").evaluate_all(f"(groups) => groups.map({cut})"))
