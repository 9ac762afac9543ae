"""The assignment's PDF: the same headings, numbers and figures as the notebook's."""

import re

import pypdf
import pytest

from assignment.report_tables import N_TABLES, expected_rows, plain_paragraphs
from typeset import close, right_ends_of_code, text_of


@pytest.fixture(scope="module")
def pdf(reproduced):
    return pypdf.PdfReader(reproduced.report / "harmonium.pdf")


@pytest.fixture(scope="module")
def text(pdf):
    return text_of(pdf)


def outline(entries):
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry)
        else:
            yield entry.title


def test_its_title_and_its_headings_are_the_notebooks(pdf, notebook):
    headings = [
        heading
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for heading in re.findall(r"^#{1,3} (.+)$", cell.source, flags=re.MULTILINE)
    ]
    assert pdf.metadata.title == notebook.metadata.title == headings[0]
    assert list(outline(pdf.outline)) == headings


def test_its_figures_and_tables_are_numbered_through_and_as_many_as_the_notebooks(text, notebook):
    n_figures = sum(cell.source.startswith("Figure: ") for cell in notebook.cells)
    for kind, n in (("Figure", n_figures), ("Table", N_TABLES)):
        assert [int(k) for k in re.findall(rf"\b{kind} (\d+)\.", text)] == list(range(1, n + 1))


def test_its_tables_hold_the_numbers_of_metrics_json(text, reproduced):
    found = close(text)
    rows = expected_rows(reproduced.metrics)
    assert len(rows) > 30
    assert [name for name, cells in rows.items() if close("".join([name, *cells])) not in found] == []


def test_its_prose_holds_the_numbers_of_the_notebooks(text, notebook):
    found = close(text).replace("-", "")  # a word may be broken at the end of a line
    paragraphs = plain_paragraphs(notebook)
    assert len(paragraphs) >= 8
    assert [paragraph for paragraph in paragraphs if close(paragraph).replace("-", "") not in found] == []


def test_no_formula_is_left_as_its_source(text):
    assert "$" not in text
    assert re.findall(r"\\(?:frac|sum|sigma|mathbb|begin|text|left|mid|alpha)\b", text) == []


def test_it_says_nothing_of_the_day_or_the_folder_it_was_made_in(pdf, reproduced):
    assert pdf.metadata.creation_date is None
    assert str(reproduced.folder).encode() not in (reproduced.report / "harmonium.pdf").read_bytes()


def test_code_can_be_copied_out_of_it(pdf, notebook):
    """Invisible letters between those of a line of code would be copied too."""
    copied = {line.strip() for page in pdf.pages for line in page.extract_text().splitlines()}
    code = [line.strip() for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    short = [line for line in code if 0 < len(line) < 90 and "  " not in line]
    assert len(short) > 80
    assert [line for line in short if line not in copied] == []


def test_no_code_runs_over_the_margin_and_thirty_pages_are_enough(pdf):
    assert max(right_ends_of_code(pdf).values()) <= 595.28 - 56.69  # A4 and 2 cm, in points
    assert len(pdf.pages) <= 30
