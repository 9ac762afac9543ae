"""The PDF of a small notebook: no formula that did not convert, no markup where text was meant."""

import io

import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.katex import FormulaError
from harmonium.report.pdf import to_markdown, to_pdf
from typeset import close, text_of


def made_of(*sources):
    notebook = new_notebook(cells=[new_markdown_cell(source) for source in sources])
    notebook.metadata["title"] = "A title"
    return pypdf.PdfReader(io.BytesIO(to_pdf(notebook, {})))


@pytest.mark.parametrize(
    "source",
    ["In a line: $\\sigmma$.", "$$\n\\sigmma\n$$", "$$\n\\frac{1}{2\n$$", "$$\nx \\label{a}\n$$"],
    ids=["unknown command", "unknown command, displayed", "open brace", "label"],
)
def test_a_formula_that_does_not_convert_fails_the_build_in_one_sentence(source):
    with pytest.raises(FormulaError) as caught:
        made_of("# A title", source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["In a line: $a \\! b$.", "$$\na \\! b\n$$"], ids=["in a line", "displayed"])
def test_a_negative_space_fails_the_build_because_it_would_print_symbols_over_one_another(source):
    with pytest.raises(FormulaError, match="negative space"):
        made_of("# A title", source)


def test_a_display_of_several_lines_keeps_them_all():
    pdf = made_of("# A title", "$$\n\\begin{aligned} a &= bcd \\\\ &= efg \\end{aligned}\n$$")
    letters = {"𝑏𝑐𝑑", "𝑒𝑓𝑔"}
    assert {letter for letter in letters if letter in close(text_of(pdf))} == letters


def test_what_would_be_markup_elsewhere_is_text_in_a_caption_and_in_what_was_printed():
    drawn = new_output("display_data", data={"image/svg+xml": "<svg/>"})
    printed = new_output("stream", name="stdout", text="# no heading\n")
    cells = [new_code_cell("a", outputs=[printed]), new_code_cell("b", outputs=[drawn])]
    markdown = to_markdown(new_notebook(cells=[*cells, new_markdown_cell("Figure: One\nline.")]))
    assert "```\n# no heading\n```" in markdown
    assert "![One line.](figure01.svg)" in markdown
