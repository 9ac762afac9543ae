"""The page: all of the notebook, and nothing that it would have to ask for."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.html import to_html
from harmonium.report.katex import FormulaError
from report_tables import N_TABLES, expected_rows, plain_paragraphs

QUIET = {"script", "style", "code", "pre", "annotation"}  # their text is not prose
VOID = {"img", "meta", "br", "hr", "link", "input", "source"}


class Page(HTMLParser):
    """What a page is made of, with its prose apart from its code."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.prose, self.rows = [], [], "", {}
        self._open, self._cells = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("td", "th"):
            self._cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass
        if tag == "tr":
            if "tbody" in self._open:
                name, *cells = (cell.strip() for cell in self._cells)
                self.rows[name] = cells
            self._cells = []

    def handle_data(self, data):
        if not QUIET & set(self._open):
            self.prose += data
        if self._cells and not QUIET & set(self._open):
            self._cells[-1] += data

    def values(self, *names):
        return [value for _, name, value in self.attributes if name in names]


@pytest.fixture(scope="module")
def source(reproduced):
    return (reproduced.report / "harmonium.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def html_of(*cells):
    notebook = new_notebook(cells=list(cells))
    notebook.metadata["title"] = "A title"
    return to_html(notebook)


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


def test_an_unknown_command_in_a_formula_fails_the_build_and_is_named():
    for cell in ("In a line: $\\sigmma$.", "$$\n\\sigmma\n$$"):
        with pytest.raises(FormulaError, match=r"the formula '\\\\sigmma' cannot be rendered"):
            html_of(new_markdown_cell(cell))


def test_a_formula_in_a_caption_is_rendered_too():
    drawn = new_output("display_data", data={"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    text = html_of(new_code_cell("show(figure)", outputs=[drawn]), new_markdown_cell("Figure: The width $\\sigma$."))
    assert "<mi>σ</mi>" in text
    assert Page(text).tags.count("figcaption") == 1


def test_what_looks_like_markup_in_code_or_output_stays_text():
    printed = new_output("stream", name="stdout", text="<script>alert(1)</script> & $x$")
    page = Page(html_of(new_code_cell("a = '<b>'", outputs=[printed])))
    assert "script" not in page.tags
    assert "b" not in page.tags
