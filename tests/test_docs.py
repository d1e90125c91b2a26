"""What README.md and docs/ show works: examples run, commands parse, links lead somewhere, messages are real."""

import argparse
import importlib
import json
import re
import shlex
from pathlib import Path

import pytest
from plugin_projects import REPOSITORY, run

from interp_claims import cli

DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
TEXTS = {path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
LONGEST_EXAMPLE = 15
BATCH = 32  # of mazes, so that whole batches are measured and nothing is decided for long

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(r"^@(?:approximate_|universal_)?claim\(", re.MULTILINE)
_COMMAND = re.compile(r"^(?:interp-claims|pytest|bash ci/|python -m interp_claims).*", re.MULTILINE)


def _blocks(language):
    found = [(name, match) for name, text in TEXTS.items() for match in _FENCED.finditer(text)]
    return [
        pytest.param(match[2], id=f"{name}:{TEXTS[name][: match.start()].count(chr(10)) + 1}")
        for name, match in found
        if match[1] == language
    ]


def _those(blocks, condition):
    return [block for block in blocks if condition(block.values[0])]


PYTHON = _blocks("python")
CLAIMS = _those(PYTHON, _DECLARED.search)
SCRIPTS = _those(PYTHON, lambda text: not _DECLARED.search(text))
DOCUMENTS_WITH_SCRIPTS = list(dict.fromkeys(block.id.split(":")[0] for block in SCRIPTS))
COMMANDS = [
    pytest.param(match[0], id=f"{block.id}: {match[0][:60]}")
    for block in _blocks("")
    for match in _COMMAND.finditer(block.values[0])
]
MISTAKES = re.findall(
    r"^\| `(.+?)` \| (?:`(.+?)`|nothing) \| `(.+?)` \|$", TEXTS["docs/writing-claims.md"], re.MULTILINE
)
EXAMPLE = CLAIMS[[block.id.split(":")[0] for block in CLAIMS].index("docs/writing-claims.md")].values[0]


@pytest.fixture
def shipping(project):
    """A project whose two small policies are called like shipped ones; call it with the text of a file of claims."""

    def write(text):
        testdir = project("")
        (testdir.path / "claims" / "test_some_claims.py").write_text(text, encoding="utf-8")
        manifest = testdir.path / "fixtures" / "policies.toml"
        names = {
            'default = "one"': 'default = "region5-seed0-scale2"',
            "[policies.one]": "[policies.region5-seed0-scale2]",
        }
        content = manifest.read_text()
        for small, shipped in names.items():
            content = content.replace(small, shipped)
        manifest.write_text(content)
        return testdir

    return write


# -- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", CLAIMS)
def test_an_example_of_a_claim_is_measured(text, shipping, monkeypatch):
    testdir = shipping(text)
    if "@preregistered(" in text:
        monkeypatch.chdir(testdir.path)
        assert cli.main(["register", "claims/test_some_claims.py"]) == 0
    result = run(testdir, "--max-mazes", str(BATCH), "--claims-json", "results.json", "-m", "slow or not slow")
    assert result.ret == 0, result.stdout.str()
    rows = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert len(rows) == (2 if "parametrize" in text else 1)
    for row in rows:
        assert row["verdict"] in ("supported", "refuted", "undecided"), row["reason"]
        assert row["mazes"] > 1
        assert row["controls"], "an example names what it must fail on"


@pytest.mark.parametrize("document", ["README.md", "docs/writing-claims.md"])
def test_a_whole_claim_takes_no_more_lines_than_it_says(document):
    whole = next(block.values[0] for block in CLAIMS if block.id.split(":")[0] == document)
    assert len(whole.splitlines()) <= LONGEST_EXAMPLE
    assert whole == EXAMPLE, "the two documents show the same example"


def test_the_readme_says_where_to_put_a_claim_so_that_pytest_finds_it():
    [file] = re.findall(r"into a new file `(\S+?)`", TEXTS["README.md"])
    assert Path(file).match("claims/test_*.py")
    assert f"`pytest {file}`" in TEXTS["README.md"]


def test_there_are_examples_of_every_kind():
    texts = [block.values[0] for block in CLAIMS]
    for word in ("@claim(", "@approximate_claim(", "@universal_claim(", "@preregistered(", "parametrize", "roles_of"):
        assert any(word in text for text in texts), word
    assert len(MISTAKES) > 10


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=[message[:40] for _, _, message in MISTAKES])
def test_a_mistake_is_told_in_the_words_of_the_guide(right, wrong, message, shipping):
    assert right in EXAMPLE
    result = run(shipping(EXAMPLE.replace(right, wrong)), "--max-mazes", str(BATCH))
    assert result.ret != 0
    words = " ".join(result.stdout.str().split())
    assert re.search(re.escape(message).replace("…", r"\S+(?: \S+)*?"), words), f"wanted {message}, got {words}"


# -- other Python ----------------------------------------------------------------------------------------------------


@pytest.fixture
def names(make_network):
    """What the other examples take as given: a policy."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from interp_claims.policies import Policy

    yield {"policy": Policy(make_network(), name="small")}
    importlib.import_module("matplotlib.pyplot").close("all")


@pytest.mark.parametrize("document", DOCUMENTS_WITH_SCRIPTS)
def test_other_examples_of_a_document_run_one_after_the_other(document, names):
    for block in SCRIPTS:
        if block.id.split(":")[0] == document:
            exec(compile(block.values[0], block.id, "exec"), names)


# -- commands --------------------------------------------------------------------------------------------------------


class _Parsed(Exception):  # noqa: N818
    """Raised in the place of running a command."""


@pytest.fixture
def parse(pytestconfig, monkeypatch):
    """Parse a command line as its program would, and run nothing."""

    def as_pytest(words):
        known, unknown = pytestconfig._parser.parse_known_and_unknown_args(words)
        assert not unknown, f"pytest has no option {' '.join(unknown)}"
        for path in known.file_or_dir:
            assert "::" in path or "test_adding" in path or (REPOSITORY / path).exists(), path

    def as_module(name, words):
        module = importlib.import_module(f"{name}.__main__" if _is_package(name) else name)
        original = argparse.ArgumentParser.parse_args

        def parse_args(parser, arguments=None, namespace=None):
            original(parser, arguments, namespace)
            raise _Parsed

        with monkeypatch.context() as patch:
            patch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
            with pytest.raises(_Parsed):
                module.main(words)

    def as_script(name, words):
        assert (REPOSITORY / name).is_file()
        if name == "ci/compare.sh":
            assert 2 <= len([word for word in words if word not in ("--undecided", "fail", "report")]) <= 3
        else:
            as_pytest(words)

    def parsed(line):
        for command in re.split(r"\s&&\s", line):
            first, *words = shlex.split(command, comments=True)
            if first == "pytest":
                as_pytest(words)
            elif first == "bash":
                as_script(words[0], words[1:])
            elif first == "python":
                as_module(words[1], words[2:])
            elif first == "interp-claims":
                chosen, unknown = cli._parser().parse_known_args(words)
                assert not unknown or chosen.command == "run", unknown
                as_pytest(unknown)

    return parsed


def _is_package(name):
    return (REPOSITORY / Path(*name.split(".")) / "__init__.py").exists()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_has_the_options_that_are_shown(line, parse, capsys):
    try:
        parse(line)
    except SystemExit:
        pytest.fail(f"{line}: {capsys.readouterr().err}")


@pytest.mark.parametrize(
    "line", ["pytest claims/ --polciy x", "interp-claims record", "bash ci/no.sh", "pytest nowhere/"]
)
def test_a_command_that_is_wrong_is_noticed(line, parse):
    with pytest.raises((AssertionError, SystemExit, pytest.UsageError)):
        parse(line)


@pytest.mark.parametrize("document", TEXTS)
def test_options_in_the_text_exist(document, pytestconfig):
    shown = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)[^`\n]*`", _FENCED.sub("", TEXTS[document])))
    sources = (REPOSITORY / "interp_claims").rglob("*.py")
    declared = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    of_pytest = pytestconfig._parser.optparser._option_string_actions
    unknown = [option for option in shown if f'"{option}"' not in declared and option not in of_pytest]
    assert not unknown


# -- links -----------------------------------------------------------------------------------------------------------


def _anchors(text):
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", TEXTS)
def test_links_lead_somewhere(document):
    here = (REPOSITORY / document).parent
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", TEXTS[document]):
        path, _, anchor = target.partition("#")
        file = here / path if path else REPOSITORY / document
        assert file.exists(), f"{document}: {target}"
        if anchor:
            assert anchor in _anchors(file.read_text(encoding="utf-8")), f"{document}: {target}"


def test_every_document_is_linked_from_the_readme():
    for path in (REPOSITORY / "docs").iterdir():
        if path.suffix in (".md", ".ipynb"):
            assert f"](docs/{path.name})" in TEXTS["README.md"], path.name
