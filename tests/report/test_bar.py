"""The bar: silent where there is no terminal, and what it is called with is no matter there."""

import io

from rich.console import Console

from interp_claims.report import bar
from interp_claims.report.bar import drawing_bar


def test_nothing_is_shown_without_a_terminal(capfd):
    with drawing_bar() as progress:
        for done in range(4):
            progress(done, 3)
        progress(0, 0)
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_it_says_how_much_is_done(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(bar, "Console", lambda **_: Console(file=file, force_terminal=True, width=80))
    with drawing_bar("measuring") as progress:
        progress(2, 3)
    assert "measuring" in file.getvalue()
    assert "2/3" in file.getvalue()
