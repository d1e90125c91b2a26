"""The page in a browser: what a person does with it, and that it asks nobody but its server."""

import dataclasses
import re
import threading
from pathlib import Path
from urllib.parse import unquote

import pytest
from contrast import PALE_TEXTS
from shown_policies import SMALL, TRAINED
from werkzeug.serving import make_server

from interp_claims.edits import clamp
from interp_claims.explore import EditChoice, State, make_app
from interp_claims.explore.serving import _QuietHandler
from interp_claims.mazes import Facing, Maze, level
from interp_claims.measures import decide
from interp_claims.policies import DEFAULT_LAYER
from interp_claims.running.counterexamples import read_counterexample

CHROMIUM = Path("/usr/bin/chromium")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def url(explorer):
    server = make_server("127.0.0.1", 0, make_app(explorer), threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()


class Shown:
    """A page, and what it did that no page should: console messages, errors, requests to others."""

    def __init__(self, browser, url, viewport, scheme="light"):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("console", lambda said: self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda one: one.url.startswith((url, "blob:", "data:")) or self.wrong.append(one.url))
        self.url = url

    def open(self, state=None):
        self.page.goto(self.url if state is None else f"{self.url}#{state.to_fragment()}")
        return self.settle()

    def settle(self):
        """Wait until the whole answer to what the address says has come."""
        self.page.wait_for_function(
            "() => location.hash && document.body.dataset.settled === location.hash.slice(1)", timeout=60_000
        )
        return self

    def paste(self, state):
        """Put a state into the address by hand."""
        self.page.evaluate("(fragment) => { location.hash = fragment }", state.to_fragment())

    def wait_for(self, state):
        """Wait until the address holds a state."""
        self.page.wait_for_function("(wanted) => location.hash === `#${wanted}`", arg=state.to_fragment())

    @property
    def state(self):
        return State.from_fragment(self.fragment)

    @property
    def fragment(self):
        return self.page.evaluate("location.hash.slice(1)")

    def square(self, row, column):
        return self.page.locator(f"[data-square='{row}.{column}']")

    def click(self, row, column):
        box = self.square(row, column).bounding_box()
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return self.settle()

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    @property
    def p_cheese(self):
        """P(cheese) as shown: before, and after if there is an edit."""
        cells = self.page.locator("#decision tbody tr:first-child td:not(.wide):not(.change)").all_inner_texts()
        return [float(cell) for cell in cells]

    @property
    def arrows(self):
        """Shape, place and turn of each arrow."""
        return self.page.eval_on_selector_all(
            ".arrows path", "all => all.map((a) => [a.getAttribute('d'), a.getAttribute('transform')].join())"
        )

    @property
    def spoken(self):
        return self.page.locator("#spoken").text_content()

    def message(self):
        return self.page.locator("#message p").inner_text()

    def close(self):
        self.context.close()


@pytest.fixture
def shown(browser, url):
    opened = Shown(browser, url, DESKTOP)
    yield opened
    opened.close()
    assert opened.wrong == []


def test_a_maze_and_an_edit_are_changed_by_hand_and_come_back_from_the_address(shown, state):
    shown.open(state)
    assert shown.state == state
    [before] = shown.p_cheese
    shown.page.check("[name=tool][value=cheese]")
    shown.click(12, 14)
    assert shown.state.maze.cheese == (12, 14)
    assert shown.text("#decision-title") == "At the decision square (12, 13)"
    shown.page.go_back()
    shown.settle()
    assert shown.state == state and shown.p_cheese == [before]
    unedited = shown.arrows
    shown.page.keyboard.press("x")
    shown.click(12, 13)
    [edit] = shown.state.edits
    assert (edit.kind, edit.layer, edit.square) == ("clamp", DEFAULT_LAYER, (12, 13))
    field = shown.page.locator("#edits [data-field=number], #edits input[type=number]")
    field.fill("60")
    field.press("Tab")
    shown.settle()
    assert shown.state.edits[0].number == 60 and shown.state.view == "after"
    assert shown.arrows != unedited, "the field is that under the edit"
    before_and_after, arrows, fragment = shown.p_cheese, shown.arrows, shown.fragment
    assert before_and_after[0] == before and len(before_and_after) == 2
    figures = {name: shown.page.evaluate(f"document.body.dataset.{name}") for name in ("firstMs", "fieldMs")}
    print(f"first answer after {figures['firstMs']} ms, field after {figures['fieldMs']} ms")
    shown.page.reload()
    shown.settle()
    assert (shown.p_cheese, shown.arrows, shown.fragment) == (before_and_after, arrows, fragment)
    assert State.from_fragment(fragment).to_fragment() == fragment, "both sides write the same address"


def test_numbers_are_those_of_the_library(shown, explorer, state):
    edits = (EditChoice("clamp", DEFAULT_LAYER, (3,), (12, 13), 60.0),)
    shown.open(dataclasses.replace(state, edits=edits, view="after"))
    policy = explorer.policy(TRAINED)
    wanted = [decide(p, [state.maze]).cheese[0] for p in (policy, policy.edited(clamp([3], [(12, 13)], 60.0)))]
    assert shown.p_cheese == [pytest.approx(value, abs=6e-4) for value in wanted]
    shown.page.hover("[data-square='12.12']")
    rows = shown.page.locator("#square tbody tr").all_inner_texts()
    assert len(rows) == 5 and "Square (12, 12)" in shown.text("#square-title")
    assert shown.page.locator("#maps canvas").count() == 2 * len(state.channels)
    unchanged = shown.arrows
    shown.page.check("[name=view][value=difference]")
    shown.settle()
    assert shown.state.view == "difference" and shown.arrows != unchanged


def test_walls_are_drawn_by_dragging_and_undone_at_once(shown, state):
    shown.open(state)
    shown.page.keyboard.press("w")
    boxes = [shown.square(10, column).bounding_box() for column in (11, 14)]
    points = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    shown.page.mouse.move(*points[0])
    shown.page.mouse.down()
    shown.page.mouse.move(*points[1])
    shown.page.mouse.up()
    shown.settle()
    assert not shown.state.maze.free[10, 11:15].any()
    shown.page.keyboard.press("Control+z")
    shown.settle()
    assert shown.state == state
    shown.page.keyboard.press("Control+Shift+z")
    shown.settle()
    assert not shown.state.maze.free[10, 11:15].any()
    shown.click(10, 10)
    assert shown.message() == "walls: got (10, 10), where the mouse is, wanted another square; move the mouse first"
    assert shown.state.maze.mouse == (10, 10)


def test_everything_on_the_board_can_be_done_with_keys(shown, state):
    shown.open(state)
    shown.page.focus("#board")
    for key in ("ArrowUp", "ArrowRight", "Enter"):
        shown.page.keyboard.press(key)
    wanted = "wanted a free square; open it with the walls tool, or choose another"
    assert shown.message() == f"mouse: got (11, 11), a wall, {wanted}"
    assert "Row 11, column 11: wall" in shown.spoken
    for key in ("w", "Enter", "m", "Enter", "f"):
        shown.page.keyboard.press(key)
    shown.settle()
    maze = state.maze.with_free((11, 11)).with_mouse((11, 11), Facing.RIGHT)
    assert shown.state.maze == maze
    for key in ("c", "ArrowUp", "Enter"):
        shown.page.keyboard.press(key)
    shown.settle()
    assert shown.state.maze.cheese == (12, 11)
    shown.page.keyboard.press("Enter")
    shown.settle()
    assert shown.state.maze.cheese is None and "The maze has no cheese." in shown.text("#why-not")


def test_keys_go_on_from_the_mouse_where_an_undone_maze_is_smaller(shown, state):
    shown.open(state)
    larger = dataclasses.replace(state, maze=Maze.from_text("......C\n" + ".......\n" * 5 + "M......"))
    shown.paste(larger)
    shown.settle()
    shown.page.focus("#board")
    for _ in range(6):
        shown.page.keyboard.press("ArrowUp")
    assert shown.text("#square-title") == "Square (15, 9)"
    shown.page.go_back()
    shown.wait_for(state)
    shown.settle()
    assert shown.text("#square-title") == "Square (10, 10)"
    shown.page.keyboard.press("ArrowUp")
    assert shown.text("#square-title") == "Square (11, 10)"


def test_new_mazes_policies_and_edits_are_chosen(shown, state):
    shown.open(state)
    shown.page.fill("#seed", "20")
    shown.page.click("text=New maze")
    shown.page.wait_for_url("**s=20*")
    shown.settle()
    assert shown.state.maze == level(20) and not shown.page.is_visible("#message")
    for kind in ("cheese", "corner", "zero", "mean", "scale", "resample"):
        shown.page.select_option("#kind", kind)
        shown.page.click("#add")
        shown.settle()
    assert [edit.kind for edit in shown.state.edits] == ["cheese", "corner", "zero", "mean", "scale", "resample"]
    shown.page.get_by_label("Remove edit 1").click()
    shown.settle()
    shown.page.select_option("#policy", SMALL)
    shown.page.wait_for_url(f"**p={SMALL}*")
    shown.settle()
    assert shown.state.policy == SMALL and len(shown.state.edits) <= 5


def test_where_a_seed_has_another_size_than_was_asked_for_it_is_said_which_level_is_shown(shown, state):
    shown.open(state)
    asked = next(seed for seed in range(20, 100) if level(seed).size != 9)
    found = next(seed for seed in range(asked, 200) if level(seed).size == 9)
    shown.page.fill("#seed", str(asked))
    shown.page.select_option("#size", "9")
    shown.page.click("text=New maze")
    shown.page.wait_for_url(f"**s={found}*")
    shown.settle()
    assert shown.state.maze == level(found)
    assert shown.message() == f"Level {asked} has another size; shown is level {found}."
    shown.page.click("text=Random")
    shown.page.wait_for_selector("#message", state="hidden")
    shown.settle()


def test_what_cannot_be_is_told_and_the_state_stays(shown, state):
    shown.open(state)
    shown.page.select_option("#kind", "zero")
    shown.page.click("#add")
    shown.settle()
    kept = shown.fragment
    for field, text, expected in (
        ("#channels", "3, x", 'channels: got "3, x", wanted numbers such as 3, 17, 40-43; correct them'),
        ("#channels", "64", "channels: got 64, wanted 0 to 63, which block2.res1.resadd has; name others"),
        ("#channels", "0-12", "channels: got 13, wanted at most 12; name fewer"),
        ("#edits input", "", 'channels: got "", wanted one or more numbers such as 3, 17, 40-43; correct them'),
        ("#edits input", "99", "edit 1: channels: got 99, wanted 0 to 63, which block2.res1.resadd has; name others"),
    ):
        shown.page.fill(field, text)
        shown.page.keyboard.press("Tab")
        assert shown.message() == expected
        assert shown.page.get_attribute(field, "aria-invalid") == "true"
        assert shown.fragment == kept
    shown.page.fill("#edits input", "7")
    shown.page.keyboard.press("Tab")
    assert shown.page.get_attribute("#edits input", "aria-invalid") != "true"
    shown.settle()


@pytest.fixture
def hold(shown):
    """Call it with a path to keep the answers to requests for it back; they come at the call of what it returns."""

    def keep(path, which=lambda body: True):
        held = []

        def handle(route):
            if which(route.request.post_data_json):
                held.append(route)
            else:
                route.continue_()

        shown.page.route(path, handle)
        return held

    return keep


def until(shown, held, count):
    for _ in range(1_000):
        if len(held) >= count:
            return
        shown.page.wait_for_timeout(20)
    pytest.fail(f"{len(held)} requests came, wanted {count}")


def release(shown, route, **other):
    """Let an answer come that was held back, or another one, and give the page the time to act on it."""
    with shown.page.expect_response(lambda answer: answer.request == route.request):
        if other:
            route.fulfill(**other)
        else:
            route.continue_()
    shown.page.wait_for_timeout(300)


def test_the_policy_that_was_chosen_last_is_shown_whichever_answer_comes_last(shown, state, hold):
    shown.open(state)
    held = hold("**/api/policy", lambda body: body["policy"] == SMALL)
    shown.page.select_option("#policy", SMALL)
    until(shown, held, 1)
    with shown.page.expect_response("**/api/policy"):
        shown.page.select_option("#policy", TRAINED)
    release(shown, held[0])
    assert shown.state == state and shown.page.input_value("#policy") == TRAINED


def test_the_maze_that_was_asked_for_last_is_shown_whichever_answer_comes_last(shown, state, hold):
    shown.open(state)
    held = hold("**/api/maze", lambda body: body["seed"] == 29)
    for seed in ("29", "31"):
        shown.page.fill("#seed", seed)
        shown.page.click("text=New maze")
    until(shown, held, 1)
    shown.page.wait_for_url("**s=31*")
    release(shown, held[0])
    assert shown.settle().state.maze == level(31)


@pytest.fixture
def back_twice(shown, state, hold):
    """The page after going back over two policies, the answers about both steps held back; and the first step."""
    first = dataclasses.replace(state, policy=SMALL, layer=DEFAULT_LAYER, channels=(1,))
    shown.open(first)
    shown.page.click("#facing")
    shown.settle()
    shown.page.select_option("#policy", TRAINED)
    shown.page.wait_for_url(f"**p={TRAINED}*")
    shown.settle()
    held = hold("**/api/check")
    for count in (1, 2):
        shown.page.go_back()
        until(shown, held, count)
    return held, first


def test_going_back_twice_ends_at_the_first_step_whichever_answer_comes_last(shown, back_twice):
    (early, late), first = back_twice
    late.continue_()
    shown.settle()
    release(shown, early)
    assert shown.settle().state == first
    assert shown.text("#facing") == "Looks left"


def test_a_step_that_cannot_be_entered_takes_no_others_place(shown, back_twice):
    (early, late), first = back_twice
    release(shown, early, status=400, json={"error": {"message": "no such policy"}})
    shown.wait_for(first)
    late.continue_()
    shown.page.wait_for_selector("#facing:has-text('left')")
    assert shown.settle().state == first and not shown.page.is_visible("#message")
    assert all("400" in said for said in shown.wrong)
    shown.wrong.clear()


def test_a_change_while_a_step_is_entered_goes_before_it(shown, state, hold):
    shown.open(dataclasses.replace(state, policy=SMALL, channels=(1,)))
    shown.page.select_option("#policy", TRAINED)
    shown.page.wait_for_url(f"**p={TRAINED}*")
    shown.settle()
    held = hold("**/api/check")
    shown.page.go_back()
    until(shown, held, 1)
    shown.page.keyboard.press("f")
    release(shown, held[0])
    assert shown.settle().state.policy == TRAINED and shown.text("#facing") == "Looks right"


def test_a_layer_that_is_too_narrow_is_refused_and_the_old_one_shown(shown, state):
    edits = (EditChoice("zero", "embedder.fc_out", (200,)),)
    shown.open(dataclasses.replace(state, edits=edits))
    layer = shown.page.get_by_label("Edit 1").get_by_label("Layer")
    layer.focus()
    layer.select_option(DEFAULT_LAYER)
    assert shown.message() == ("edit 1: channels: got 200, wanted 0 to 63, which block2.res1.resadd has; name others")
    assert layer.input_value() == "embedder.fc_out"


def test_a_maze_is_taken_out(shown, state, tmp_path):
    shown.open(state)
    shown.page.click("#export")
    with shown.page.expect_download() as download:
        shown.page.click("#download")
    download.value.save_as(tmp_path / "maze.json")
    assert read_counterexample(tmp_path / "maze.json") == state.maze
    assert "def drawn_maze():" in shown.text("#fixture")


def test_a_link_that_holds_no_state_is_told_and_the_page_works_all_the_same(shown):
    shown.page.goto(f"{shown.url}#p=nothing&z=3&g=_4A&m=11.11.L")
    shown.page.wait_for_selector("#message:visible")
    shown.settle()
    assert shown.message().startswith("policy: got 'nothing', wanted one of ")
    assert shown.state.policy == TRAINED
    kept = shown.fragment
    shown.page.evaluate("location.hash = '#p=x&z=4'")
    shown.page.wait_for_selector("#message:has-text('wanted the fields p, z, g and m')")
    assert shown.fragment == kept
    refused = [said for said in shown.wrong if "400" in said]
    assert len(refused) == len(shown.wrong) == 2, "the browser notes the refused requests, and nothing else"
    shown.wrong.clear()


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "dark")])
def test_nothing_sticks_out_on_any_screen(browser, url, state, viewport, scheme):
    edits = (
        EditChoice("clamp", DEFAULT_LAYER, (3, 4), (12, 13), 60.0),
        EditChoice("cheese", DEFAULT_LAYER, number=-1.0),
    )
    shown = Shown(browser, url, viewport, scheme)
    shown.open(dataclasses.replace(state, edits=edits, view="difference"))
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert shown.wrong == []
    shown.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_told_from_its_ground(browser, url, state, scheme):
    shown = Shown(browser, url, DESKTOP, scheme)
    edits = (EditChoice("cheese", DEFAULT_LAYER, number=-1.0), EditChoice("mean", DEFAULT_LAYER, (3,)))
    shown.open(dataclasses.replace(state, edits=edits, view="difference"))
    shown.page.fill("#channels", "x")
    shown.page.keyboard.press("Tab")
    assert shown.message()
    assert shown.page.evaluate(PALE_TEXTS) == []
    shown.close()


def test_what_is_said_of_a_square_is_of_the_maze_as_it_is_now(shown, state):
    shown.open(state)
    shown.page.focus("#board")
    shown.page.keyboard.press("ArrowUp")
    assert re.fullmatch(r"Row 11, column 10: \w+ \d+ percent", shown.spoken)
    shown.page.route("**/api/look", lambda route: None)  # from now on no answer comes
    shown.page.keyboard.press("f")
    shown.page.keyboard.press("ArrowUp")
    assert shown.spoken == "Row 12, column 10: being computed"
    shown.page.keyboard.press("ArrowDown")
    assert shown.spoken == "Row 11, column 10: being computed"


def test_a_field_that_was_half_replaced_is_asked_for_again_by_undoing(shown, state):
    shown.open(state)
    arrows = shown.arrows

    def cut(route):
        *lines, last = route.fetch().text().splitlines(keepends=True)
        assert '"done"' in last
        route.fulfill(body="".join(lines), content_type="application/x-ndjson")

    shown.page.route("**/api/look", cut)
    shown.page.keyboard.press("c")
    box = shown.square(12, 14).bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.wait_for_selector("#status:has-text('Computing the field')")
    shown.page.unroute("**/api/look")
    shown.page.keyboard.press("Control+z")
    shown.wait_for(state)
    shown.page.wait_for_function("() => !document.querySelector(\".arrows path[d][opacity='0.13']\")", timeout=20_000)
    assert shown.arrows == arrows


SLIDE = """(values) => {
  const slider = document.querySelector("#edits input[type=range]");
  for (const value of values) { slider.value = value; slider.dispatchEvent(new Event("input")); }
}"""


@pytest.fixture
def sliding(shown, state):
    """The page with a slider, which counts what is written into the history."""
    shown.page.add_init_script(
        """window.written = 0;
        for (const name of ["pushState", "replaceState"]) {
          const own = history[name].bind(history);
          history[name] = (...what) => { window.written++; own(...what); };
        }"""
    )
    edits = (EditChoice("clamp", DEFAULT_LAYER, (3,), (12, 13), 5.0),)
    shown.open(dataclasses.replace(state, edits=edits, view="after"))
    shown.page.evaluate("window.written = 0")
    return shown


def test_after_a_pasted_link_there_is_nothing_to_redo_and_its_changes_can_be_undone(shown, state):
    shown.open(state)
    for key in ("f", "Control+z"):
        shown.page.keyboard.press(key)
        shown.settle()
    assert shown.page.is_enabled("#redo")
    pasted = dataclasses.replace(state, channels=(5,))
    shown.paste(pasted)
    shown.settle()
    assert shown.page.is_disabled("#redo") and shown.page.is_disabled("#undo")
    shown.page.keyboard.press("f")
    shown.settle()
    shown.page.keyboard.press("Control+z")
    shown.wait_for(pasted)
    assert shown.page.is_enabled("#redo")


def test_a_drag_of_a_slider_is_one_step_and_writes_few_addresses(sliding):
    before = sliding.state
    sliding.page.evaluate(SLIDE, [i / 10 for i in range(-150, 150)])
    assert sliding.page.evaluate("window.written") <= 2
    sliding.page.wait_for_function("() => location.hash.includes('~14.9&')")
    sliding.page.evaluate(SLIDE, [-7, -8])
    sliding.page.keyboard.press("Control+z")
    sliding.wait_for(before)
    sliding.page.keyboard.press("Control+Shift+z")
    sliding.page.wait_for_function("() => location.hash.includes('~-8&')")
    sliding.settle()
    assert sliding.state.edits[0].number == -8


@pytest.mark.parametrize(
    "how",
    [
        "dispatchEvent(new Event('pagehide'))",
        "document.querySelector('#edits input[type=range]').dispatchEvent(new Event('change'))",
    ],
)
def test_where_a_drag_ends_the_address_is_up_to_date_at_once(sliding, how):
    sliding.page.evaluate(SLIDE, [1, 2, 3])
    assert sliding.page.evaluate(f"() => {{ {how}; return location.hash }}").count("~3&") == 1
    sliding.settle()


def test_what_comes_after_a_drag_is_a_step_of_its_own(sliding):
    sliding.page.evaluate(f"(values) => {{ ({SLIDE})(values); document.getElementById('facing').click(); }}", [1, 2, 3])
    sliding.page.click("#undo")
    sliding.page.wait_for_function(
        "location.hash.includes('~3&') && document.getElementById('redo').disabled === false"
    )
    sliding.settle()
    assert sliding.state.edits[0].number == 3


def test_the_link_that_is_copied_is_that_of_what_is_shown(sliding):
    sliding.page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text }")
    sliding.page.evaluate(SLIDE, [1, 2, 3])
    link = sliding.page.evaluate("() => { document.getElementById('copy').click(); return window.copied }")
    assert link.startswith(f"{sliding.url}#p=")
    assert State.from_fragment(link.partition("#")[2]).edits[0].number == 3
    sliding.settle()


def test_a_button_that_copied_twice_says_again_what_it_does(shown, state):
    shown.open(state)
    shown.page.evaluate("navigator.clipboard.writeText = async () => {}")
    for _ in range(2):
        shown.page.click("#copy")
        assert shown.text("#copy") == "Copied"
    shown.page.wait_for_timeout(2_000)
    assert shown.text("#copy") == "Copy link"


def test_p_cheese_is_said_when_it_is_another(shown, state):
    shown.open(state)
    [before] = shown.p_cheese
    assert shown.spoken == f"P(cheese) {before:.3f}"
    shown.page.select_option("#kind", "zero")
    shown.page.click("#add")
    shown.settle()
    before, after = shown.p_cheese
    assert shown.spoken == f"P(cheese) {before:.3f} before the edits, {after:.3f} after"
    shown.page.check("[name=tool][value=cheese]")
    shown.click(*state.maze.cheese)
    assert shown.spoken == "The maze has no cheese."


def test_columns_have_heads(shown, state):
    edits = (EditChoice("zero", DEFAULT_LAYER, (3,)),)
    for shown_state, heads in (
        (state, ["Before"]),
        (dataclasses.replace(state, edits=edits), ["Before", "After", "Change"]),
    ):
        shown.open(shown_state)
        for table in ("#decision", "#mouse", "#square"):
            assert shown.page.locator(f"{table} thead th[scope=col]").all_text_contents() == heads
            cells = shown.page.locator(f"{table} tbody tr:first-child > *").count()
            assert shown.page.locator(f"{table} thead tr > *").count() == cells


def test_edits_are_groups_with_names_and_the_focus_goes_on_to_the_next(shown, state):
    edits = (EditChoice("zero", DEFAULT_LAYER, (3,)), EditChoice("scale", DEFAULT_LAYER, (3,), None, 0.5))
    shown.open(dataclasses.replace(state, edits=edits))
    for name in ("Edit 1: Set channels to zero", "Edit 2: Scale channels"):
        assert shown.page.get_by_role("group", name=name).count() == 1
    for left in ("Edit 1: Scale channels", "Add edit"):
        shown.page.get_by_label("Remove edit 1").press("Enter")
        focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        assert shown.page.evaluate(focused) == left
        shown.settle()
    assert shown.state.edits == ()


def test_boxes_and_sliders_of_a_number_have_names(shown, state):
    edits = (EditChoice("scale", DEFAULT_LAYER, (3,), None, 0.5), EditChoice("resample", DEFAULT_LAYER, (3,), None, 5))
    shown.open(dataclasses.replace(state, edits=edits))
    by_role = shown.page.locator("#edits").get_by_role
    assert by_role("spinbutton", name="Factor", exact=True).input_value() == "0.5"
    assert by_role("slider", name="factor, as a slider").input_value() == "0.5"
    assert by_role("spinbutton", name="Seed", exact=True).input_value() == "5"


FOCUSED = "(document.activeElement.dataset.key ?? document.activeElement.id)"


def test_the_focus_stays_where_it_was_among_the_suggested_channels(shown, state):
    found = {"status": "found", "layer": DEFAULT_LAYER, "channels": list(range(64)), "clamp_values": [1.0] * 64}
    shown.page.route("**/api/roles", lambda route: route.fulfill(json=found))
    shown.open(state)
    chip = shown.page.locator("[data-key^=strongest]").last
    key = chip.get_attribute("data-key")
    channel = int(key.split()[1])
    chip.press("Enter")
    shown.settle()
    assert (channel in shown.state.channels) != (channel in state.channels)
    assert shown.page.evaluate(FOCUSED) == key, "and not in the other list, which has the channel too"


def test_where_the_button_to_find_channels_goes_the_focus_goes_on_in_its_place(shown, state):
    answers = [{"status": "unknown"}, {"status": "finding"}]
    shown.page.route("**/api/roles", lambda route: route.fulfill(json=answers[route.request.post_data_json["find"]]))
    shown.open(state)
    shown.page.focus("#find")
    shown.page.evaluate("document.getElementById('facing').click()")
    shown.settle()
    assert shown.page.evaluate(FOCUSED) == "find"
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#suggestions:has-text('in the background…')")
    assert shown.page.evaluate(FOCUSED) == "suggestions"


def test_a_pointer_that_stays_on_its_square_draws_nothing(shown, state):
    shown.open(state)
    shown.page.hover("[data-square='12.12']")
    box = shown.square(12, 12).bounding_box()
    shown.page.evaluate(
        """window.drawn = 0;
        const watch = new MutationObserver((all) => { window.drawn += all.length; });
        watch.observe(document.getElementById("board"), { attributes: true, subtree: true });"""
    )
    for i in range(1, 6):
        shown.page.mouse.move(box["x"] + box["width"] * i / 7, box["y"] + box["height"] / 2)
    assert shown.page.evaluate("window.drawn") == 0
    shown.page.hover("[data-square='12.11']")
    assert shown.page.evaluate("window.drawn") > 0


def test_a_server_that_ends_in_the_middle_of_an_answer_is_said_to_have_ended(shown, state):
    shown.open(state)
    shown.page.evaluate(
        """window.fetch = async () => new Response(new ReadableStream({
          pull(controller) { controller.error(new TypeError("network error")); },
        }));"""
    )
    shown.page.keyboard.press("f")
    shown.page.wait_for_selector("#message:visible")
    assert shown.message() == (
        "The server does not answer: is interp-claims explore still running? Start it again and reload."
    )
    assert shown.text("#status") == "No answer"


def test_the_page_writes_addresses_as_the_server_does(shown, state):
    shown.open(state)
    edits = (
        EditChoice("scale", "embedder.fc_out", (0, 1, 2, 9), None, -0.125),
        EditChoice("resample", "a", (7,), None, 5),
    )
    for changed in (
        state,
        dataclasses.replace(state, policy="Ä (1)!*'~ +&=#%", edits=edits, channels=(), view="difference"),
        dataclasses.replace(state, maze=level(17).with_mouse((0, 0), Facing.RIGHT), layer=""),
        dataclasses.replace(state, maze=state.maze.without_cheese()),
    ):
        text = changed.to_fragment()
        code = "async (text) => { const s = await import('/static/state.js'); return s.encode(s.decode(text)); }"
        assert shown.page.evaluate(code, text) == text, unquote(text)
