"""Names of strangers in a notebook, a page and a PDF: they are read as they are, and nothing comes of them."""

import ast
import io
import json
import re
from html import unescape

import numpy as np
import pypandoc
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat.v4 import new_markdown_cell, new_notebook

from harmonium.report.escaping import code_span, escape_markdown, python_literal
from harmonium.report.html import _Renderer, to_html
from harmonium.report.notebook import NotebookError, make_notebook
from harmonium.report.pdf import _READER, to_markdown, to_pdf
from harmonium.visible import visible
from hostile import NAMES, a_report
from typeset import Page, close, text_of

PLACES = ["{} ends.", "In a line: {}, {}.", "## {}", "- {}\n- b", "> {}", "| | a |\n| - | - |\n| {} | {} |"]
TEXT_ALONE = {"p", "li", "ul", "h2", "blockquote", "code", "table", "thead", "tbody", "tr", "th", "td", "wbr"}


def page_of(*sources, title=""):
    notebook = new_notebook(cells=[new_markdown_cell(source) for source in sources])
    notebook.metadata["title"] = title
    return to_html(notebook)


def body_of(page):
    return page.partition("<body>")[2]


def read_in(page):
    """What a person reads of the page, in prose and in code."""
    return unescape(re.sub(r"<[^>]*>", "", body_of(page)))


@pytest.mark.parametrize("place", PLACES)
def test_in_the_page_a_name_is_text_wherever_it_stands(place):
    sources = [place.replace("{}", escape_markdown(name)) for name in NAMES]
    page = page_of(*sources)
    for name in NAMES:
        assert close(visible(name)) in close(read_in(page))
    assert set(Page(body_of(page)).tags) <= TEXT_ALONE
    assert Page(body_of(page)).values("href", "src", "onerror", "onmouseover") == []
    assert page.count("<h2") == (len(NAMES) if place.startswith("##") else 0)
    assert page.count("<li") == (2 * len(NAMES) if place.startswith("-") else 0)


@settings(deadline=None)
@given(st.text(st.characters(codec=None, categories=None) | st.sampled_from("$\\`*_[]()<>&#|~-+=:!{}\"'\n /@^%.1aw")))
def test_any_text_is_text_in_the_page(text):
    markdown = f"{escape_markdown(text)} is, {escape_markdown(text)}."
    page = f"<body>{MarkdownWithMath(renderer=_Renderer(escape=False)).render(markdown)}"
    assert set(Page(body_of(page)).tags) <= {"p", "code"}
    assert close(f"{visible(text)} is, {visible(text)}.") == close(read_in(page))


@pytest.mark.parametrize("place", PLACES)
def test_pandoc_reads_a_name_as_text_wherever_it_stands(place):
    # one after another in one document: what one began, another could end
    document = "\n\n".join(place.replace("{}", escape_markdown(name)) for name in NAMES)
    read = json.loads(pypandoc.convert_text(document, "json", format=_READER))
    kinds = set(re.findall(r'"t": "(\w+)"', json.dumps(read["blocks"])))
    assert kinds <= {"Para", "Plain", "Header", "BulletList", "BlockQuote", "Str", "Space", "SoftBreak", "Code"} | {
        *("Table", "AlignDefault", "ColWidth", "ColWidthDefault")
    }
    plain = pypandoc.convert_text(document, "plain", format=_READER, extra_args=["--wrap=none", "--columns=9999"])
    for name in NAMES:
        assert close(visible(name)) in close(plain)


def test_what_jupyter_would_take_for_a_formula_stands_in_code_where_it_looks_for_none():
    """It looks for formulas in what the Markdown has become too, where an entity is the character itself."""
    page = page_of(*(f"a {escape_markdown(name)} b" for name in NAMES))
    for text in body_of(page).split("</p>"):
        for part in unescape(re.sub(r"<code>.*?</code>", "\0", text)).split("\0"):
            assert part.count("$") + part.count("\\") <= 1
            assert not re.search(r"\$.*\$|\\\(.*\\\)|\\\[.*\\\]|\\begin.*\\end", part)


def test_a_plain_name_is_left_as_a_person_would_write_it():
    for text in ("batch_size", "(16, 32, 256)", "CD-1, σ = 0.5: test error", "Linux-6.1-x86_64"):
        assert escape_markdown(text) == text
    assert code_span("Linux-6.1-x86_64") == "`Linux-6.1-x86_64`"
    assert python_literal("../runs") == '"../runs"'
    for name in ("<b>", "$$x$$ $$y$$", "`a", "a\nb", "\x1b[31m", ""):
        assert code_span(name) == escape_markdown(name)


@pytest.mark.parametrize("value", [*NAMES, 3, -0.5, True, None, ["a", ("b", 1)], {"a'": [1.5]}], ids=ascii)
def test_in_code_a_value_is_a_literal(tmp_path, value):
    source = tmp_path / "part.py"
    source.write_text('# %% tags=["parameters"]\nvalue = {{ value }}  # as it came\n')
    (cell,) = make_notebook([source], {"value": value}, "T").cells
    (statement,) = ast.parse(cell.source).body
    assert ast.literal_eval(statement.value) == value
    assert cell.source.isascii() or cell.source.isprintable()


@pytest.mark.parametrize(
    "value", [object(), float("nan"), np.zeros(2), print], ids=["object", "nan", "array", "function"]
)
def test_what_has_no_literal_is_refused_in_one_sentence(tmp_path, value):
    source = tmp_path / "part.py"
    source.write_text('# %% tags=["parameters"]\nvalue = {{ value }}\n')
    with pytest.raises(
        NotebookError, match=r"^the cell 'value = \{\{ value \}\}' of part.py cannot be filled in: \S+ .*no n"
    ) as caught:
        make_notebook([source], {"value": value}, "T")
    assert "\n" not in str(caught.value)


def test_a_value_is_no_template(tmp_path):
    source = tmp_path / "part.py"
    source.write_text(
        "# %% [markdown]\n"
        "# {% macro twice(x) %}{{ x }}, {{ x }}{% endmacro %}\n"
        "# {{ name }}\n# {{ twice(name) }}\n# {{ [name]|join }}\n"
    )
    (cell,) = make_notebook([source], {"name": "{{ 7*7 }} <b>"}, "T").cells
    escaped = "&#123;&#123; 7&#42;7 &#125;&#125; &#60;b&#62;"
    assert cell.source == f"{escaped}\n{escaped}, {escaped}\n{escaped}"


def test_what_a_template_calls_safe_stays_markup_and_code(tmp_path):
    source = tmp_path / "part.py"
    source.write_text('# %% [markdown]\n# {{ m | safe }}\n\n# %% tags=["parameters"]\nx = {{ c | safe }}\n')
    notebook = make_notebook([source], {"m": "*a*", "c": "dict(a=1)"}, "T")
    assert [cell.source for cell in notebook.cells] == ["*a*", "x = dict(a=1)"]


def test_an_expression_that_fails_is_one_sentence(tmp_path):
    source = tmp_path / "part.py"
    for expression in ("{{ 1 / n }}", '{{ "%g"|format("a") }}', "{{ n.missing.inner }}", "{{ n() }}"):
        source.write_text(f"# %% [markdown]\n# {expression}\n")
        with pytest.raises(NotebookError, match=r"cannot be filled in: [^\n]+$"):
            make_notebook([source], {"n": 0}, "T")


def test_in_page_title_table_caption_and_output_names_are_text():
    page = Page(to_html(a_report()))
    assert {"script", "a", "b", "em", "strong", "math"}.isdisjoint(page.tags)
    assert page.tags.count("img") == 1
    assert page.values("onerror", "onmouseover", "href") == []
    assert page.tags.count("tr") == 1 + len(NAMES)


def test_in_the_pdf_they_are_text_too():
    notebook = a_report()
    drawing = notebook.cells[3].outputs[0].data["image/svg+xml"]
    pdf = pypdf.PdfReader(io.BytesIO(to_pdf(notebook, {"figure01.svg": drawing})))
    assert "root:" not in text_of(pdf)
    assert close(pdf.metadata.title) == close(visible(" ".join(NAMES)))
    assert not [page for page in pdf.pages if page.get("/Annots")]
    assert close("</script><img") in close(text_of(pdf))


def test_no_line_of_code_or_output_ends_its_block():
    markdown = to_markdown(a_report())
    blocks = json.loads(pypandoc.convert_text(markdown, "json", format=_READER))["blocks"]
    code = [block["c"][1] for block in blocks if block["t"] == "CodeBlock"]
    assert "'''\n```\n'''\nshow(figure)" in code
    assert not [block for block in blocks if block["t"] == "RawBlock" and "panic" in json.dumps(block)]
