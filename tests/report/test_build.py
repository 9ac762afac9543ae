"""A report of one's own notebook: every format whole, the same bytes again, nothing written after an error."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pypdf
import pytest
from rich.console import Console

from harmonium.exceptions import HarmoniumError, InvalidInputError, MissingPackageError
from harmonium.report.build import FORMATS, build_report, check_report
from typeset import Page, close, text_of

GUIDE = Path(__file__).parents[2] / "docs/report.md"
SOURCE = """\
# %% [markdown]
# # Rows of {{ owner }}
#
# There are {{ n }} of them, and $\\\\sigma^2 = 1$.

# %%
from matplotlib.figure import Figure

from harmonium.report.display import show

figure = Figure(figsize=(2, 2))
figure.subplots().plot([1, 2])
show(figure)

# %% [markdown]
# Figure: A line of {{ n }} points.
""".replace("\\\\", "\\")
VARIABLES = {"owner": "mine", "n": 2}
OLD = {"report.ipynb": "old", "report.html": "old", "report.pdf": "old", "figures/figure01.svg": "old"}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def old_report(tmp_path):
    folder = tmp_path / "report"
    (folder / "figures").mkdir(parents=True)
    for name, text in OLD.items():
        (folder / name).write_text(text)
    return folder


def found_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_notebook_of_two_cells_and_a_caption_comes_out_in_every_format(source, tmp_path, capfd):
    folder = tmp_path / "made" / "here"
    build_report([source], VARIABLES, folder, title="My rows", name="rows", files={"numbers.txt": "1 2\n"})
    assert set(found_in(folder)) == {"rows.ipynb", "rows.html", "rows.pdf", "numbers.txt", "figures/figure01.svg"}
    assert capfd.readouterr() == ("", "")  # no console was given

    notebook = nbformat.read(folder / "rows.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.title == "My rows"
    assert notebook.cells[0].source == "# Rows of mine\n\nThere are 2 of them, and $\\sigma^2 = 1$."
    assert notebook.cells[1].outputs[0].data["image/svg+xml"] == (folder / "figures/figure01.svg").read_text()

    html = (folder / "rows.html").read_text(encoding="utf-8")
    page = Page(html)
    assert "<title>My rows</title>" in html
    assert "There are 2 of them" in page.prose
    assert page.tags.count("math") == page.tags.count("img") == page.tags.count("figcaption") == 1
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    assert all(address.startswith("data:") for address in page.values("src", "href"))

    pdf = pypdf.PdfReader(folder / "rows.pdf")
    assert pdf.metadata.title == "My rows"
    assert close("Figure 1. A line of 2 points.") in close(text_of(pdf))
    assert (folder / "numbers.txt").read_text() == "1 2\n"


def test_the_same_input_gives_the_same_bytes_in_another_process(source, tmp_path):
    build_report([source], VARIABLES, tmp_path / "first", title="My rows")
    again = "import sys, harmonium.report.build as b; "
    again += f"b.build_report([{str(source)!r}], {VARIABLES!r}, 'again', title='My rows')"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", again], cwd=tmp_path, env=environment, check=True)
    assert found_in(tmp_path / "again") == found_in(tmp_path / "first")


def test_only_the_formats_that_are_asked_for_are_written_each_once(source, tmp_path, monkeypatch):
    console = Console(file=(tmp_path / "said").open("w"), width=200)
    build_report([source], VARIABLES, tmp_path / "page", title="T", formats=["html", "html"], console=console)
    console.file.close()
    assert set(found_in(tmp_path / "page")) == {"report.html", "figures/figure01.svg"}
    said = (tmp_path / "said").read_text().splitlines()
    assert said == ["report: running 3 cells", f"written: {tmp_path / 'page' / 'report.html'}"]


@pytest.mark.parametrize(
    ("addition", "reason"),
    [
        ("# %% [markdown]\n# {{ missing }}", "'missing' is undefined"),
        ("# %%\n1 / 0", "failed with ZeroDivisionError: division by zero"),
        ("# %% [markdown]\n# Where is $\\sigmma$?", "sigmma"),
        ("# %% [markdown]\n# Table: Of nothing.", "'Table: Of nothing.' does not follow"),
        ("# %%\nfrom IPython.display import Image, display\ndisplay(Image(b'\\x89PNG'))", "is no SVG"),
    ],
    ids=["a variable", "a cell", "a formula", "a caption", "a picture"],
)
def test_after_an_error_the_old_report_stands(source, old_report, addition, reason):
    source.write_text(f"{SOURCE}\n{addition}\n")
    with pytest.raises(HarmoniumError) as caught:
        build_report([source], VARIABLES, old_report, title="T", files={"numbers.txt": "new"})
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert found_in(old_report) == {name: text.encode() for name, text in OLD.items()}


def test_an_unknown_format_and_a_folder_that_is_a_file_are_named(source, tmp_path):
    with pytest.raises(InvalidInputError, match=r"^to must be one of 'ipynb', 'html', 'pdf'; got 'docx'$"):
        build_report([source], VARIABLES, tmp_path / "report", title="T", formats=["docx"])
    with pytest.raises(InvalidInputError, match=r"^the report needs a folder; .*own\.py is a file$"):
        build_report([source], VARIABLES, source, title="T")
    assert source.read_text() == SOURCE


@pytest.mark.parametrize("package", ["nbformat", "IPython", "pygments", "traitlets", "typst"])
def test_a_missing_package_is_named_with_what_brings_it(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"^{package} is not installed; pip install 'harmonium\[report\]'"):
        check_report(tmp_path, FORMATS)


def test_the_check_imports_nothing_heavy_and_the_builder_no_run_and_no_problem(source, tmp_path):
    """The builder alone: what it imports of harmonium is what it stands on."""
    check = "import sys; from pathlib import Path; from harmonium.report import build; "
    check += "build.check_report(Path('out'), build.FORMATS); print(*sys.modules); print('---'); "
    check += f"build.build_report([{str(source)!r}], {VARIABLES!r}, 'out', title='T'); print(*sys.modules)"
    command = [sys.executable, "-c", check]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    before, after = (set(part.split()) for part in said.split("---"))
    assert {"torch", "numpy", "matplotlib", "nbformat", "jinja2", "IPython"}.isdisjoint(before)
    assert "nbformat" in after
    assert "torch" not in after
    rooms = {name.split(".")[1] for name in after if name.startswith("harmonium.")}
    assert rooms <= {"report", "figures", "files", "exceptions", "extras", "visible"}


def test_the_guides_example_builds_a_report_as_it_stands(tmp_path):
    notebook, script = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "digits.py").write_text(notebook)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "digits"
    assert set(found_in(folder)) == {"report.ipynb", "report.html", "report.pdf", "figures/figure01.svg"}
    prose = Page((folder / "report.html").read_text(encoding="utf-8")).prose
    assert "Handwritten digits" in prose
    assert "What each of the 8 hidden units adds" in prose
    code = [cell for cell in nbformat.read(folder / "report.ipynb", as_version=4).cells if cell.cell_type == "code"]
    assert [output.output_type for cell in code for output in cell.outputs] == ["display_data"]  # and no warning
