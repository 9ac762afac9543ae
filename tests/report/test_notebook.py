"""A small notebook: put together, filled in and run; what goes wrong is one sentence."""

import os
import signal
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from harmonium.exceptions import InvalidInputError
from harmonium.report.notebook import NotebookError, execute, make_notebook
from processes import is_alive, start, wait_for

SOURCE = """\
# ---
# jupyter: {}
# ---

# %% [markdown]
# Of {{ n }} rows{% if n > 2 %}, many{% endif %}.

# %% [raw]
# what no reader sees

# %% tags=["parameters"]
n = {{ n }}

# %%
text = "{{ n }}"

# %% [markdown]
# {% if n > 5 %}Left out.{% endif %}
"""


def made_of(folder, *texts, **variables):
    """The notebook of percent-format texts, each in a file of its own."""
    paths = [folder / f"part{k}.py" for k in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return make_notebook(paths, variables, "A title")


def test_prose_and_parameters_are_filled_in_and_other_code_stays_as_it_is(tmp_path):
    notebook = made_of(tmp_path, SOURCE, n=3)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        ("markdown", "Of 3 rows, many."),
        ("code", "n = 3"),
        ("code", 'text = "{{ n }}"'),
    ]
    assert notebook.metadata.title == "A title"


def test_sources_become_one_notebook_in_their_order_with_cells_numbered_through(tmp_path):
    notebook = made_of(tmp_path, "# %% [markdown]\n# π\n", "# %%\n1\n", "# %% [markdown]\n# c\n")
    assert [cell.source for cell in notebook.cells] == ["π", "1", "c"]
    assert [cell.id for cell in notebook.cells] == ["cell-001", "cell-002", "cell-003"]
    same = make_notebook([str(tmp_path / "part0.py")], {}, "A title")
    assert same.cells[0].source == "π"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Of {{ rows }} rows.", "'rows' is undefined"), ("Of {{ n rows.", "expected token"), ("{% if n %}", "endif")],
    ids=["unknown variable", "open bracket", "open condition"],
)
def test_a_template_that_cannot_be_filled_in_is_one_sentence_that_names_cell_and_file(tmp_path, text, reason):
    with pytest.raises(NotebookError) as caught:
        made_of(tmp_path, f"# %% [markdown]\n# {text}\n# More.\n", n=3)
    sentence = str(caught.value)
    assert sentence.startswith(f"the cell {text!r} of part0.py cannot be filled in: ")
    assert reason in sentence
    assert "\n" not in sentence


def run(tmp_path, *sources):
    ran = []
    execute(new_notebook(cells=[new_code_cell(source) for source in sources]), tmp_path, ran.append)
    return ran


def test_a_persons_mistake_in_a_cell_ends_as_its_own_sentence(tmp_path, capfd):
    source = "from harmonium.exceptions import InvalidInputError\nraise InvalidInputError('n must be 1; got 2')"
    with pytest.raises(InvalidInputError) as caught:
        run(tmp_path, source)
    assert str(caught.value) == "n must be 1; got 2"
    assert capfd.readouterr().err == ""


def test_any_other_error_in_a_cell_ends_as_one_sentence(tmp_path, capfd):
    with pytest.raises(NotebookError) as caught:
        run(tmp_path, "1 + 1", "raise RuntimeError('sizes differ:\\n  3 and 4')")
    sentence = str(caught.value)
    assert sentence.startswith("a cell of the notebook failed with RuntimeError: sizes differ")
    assert "\n" not in sentence
    assert "\x1b" not in sentence
    assert capfd.readouterr().err == ""


def test_a_killed_notebook_ends_as_one_sentence(tmp_path, capfd):
    with pytest.raises(NotebookError, match=r"^the process that runs the notebook was killed"):
        run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert capfd.readouterr().err == ""


def test_progress_counts_the_cells_and_the_folder_is_the_working_directory(tmp_path):
    cells = [new_markdown_cell("Prose."), new_code_cell("import os\nprint(os.getcwd())")]
    ran = []
    executed = execute(new_notebook(cells=cells), tmp_path, ran.append)
    assert executed.cells[1].outputs[0].text == f"{tmp_path}\n"
    assert ran[-1] == 2


LONG_NOTEBOOK = """
import sys
from pathlib import Path
from nbformat.v4 import new_code_cell, new_notebook
import harmonium.cli.report
from harmonium.cli.main import main
from harmonium.report.notebook import execute

cell = new_code_cell(sys.argv[1])
harmonium.cli.report.write_report = lambda *arguments: execute(new_notebook(cells=[cell]), Path("."), print)
sys.exit(main(["report"]))
"""
# it starts a process of its own, and holds Python's lock in native code
BUSY_CELL = """
import ctypes, os, subprocess
started = subprocess.Popen(["sleep", "300"])
open("begun", "w").write(f"{os.getpid()} {started.pid}\\n")
ctypes.PyDLL(None).sleep(300)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_the_notebooks_process_and_what_it_started_end_with_the_command(tmp_path, number, code):
    process, begun = start(LONG_NOTEBOOK, tmp_path, BUSY_CELL), tmp_path / "begun"
    assert wait_for(lambda: begun.exists() and begun.read_text().endswith("\n"))
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert errors == (
        "" if number == signal.SIGKILL else "stopped; what was done is kept, and the same command goes on\n"
    )
    assert wait_for(lambda: not any(map(is_alive, begun.read_text().split())))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_cell_started_ends_with_the_notebook(tmp_path):
    run(tmp_path, "import subprocess\nopen('begun', 'w').write(str(subprocess.Popen(['sleep', '300']).pid))")
    assert wait_for(lambda: not is_alive((tmp_path / "begun").read_text()))
