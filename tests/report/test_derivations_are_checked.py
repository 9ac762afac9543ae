"""Every derivation of the report names the tests that check it, and they exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src/harmonium/assignment").glob("problem*/derivations.py"))
SYMBOLIC = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/symbolic").glob("test_*.py"))
AGAINST_THE_LIBRARY = sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/exact").glob("test_derivations_*.py")
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def cells(source):
    """The Markdown of a percent notebook, one string a cell."""
    found = re.split(r"^# %% \[markdown\]\n", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [re.sub(r"^# ?", "", cell, flags=re.MULTILINE) for cell in found if cell.strip()]


def sections(source):
    """Title and text of every third-level section."""
    whole = "\n".join(cells(source))
    parts = re.split(r"^### (.+)$", whole, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


@cache
def defined_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def imported(tree):
    """What every imported name is imported from, a module of the tests' own as its path."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            own = ROOT / f"tests/{node.module}.py"
            for alias in node.names:
                yield alias.asname or alias.name, own if own.exists() else node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name


@cache
def touching_the_library(path):
    """The functions, classes and constants of a file that come to something of harmonium's, by whatever others."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    reached = set()
    for name, origin in imported(tree):
        is_own = isinstance(origin, Path)
        if (is_own and name in touching_the_library(origin)) or (not is_own and origin.startswith("harmonium")):
            reached.add(name)
    uses = {}
    for node in tree.body:
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        targets = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        for defined in [node.name] if hasattr(node, "name") else targets:
            uses[defined] = names
    while more := {name for name, used in uses.items() if used & reached} - reached:
        reached |= more
    return {name for name in reached if name in uses}


def test_there_is_a_source_for_each_problem():
    assert [source.parent.name for source in SOURCES] == [f"problem{k}" for k in (1, 2, 3)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.parent.name)
def test_a_source_holds_nothing_but_markdown(source):
    lines = source.read_text(encoding="utf-8").splitlines()
    assert all(line == "" or line.startswith("#") for line in lines)
    assert {line for line in lines if line.startswith("# %%")} == {"# %% [markdown]"}
    assert cells(source)[0].startswith("## Derivations\n")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        pytest.param(title, text, id=f"{source.parent.name}-{title}")
        for source in SOURCES
        for title, text in sections(source)
    ],
)
def test_a_section_that_displays_a_result_names_a_test_after_the_last_of_them(title, text):
    *_, last = re.split(r"^\$\$$", text, flags=re.MULTILINE)
    if "$$" in text:
        assert "*Checked by*" in last
        assert NAMED.search(last)
    # every name that looks like a test's has the form that is looked up below
    assert len(NAMED.findall(text)) == text.count("::") == len(re.findall(r"\btest_\w+`", text))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.parent.name)
def test_every_test_that_is_named_exists(source):
    named = NAMED.findall(source.read_text(encoding="utf-8"))
    assert len(named) >= 10
    assert [f"{path}::{name}" for path, name in named if name not in defined_in(path)] == []


@pytest.mark.parametrize("path", [*SYMBOLIC, *AGAINST_THE_LIBRARY])
def test_every_test_of_the_derivations_is_named(path):
    named = {named for source in SOURCES for named in NAMED.findall(source.read_text(encoding="utf-8"))}
    assert {(path, name) for name in defined_in(path)} - named == set()


@pytest.mark.parametrize("path", AGAINST_THE_LIBRARY)
def test_a_test_outside_the_symbolic_folder_touches_the_library(path):
    assert defined_in(path) - touching_the_library(path) == set()


@pytest.mark.parametrize("path", SYMBOLIC)
def test_a_test_of_the_symbolic_folder_does_not(path):
    assert len(defined_in(path)) > 3
    assert touching_the_library(path) == set()
