"""The PDF of a small notebook: no formula that did not convert, no markup where text was meant."""

import io
from itertools import chain

import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.figures import draw_files
from harmonium.report.katex import FormulaError
from harmonium.report.pdf import to_markdown, to_pdf
from typeset import close, right_ends_of_code, text_of

RIGHT_MARGIN = 595.28 - 56.69  # A4 and 2 cm, in points
TALL = '<svg xmlns="http://www.w3.org/2000/svg" width="648pt" height="648pt"><rect width="9" height="9"/></svg>'


def made_of(*sources):
    cells = [new_markdown_cell(source) if isinstance(source, str) else source for source in sources]
    notebook = new_notebook(cells=cells)
    notebook.metadata["title"] = "A title"
    return pypdf.PdfReader(io.BytesIO(to_pdf(notebook, draw_files(notebook))))


def drawing(source, svg):
    return new_code_cell(source, outputs=[new_output("display_data", data={"image/svg+xml": svg})])


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


@pytest.mark.parametrize("before", ["Checked by", "All of this and rather more is checked by the following test,"])
def test_a_long_name_in_a_line_is_broken_before_the_margin_and_holds_no_invisible_letter(before):
    name = "tests/exact/test_contrastive_divergence.py::test_gradient_equals_autograd_for_every_parameter"
    pdf = made_of("# A title", f"{before} `{name}` and `{name}`.")
    ends = right_ends_of_code(pdf)
    assert 400 < max(ends.values()) <= RIGHT_MARGIN
    assert close(text_of(pdf)).count(name) == 2


def test_two_high_figures_fit_on_a_page_each_with_its_code_and_its_caption():
    pairs = [(drawing(f"show(figure{k})", TALL), new_markdown_cell(f"Figure: Caption {k}.")) for k in range(6)]
    pages = [page.extract_text() for page in made_of("# A title", *chain(*pairs)).pages]
    assert len(pages) <= 4
    for k in range(6):
        assert [f"show(figure{k})" in page for page in pages] == [f"Caption {k}." in page for page in pages]


def test_two_small_figures_in_a_row_stand_beside_each_other():
    small = TALL.replace("648pt", "300pt")
    pair = [drawing("show(a)", small), new_markdown_cell("Figure: Left."), drawing("show(b)", small)]
    pdf = made_of("# A title", *pair, new_markdown_cell("Figure: Right."))
    places = {}

    def visit(text, outer, inner, font, size):
        for word in ("Left", "Right"):
            if word in text:
                places[word] = (outer[0] * inner[4] + outer[4], outer[3] * inner[5] + outer[5])

    pdf.pages[0].extract_text(visitor_text=visit)
    assert places["Left"][1] == pytest.approx(places["Right"][1])
    assert places["Right"][0] - places["Left"][0] > 200
