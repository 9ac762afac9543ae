"""Small figures that follow one another stand beside each other; everything else stays where it was."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmonium.report.arrangement import arrange


def svg(inches):
    return f'<?xml version="1.0"?>\n<svg xmlns:xlink="a" width="{72 * inches}pt" height="100pt"><path/></svg>'


def showing(source, inches):
    return new_code_cell(source, outputs=[new_output("display_data", data={"image/svg+xml": svg(inches)})])


def captioned(source, inches):
    return [showing(source, inches), new_markdown_cell(f"Figure: Of {source}.")]


def arranged(*cells):
    return [
        (
            cell.source,
            [(o.metadata.get("caption"), o.metadata.get("is_narrow", False)) for o in cell.outputs if "data" in o],
        )
        for cell in arrange(new_notebook(cells=list(cells))).cells
        if cell.cell_type == "code"
    ]


def test_two_small_figures_in_a_row_become_one_cell_in_their_order():
    assert arranged(*captioned("a", 4.8), *captioned("b", 5)) == [("a\nb", [("Of a.", True), ("Of b.", True)])]


def test_a_third_small_figure_begins_a_new_row():
    cells = [*captioned("a", 3), *captioned("b", 3), *captioned("c", 3)]
    assert arranged(*cells) == [("a\nb", [("Of a.", True), ("Of b.", True)]), ("c", [("Of c.", False)])]


@pytest.mark.parametrize(
    "between",
    [
        [new_markdown_cell("Prose.")],
        [new_code_cell("x = 1")],
        captioned("wide", 5.1),
        [new_code_cell("t", outputs=[new_output("stream", name="stdout", text="7\n")])],
    ],
    ids=["prose", "code", "a wide figure", "what was printed"],
)
def test_what_stands_between_keeps_them_apart(between):
    rows = arranged(*captioned("a", 4), *between, *captioned("b", 4))
    assert rows[0] == ("a", [("Of a.", False)])
    assert rows[-1] == ("b", [("Of b.", False)])


def test_the_notebook_itself_is_left_as_it_is():
    notebook = new_notebook(cells=[*captioned("a", 4), *captioned("b", 4)])
    arrange(notebook)
    assert [cell.source for cell in notebook.cells] == ["a", "Figure: Of a.", "b", "Figure: Of b."]
    assert notebook.cells[0].outputs[0].metadata == {}
