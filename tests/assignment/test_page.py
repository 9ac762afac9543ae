"""The assignment's page: all of the notebook, and nothing that it would have to ask for."""

import re
from urllib.parse import unquote

import pytest

from assignment.report_tables import N_TABLES, expected_rows, plain_paragraphs
from typeset import Page


@pytest.fixture(scope="module")
def source(reproduced):
    return (reproduced.report / "harmonium.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_it_asks_for_nothing(source, page):
    assert {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags) == set()
    addresses = page.values("src", "href", "xlink:href", "srcset", "data", "action", "poster")
    assert len(addresses) > 20
    assert [address[:80] for address in addresses if not address.startswith(("data:", "#"))] == []
    assert [found for found in re.findall(r"url\(\s*['\"]?(.{0,40})", source) if not found.startswith("data:")] == []
    assert "@import" not in source
    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []


def test_no_drawing_inside_asks_for_anything(page):
    drawings = [unquote(value) for value in page.values("src") if value.startswith("data:image/svg+xml,")]
    for drawing in drawings:
        inside = Page(drawing)
        assert "script" not in inside.tags
        addresses = [value for value in inside.values("xlink:href", "href") if not value.startswith(("data:", "#"))]
        # the namespaces and the licence of the format are names, not addresses
        assert [address for address in addresses if address != "http://purl.org/dc/dcmitype/StillImage"] == []


def test_its_title_is_the_notebooks_and_its_language_is_told(source, notebook):
    assert f"<title>{notebook.metadata.title}</title>" in source
    assert '<html lang="en">' in source


def test_every_figure_and_table_of_the_notebook_is_there_with_its_caption(page, notebook):
    captions = [cell.source for cell in notebook.cells if re.match(r"(Figure|Table): ", cell.source)]
    figures = sum(caption.startswith("Figure: ") for caption in captions)
    assert page.tags.count("img") == figures
    assert page.tags.count("table") == N_TABLES
    assert page.tags.count("figcaption") == page.tags.count("figure") == figures + N_TABLES
    assert "Figure: " not in page.prose  # a caption is not a paragraph too


def test_every_formula_is_rendered(source, page, notebook):
    assert "$" not in page.prose
    assert re.findall(r"\\[a-zA-Z]+", page.prose) == []
    assert "katex-error" not in source
    formulas = [
        formula
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for formula in re.findall(r"\$\$.+?\$\$|\$[^$]+\$", re.sub(r"`[^`]*`", "", cell.source), flags=re.DOTALL)
    ]
    assert len(formulas) > 300
    assert page.tags.count("math") == len(formulas)


def test_what_an_image_is_called_where_it_cannot_be_seen_is_plain_text(page):
    names = [value for tag, key, value in page.attributes if (tag, key) == ("img", "alt")]
    assert [name for name in names if name.strip() == "" or re.search(r"\$|\*\*|\\[a-z]|`", name)] == []


def test_its_tables_hold_the_numbers_of_metrics_json(page, reproduced):
    assert page.rows == expected_rows(reproduced.metrics)


def test_its_prose_is_that_of_the_notebook(page, notebook):
    """Every plain paragraph, with its numbers, stands in the page as it does in the notebook."""
    text = " ".join(page.prose.split())
    paragraphs = plain_paragraphs(notebook)
    assert len(paragraphs) >= 8
    assert [paragraph for paragraph in paragraphs if paragraph not in text] == []
