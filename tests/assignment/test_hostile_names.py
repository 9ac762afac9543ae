"""The assignment's own templates: what runs, their files and their folder say is text in prose, a literal in code."""

import ast
import json
from importlib.resources import files

import pytest

from harmonium.assignment.protocol import Assignment
from harmonium.assignment.report import SOURCES
from harmonium.assignment.template_context import template_context
from harmonium.report.escaping import escape_markdown
from harmonium.report.html import to_html
from harmonium.report.notebook import make_notebook
from harmonium.seals import seal
from hostile import NAMES
from typeset import Page

FOLDER = "r\"u'n\\s; import os; os.abort() #{{ 7*7 }}\n\x1b[31m$x$`a`"
SAID = " ".join(name for name in NAMES if "\udcff" not in name)


@pytest.fixture
def made(runs):
    """The notebook of runs in such a folder, whose files hold such names; its cells have not run."""
    runs = runs.rename(runs.with_name(FOLDER))
    for path in runs.rglob("manifest.json"):
        manifest = json.loads(path.read_text())
        manifest |= {"machine": SAID, "command": SAID, "git_revision": SAID, "device": SAID, "data_sha256": SAID}
        manifest["versions"] |= {"torch": SAID, "other": SAID}
        path.write_bytes(seal(json.dumps(manifest)))
    for path in runs.rglob("total_variation.json"):
        path.write_text(json.dumps({"left_out": SAID, "is_installed": True}))
    for path in [runs / "assignment.json", *runs.rglob("config.toml")]:  # the data have moved with the runs
        path.write_bytes(seal(path.read_text().replace(str(runs.with_name("runs")), json.dumps(str(runs))[1:-1])))
    assignment = Assignment.of(runs)
    metrics = assignment.collect()
    metrics["problem1"]["test_images"]["class_shares"] = {SAID: 0.0}
    for cell in metrics["problem1"]["generative"].values():
        cell["class_shares"] = {SAID: 0.0}
    variables = template_context(assignment, metrics, runs, runs.parent / "report")
    return make_notebook([files("harmonium.assignment") / f"{source}.py" for source in SOURCES], variables, SAID)


def test_the_folder_is_a_literal_of_the_first_code_cell(made):
    (statement,) = ast.parse(next(cell.source for cell in made.cells if cell.cell_type == "code")).body
    assert ast.literal_eval(statement.value) == f"../{FOLDER}"


def test_what_the_files_say_is_text_wherever_the_prose_shows_it(made):
    prose = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    shown = escape_markdown(SAID)
    assert sum(cell.count(shown) for cell in prose) >= 5  # machine, version, why a method was left out, classes
    assert not any(SAID[:200] in cell for cell in prose)
    for cell in made.cells:
        cell.pop("outputs", None)
    captioned = [cell for cell in made.cells if not cell.source.startswith(("Figure:", "Table:"))]
    made["cells"] = [cell for cell in captioned if cell.cell_type == "markdown"]
    page = Page(to_html(made))
    assert {"script", "img", "a"}.isdisjoint(page.tags)
    assert page.values("onerror", "onmouseover", "href") == []
