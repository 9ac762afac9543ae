"""The assignment's notebook: it ran, it says what the runs say, and it comes out the same again."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from assignment.report_tables import N_TABLES, expected_rows
from harmonium.assignment.problem3.protocol import Problem3
from harmonium.assignment.protocol import Assignment
from harmonium.assignment.report import SOURCES
from harmonium.assignment.template_context import template_context
from harmonium.report.notebook import make_notebook
from harmonium.seals import seal

PACKAGE = Path(__file__).parents[2] / "src/harmonium/assignment"
CAPTION = re.compile(r"(Figure|Table): ")
DECIMAL = re.compile(r"\d+\.\d+")
# what stands typed in the prose defines something: the assignment's own settings, bounds and thresholds
DEFINING = {
    "problem1/question": {"0.001"},  # the assignment's learning rate
    "problem3/question": {"1.5"},  # the assignment's atoms a pixel
    "problem1/results": {"0.001"},
    "problem2/results": {"0.01", "2", "98"},  # when a unit is active; the quantiles of a grid, per cent
    "problem3/results": {"0.1"},  # per cent: when a unit is rare
}


def drawn_in(cell):
    """What a code cell shows: figures and tables, in their order."""
    kinds = {"image/svg+xml": "Figure", "text/markdown": "Table"}
    return [kinds[key] for output in cell.outputs for key in output.get("data", {}) if key in kinds]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def unexecuted(runs):
    """The notebook of a folder of runs, without running it."""
    assignment = Assignment.of(runs)
    variables = template_context(assignment, assignment.collect(), runs, runs.parent / "report")
    return make_notebook([PACKAGE / f"{source}.py" for source in SOURCES], variables, variables["title"])


def test_it_is_a_valid_notebook_whose_cells_are_numbered_in_order(notebook):
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [f"cell-{k:03}" for k in range(1, len(notebook.cells) + 1)]


def test_every_code_cell_ran_in_order_without_an_error_or_a_warning(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}


def test_a_caption_follows_every_figure_and_table_and_nothing_else(notebook):
    captions = {index: match[1] for index, cell in enumerate(notebook.cells) if (match := CAPTION.match(cell.source))}
    shown = {
        index: drawn_in(cell)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and drawn_in(cell)
    }
    assert {index + 1: [kind] for index, kind in captions.items()} == {
        index + 2: drawn for index, drawn in shown.items()
    }
    for index, drawn in shown.items():
        # the caption is that of the cell's last output
        assert set(notebook.cells[index].outputs[-1].data) <= {"image/svg+xml", "text/markdown"}
        assert len(drawn) == 1
    assert sum(kind == "Table" for kind in captions.values()) == N_TABLES


def test_the_figures_beside_it_are_those_inside(notebook, reproduced):
    inside = [
        output.data["image/svg+xml"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/svg+xml" in output.get("data", {})
    ]
    files = sorted((reproduced.report / "figures").iterdir())
    assert [path.name for path in files] == [f"figure{k:02}.svg" for k in range(1, len(inside) + 1)]
    assert [path.read_text(encoding="utf-8") for path in files] == inside


def test_its_tables_hold_the_numbers_of_metrics_json(notebook, reproduced):
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for line in output.get("data", {}).get("text/markdown", "").splitlines()[2:]:
                name, *cells = (part.strip() for part in line.strip("|").split(" | "))
                found[name] = cells
    assert found == expected_rows(reproduced.metrics)


def test_the_runs_are_named_as_seen_from_the_notebook_and_no_folder_of_this_machine_is(notebook, reproduced):
    assert notebook.cells[1].source.startswith('RUNS = "../runs"')
    assert str(reproduced.folder) not in (reproduced.report / "harmonium.ipynb").read_text(encoding="utf-8")


def multiplied(figures, factor):
    if isinstance(figures, dict):
        return {key: multiplied(inner, factor) for key, inner in figures.items()}
    return figures * factor if isinstance(figures, float) else figures


def test_no_number_of_the_prose_outlives_a_change_of_what_was_measured(runs):
    before = unexecuted(runs)
    for k, path in enumerate(sorted([*runs.rglob("metrics.json"), *runs.rglob("other-methods-*/*.json")])):
        figures = json.loads(path.read_text())
        path.write_bytes(seal(json.dumps(multiplied(figures, 1000 * 1.5**k))))  # each by another, lest a ratio stays
    sources = [
        (old.source, new.source)
        for old, new in zip(before.cells, unexecuted(runs).cells, strict=True)
        if old.source != new.source
    ]
    assert len(sources) >= 5
    settings = set.union(*DEFINING.values()) | {f"{sigma:g}" for sigma in Problem3.sigmas}
    settings |= {f"{math.log(3):.1f}"}  # the entropy of three classes
    zero = {"0.0", "0.00000"}  # nothing times something
    stayed = [set(DECIMAL.findall(old)) & set(DECIMAL.findall(new)) - settings - zero for old, new in sources]
    assert stayed == [set() for _ in stayed]


@pytest.mark.parametrize(
    ("name", "key", "value", "sentence"),
    [
        ("problem1/reconstruction-4", "test_mse", 0.43217, "0.43217 ± 0.00000 for M = 4"),
        ("problem1/textbook-4", "test_mse", 0.54321, "0.54321 ± 0.00000 for M = 4; - generative"),
        ("problem2/vae-chosen", "probe_accuracy", 0.678, "68% of the test images from the plain VAE's z"),
        ("problem2/conditional_vae-chosen", "silhouette", 0.0987, "0.099 ± 0.000"),
        ("problem3/sparse-autoencoder-sigma0.5", "l0", 77.7, "active units an image for 77.7 ± 0.0"),
    ],
)
def test_the_prose_says_what_was_measured(runs, name, key, value, sentence):
    assert sentence not in " ".join(prose(unexecuted(runs)).split())
    for seed in (0, 1):
        path = runs / f"{name}-seed{seed}/metrics.json"
        path.write_bytes(seal(json.dumps(json.loads(path.read_text()) | {key: value})))
    assert sentence in " ".join(prose(unexecuted(runs)).split())


def test_the_prose_says_how_the_runs_were_made(runs):
    for path in runs.rglob("manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["versions"]["torch"] = "77.7"
        path.write_bytes(seal(json.dumps(manifest | {"threads": 99, "machine": "an abacus"})))
    text = " ".join(prose(unexecuted(runs)).split())
    assert "PyTorch 77.7" in text
    assert "on `an abacus`, 99 CPU threads a run of the RBMs and 99 of the autoencoders" in text


def test_no_result_is_typed_into_the_sources():
    assert set(SOURCES) == {
        str(path.relative_to(PACKAGE).with_suffix("")) for path in PACKAGE.rglob("*.py") if "# %%" in path.read_text()
    }
    typed = {}
    for source in (name for name in SOURCES if not name.endswith("derivations")):
        text = "".join(
            line for line in (PACKAGE / f"{source}.py").read_text().splitlines(keepends=True) if line.startswith("# ")
        )
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\$\$.*?\$\$|\$.*?\$|`.*?`", "", text, flags=re.DOTALL)
        if found := set(re.findall(r"\d+\.\d+|\d+(?=%)", text)):
            typed[source] = found
    assert typed == DEFINING


def test_no_sentence_comes_apart_where_it_is_filled_in(notebook):
    """A point or comma behind a blank, an empty value or the repr of one would be a template's slip."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"\$\$.*?\$\$|\$.*?\$|`.*?`", "formula", cell.source, flags=re.DOTALL)
            assert re.findall(r"\w+\s+[.,;:](?=\s|$)", text) == []
            assert re.findall(r"\bNone\b|\bnan\b|\binf\b|\[\]|\{\{|\}\}|\{%", text) == []


def test_the_same_runs_give_the_same_bytes(reproduced):
    """Another process, with other hash seeds, writes into a folder beside the first."""
    command = [sys.executable, "-m", "harmonium", "report", "--run-dir", "runs", "--report", "again"]
    environment = os.environ | {"PYTHONHASHSEED": "7", "OMP_WAIT_POLICY": "passive"}
    before = {path: path.read_bytes() for path in reproduced.runs.rglob("*.safetensors")}
    done = subprocess.run(command, cwd=reproduced.folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    old = {path.relative_to(reproduced.report): path for path in reproduced.report.rglob("*") if path.is_file()}
    again = reproduced.folder / "again"
    assert {path.relative_to(again) for path in again.rglob("*") if path.is_file()} == set(old)
    assert [str(name) for name, path in old.items() if path.read_bytes() != (again / name).read_bytes()] == []
    assert {path: path.read_bytes() for path in before} == before
