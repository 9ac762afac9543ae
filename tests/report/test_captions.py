"""Captions go with the figure or the table before them, or are refused."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.captions import with_captions
from harmonium.report.figures import draw_files
from harmonium.report.notebook import NotebookError

FIGURE = new_output("display_data", data={"image/svg+xml": "<svg/>"})
TABLE = new_output("display_data", data={"text/markdown": "| a |"})
PRINTED = new_output("stream", name="stdout", text="done\n")


def shown(*outputs):
    return new_code_cell("show(it)", outputs=list(outputs))


def test_a_caption_goes_to_the_last_output_before_it_and_leaves_no_cell():
    cells = [
        shown(PRINTED, FIGURE),
        new_markdown_cell("Figure: One\nline."),
        shown(TABLE),
        new_markdown_cell("Table: T."),
    ]
    notebook = new_notebook(cells=cells)
    typeset = with_captions(notebook)
    assert [cell.outputs[-1].metadata for cell in typeset.cells] == [{"caption": "One line."}, {"caption": "T."}]
    assert len(notebook.cells) == 4
    assert cells[0].outputs[-1].metadata == {}  # the notebook itself stays as it was


@pytest.mark.parametrize(
    "before",
    [[], [new_markdown_cell("Prose.")], [shown()], [shown(TABLE)], [shown(FIGURE, PRINTED)]],
    ids=["nothing", "prose", "no output", "a table", "a print after the figure"],
)
def test_a_caption_that_follows_no_figure_is_one_sentence(before):
    with pytest.raises(NotebookError, match=r"^the caption 'Figure: Lost\.' does not follow a cell that ends in show"):
        with_captions(new_notebook(cells=[*before, new_markdown_cell("Figure: Lost.\nMore.")]))


def test_a_picture_that_neither_the_page_nor_the_pdf_would_show_is_one_sentence():
    png = new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    with pytest.raises(NotebookError, match=r"^the picture of the cell 'show\(it\)' is no SVG"):
        draw_files(new_notebook(cells=[shown(png)]))
