"""The page of a small notebook: formulas rendered, what was printed left as text."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.html import to_html
from harmonium.report.katex import FormulaError
from typeset import Page


def html_of(*cells):
    notebook = new_notebook(cells=list(cells))
    notebook.metadata["title"] = "A title"
    return to_html(notebook)


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


def test_an_output_that_comes_in_several_forms_is_shown_in_the_one_that_the_pdf_shows_too():
    data = {"text/html": "<table><tr><td>a</td></tr></table>", "text/plain": "   a\n0  1"}
    for output in (new_output("execute_result", data=data), new_output("display_data", data=data)):
        text = html_of(new_code_cell("table", outputs=[output]))
        assert "<pre>   a\n0  1</pre>" in text
        assert "table" not in Page(text).tags


def test_a_long_name_in_a_line_may_be_broken_but_is_copied_whole():
    text = html_of(new_markdown_cell("By `tests/exact/test_a.py::test_b<c>`."))
    assert "<code>tests/<wbr/>exact/<wbr/>test_<wbr/>a.<wbr/>py::<wbr/>test_<wbr/>b&lt;c&gt;</code>" in text


def test_small_figures_in_a_row_are_marked_as_such():
    def cell(points):
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' width=\"{points}pt\"/>"
        return new_code_cell("show(figure)", outputs=[new_output("display_data", data={"image/svg+xml": svg})])

    for points, n in ((300, 2), (600, 0)):
        text = html_of(*(part for _ in range(2) for part in (cell(points), new_markdown_cell("Figure: It."))))
        assert text.count('<figure class="drawing narrow">') == n
