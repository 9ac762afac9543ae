"""What is wrong with the runs or the folder is one sentence, and the report that was there stands."""

import errno
import json
import math
import os
import resource
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_markdown_cell
from safetensors.torch import load_file, save_file

from harmonium.cli.main import main
from harmonium.seals import seal

RBM = "problem1/generative-3-seed0"
CVAE = "problem2/conditional_vae-chosen-seed0"
METHOD = "problem3/other-methods-sigma0.5/wiener.json"
JSON_FILES = [
    "assignment.json",
    f"{RBM}/metrics.json",
    f"{RBM}/manifest.json",
    f"{RBM}/model.json",
    "problem1/pca/metrics.json",
    "problem1/factor_analysis/metrics.json",
    f"{CVAE}/metrics.json",
    f"{CVAE}/study.json",
    "problem2/judge/metrics.json",
    "problem3/sparse-autoencoder-l1-0.1/metrics.json",
    METHOD,
]
OTHER_FILES = [
    f"{RBM}/config.toml",
    f"{RBM}/history.csv",
    f"{RBM}/model.safetensors",
    f"{CVAE}/tsne.npy",
    "first-of-own.npz",
]
DAMAGES = {"emptied": lambda content: b"", "garbage": lambda content: b"\xff\xfe\x00PK{[\n" * 9}
TRUNCATED = {"truncated": lambda content: content[: len(content) // 2]}
WRONG_TYPES = {"a list": b"[]", "a number": b"3", "nothing": b"null", "a text": b'"text"', "no key": b"{}"}
OLD = {"harmonium.ipynb": "old", "harmonium.html": "old", "harmonium.pdf": "old", "metrics.json": "{}"}
OLD |= {"figures/figure01.svg": "old 1", "figures/figure02.svg": "old 2"}


def nested(depth):
    """A number in so many tables."""
    return {"a": nested(depth - 1)} if depth else 1


@pytest.fixture
def report(runs):
    """A report from before, beside the runs."""
    folder = runs.parent / "report"
    (folder / "figures").mkdir(parents=True)
    for name, text in OLD.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def no_cell_runs(monkeypatch):
    """What is wrong with the runs is found before the notebook starts, which takes its time."""

    def execute(*arguments):
        raise AssertionError("the notebook was run")

    monkeypatch.setattr("harmonium.report.notebook.execute", execute)


@pytest.fixture
def executed(monkeypatch, reproduced):
    """The notebook runs at once: it is the one that ran before."""
    notebook = nbformat.read(reproduced.report / "harmonium.ipynb", as_version=4)
    monkeypatch.setattr("harmonium.report.notebook.execute", lambda *arguments: notebook)
    return notebook


def found_in(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def sentence_of(capsys, *arguments):
    """Run ``harmonium report``, which must fail in one sentence, and return it."""
    assert main(["report", *arguments]) == 1
    errors = capsys.readouterr().err.rstrip("\n")
    assert errors.startswith("error: ")
    assert "\n" not in errors
    assert "Traceback" not in errors
    return errors


def change(path, key, value):
    """Give an entry of a JSON file another value; the key is a path of keys with points between."""
    content = inner = json.loads(path.read_text())
    *way, last = key.split(".")
    for step in way:
        inner = inner[int(step) if isinstance(inner, list) else step]
    inner[last] = value
    path.write_bytes(seal(json.dumps(content)))


@pytest.mark.parametrize("damage", [*DAMAGES, *TRUNCATED])
@pytest.mark.parametrize("name", [*JSON_FILES, *OTHER_FILES])
def test_a_damaged_file_is_named(runs, report, no_cell_runs, capsys, name, damage):
    path = runs / name
    if damage == "truncated" and path.suffix in (".toml", ".csv"):  # half of a line is not there
        path.write_bytes(path.read_bytes().rstrip()[:-1].rpartition(b"\n")[0] + b"\nn_hi")
    else:
        path.write_bytes((DAMAGES | TRUNCATED)[damage](path.read_bytes()))
    sentence = sentence_of(capsys)
    assert path.name in sentence
    assert path.parent.name in sentence
    assert found_in(report) == OLD


@pytest.mark.parametrize("content", WRONG_TYPES)
@pytest.mark.parametrize("name", JSON_FILES)
def test_json_of_the_wrong_type_is_named(runs, report, no_cell_runs, capsys, name, content):
    (runs / name).write_bytes(WRONG_TYPES[content])
    sentence = sentence_of(capsys)
    assert Path(name).name in sentence
    assert (runs / name).parent.name in sentence
    assert found_in(report) == OLD


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (f"{RBM}/metrics.json", "test_mse", "low"),
        (f"{RBM}/metrics.json", "draws", 3),
        (f"{RBM}/metrics.json", "draws.class_shares", [0.5, 0.5]),
        (f"{RBM}/metrics.json", "draws.class_shares.1", "half"),
        (f"{RBM}/metrics.json", "reconstructions", []),
        (f"{CVAE}/metrics.json", "model_samples", 3),
        ("problem1/pca/metrics.json", "3", 3),
        ("problem1/factor_analysis/metrics.json", "4.test_log_likelihood", "high"),
        ("problem2/judge/metrics.json", "test_images", "yes"),
        ("problem2/judge/metrics.json", "test_images.class_shares", 3),
        (METHOD, "test_mse", "low"),
        (f"{CVAE}/study.json", "trials", 3),
        (f"{CVAE}/study.json", "trials", []),
        (f"{CVAE}/study.json", "trials", [{}]),
        (f"{CVAE}/study.json", "importances", 3),
        (f"{CVAE}/study.json", "setting", []),
        (f"{RBM}/manifest.json", "versions", 3),
        ("assignment.json", "problem1", []),
        ("assignment.json", "problem2", 3),
        ("assignment.json", "problem1.n_hidden", 3),
        ("assignment.json", "problem1.n_seeds", "two"),
        ("assignment.json", "problem1.data", 3),
        ("assignment.json", "problem2.fixed_settings", []),
        ("assignment.json", "problem3.sigmas", 0.5),
        ("assignment.json", "problem3.methods", 3),
        ("assignment.json", "problem1.of_a_later_version", 1),
        (f"{RBM}/metrics.json", "test_mse", math.nan),
        (f"{RBM}/metrics.json", "test_mse", 10**400),
        (f"{RBM}/metrics.json", "test_mse", None),
        (f"{RBM}/metrics.json", "seconds_per_epoch", -math.inf),
        (f"{RBM}/metrics.json", "a_note", "text"),
        (f"{RBM}/metrics.json", "a_note", nested(25)),
        (f"{RBM}/metrics.json", "a_note", 1),  # the run of the other seed has none
        ("problem1/textbook-3-seed1/metrics.json", "x" * 10**5, []),
        ("problem1/pca/metrics.json", "3.test_mse", math.inf),
        ("problem2/judge/metrics.json", "test_images.recall", math.nan),
        (METHOD, "psnr", 10**400),
        (METHOD, "left_out", 3),
        (f"{CVAE}/study.json", "trials.0.losses_by_epoch", ["low"]),
        (f"{CVAE}/study.json", "trials.0.losses_by_epoch", []),
        (f"{CVAE}/study.json", "trials.0.validation_loss", 10**400),
        (f"{CVAE}/study.json", "trials.0.validation_loss", None),
        (f"{CVAE}/study.json", "trials.0.number", math.nan),
        (f"{CVAE}/study.json", "importances.n_latent", "high"),
        (f"{CVAE}/study.json", "importances", nested(400)),
        (f"{RBM}/manifest.json", "versions.torch", 2),
        (f"{RBM}/manifest.json", "threads", math.nan),
        ("assignment.json", "problem1.n_seeds", 10**9),
        ("assignment.json", "problem1.n_hidden", [-3]),
        ("assignment.json", "problem1.n_epochs", 10**400),
        ("assignment.json", "problem2.fixed_settings.latent2", 3),
        ("assignment.json", "problem3.sigmas", [math.nan]),
        ("assignment.json", "problem3.l1_sweep", [10**400]),
        ("assignment.json", "problem3.methods", ["../../wiener"]),
        ("assignment.json", "problem3.unrolled", 3),
    ],
)
def test_a_value_of_the_wrong_type_inside_a_file_is_one_sentence_that_names_the_file(
    runs, report, no_cell_runs, capsys, name, key, value
):
    change(runs / name, key, value)
    assert Path(name).name in sentence_of(capsys)
    assert found_in(report) == OLD


def test_a_measure_that_is_missing_from_a_file_is_one_sentence_that_names_the_file(runs, report, no_cell_runs, capsys):
    path = runs / RBM / "metrics.json"
    content = json.loads(path.read_text())
    del content["test_mse"]
    path.write_bytes(seal(json.dumps(content)))
    assert "metrics.json" in sentence_of(capsys)
    assert found_in(report) == OLD


@pytest.mark.parametrize("shape", [(7, 2), (100, 3), (200,), (0, 2)], ids=str)
def test_a_map_that_is_not_of_the_test_images_is_named(runs, report, no_cell_runs, capsys, shape):
    np.save(runs / CVAE / "tsne.npy", np.zeros(shape))
    assert "tsne.npy" in sentence_of(capsys)
    assert found_in(report) == OLD


def test_a_map_that_would_run_code_when_read_is_refused(runs, report, no_cell_runs, capsys):
    np.save(runs / CVAE / "tsne.npy", np.array([{"any": "object"}]), allow_pickle=True)
    assert "tsne.npy is damaged" in sentence_of(capsys)


def test_a_history_of_another_kind_of_run_is_named(runs, report, no_cell_runs, capsys):
    (runs / RBM / "history.csv").write_text("epoch,loss\n1,2\n")
    assert "history.csv" in sentence_of(capsys)
    assert found_in(report) == OLD


@pytest.mark.parametrize("row", ["2,nan,1", "2,,1", "nan,0.1,1", "2,1e999,1"])
def test_a_row_of_a_history_that_cannot_be_drawn_is_named(runs, report, no_cell_runs, capsys, row):
    (runs / RBM / "history.csv").write_text(f"epoch,training_mse,seconds\n1,0.1,1\n{row}\n")
    sentence = sentence_of(capsys)
    assert "history.csv" in sentence
    assert found_in(report) == OLD


def test_a_run_of_another_configuration_is_named(runs, report, no_cell_runs, capsys):
    path = runs / RBM / "config.toml"
    path.write_text(path.read_text().replace("momentum = ", "momentum = 0.125 #"))
    assert RBM in sentence_of(capsys)


def test_a_map_with_a_point_nowhere_is_named(runs, report, no_cell_runs, capsys):
    for points in (np.full((100, 2), np.nan), np.zeros((100, 2), dtype="U9"), np.zeros((100, 2), dtype=complex)):
        np.save(runs / CVAE / "tsne.npy", points)
        assert "tsne.npy" in sentence_of(capsys)


def test_weights_that_miss_a_part_are_named(runs, report, no_cell_runs, capsys):
    path = runs / RBM / "model.safetensors"
    tensors = load_file(path)
    del tensors["module.weight"]
    save_file(tensors, path)
    assert "model.safetensors" in sentence_of(capsys)
    assert found_in(report) == OLD


@pytest.mark.parametrize("name", [name for name in [*JSON_FILES, *OTHER_FILES] if name != "assignment.json"])
def test_a_missing_file_is_named_with_its_folder(runs, report, no_cell_runs, capsys, name):
    (runs / name).unlink()
    sentence = sentence_of(capsys)
    assert Path(name).name in sentence
    assert (runs / name).parent.name in sentence
    assert found_in(report) == OLD


def test_a_folder_that_is_not_there_is_named(runs, report, no_cell_runs, capsys):
    assert "nowhere" in sentence_of(capsys, "--run-dir", "nowhere")
    assert not Path("nowhere").exists()
    assert found_in(report) == OLD


def test_a_folder_that_is_a_file_is_named(runs, report, no_cell_runs, capsys):
    Path("notes.txt").write_text("notes")
    assert "notes.txt" in sentence_of(capsys, "--run-dir", "notes.txt")
    assert found_in(report) == OLD


@pytest.mark.parametrize("to", ["docx", "html,docx", "", "html,", "HTML"])
def test_an_unknown_format_is_named_with_those_there_are(runs, report, no_cell_runs, capsys, to):
    assert sentence_of(capsys, "--to", to).startswith("error: to must be one of 'ipynb', 'html', 'pdf'; got '")
    assert found_in(report) == OLD


def test_a_report_that_is_a_file_is_named_and_stands(runs, no_cell_runs, capsys):
    Path("report").write_text("my notes")
    assert "report" in sentence_of(capsys)
    assert Path("report").read_text() == "my notes"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root may write into")
def test_a_report_that_cannot_be_written_is_named(runs, executed, capsys):
    assert "/proc/self/fd/report" in sentence_of(capsys, "--report", "/proc/self/fd/report")
    assert "/sys/kernel" in sentence_of(capsys, "--report", "/sys/kernel")


def test_a_missing_package_is_named_with_what_to_do(runs, report, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nbformat", None)
    assert sentence_of(capsys) == "error: nbformat is not installed; pip install 'harmonium[report]' brings it"
    assert found_in(report) == OLD


@pytest.mark.parametrize("to", ["html", "pdf"])
def test_a_formula_that_does_not_convert_leaves_the_old_report_as_it_was(runs, report, executed, capsys, to):
    executed.cells.append(new_markdown_cell("$\\sigmma$"))
    assert "sigmma" in sentence_of(capsys, "--to", to)
    assert found_in(report) == OLD


def whole(name, text):
    """Whether a file of the report is not a part of one."""
    ends = {".ipynb": "}\n", ".html": "</html>\n", ".svg": "</svg>\n", ".json": "}\n"}
    return text == OLD.get(name) or text.endswith(ends[Path(name).suffix])


@pytest.mark.parametrize("n_written", [0, 1, 2, 3])
def test_a_disk_that_is_full_leaves_every_file_whole_and_loses_none(
    runs, report, executed, monkeypatch, capsys, n_written
):
    """The disk is full after so many files were written."""
    monkeypatch.setattr("harmonium.report.html.to_html", lambda notebook: "<html></html>\n")
    monkeypatch.setattr("harmonium.report.pdf.to_pdf", lambda notebook, figures: b"%PDF")
    flush, opened = os.fsync, []

    def full(descriptor):
        opened.append(descriptor)
        if len(opened) > n_written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in sentence_of(capsys)
    found = found_in(report)
    assert set(OLD) <= set(found)
    assert [name for name, text in found.items() if name != "harmonium.pdf" and not whole(name, text)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_file_that_may_not_grow_leaves_every_file_whole_and_loses_none(runs, report, executed, monkeypatch, capsys):
    """The system refuses to write on in the middle of a file, as it does on a disk that is full."""
    monkeypatch.setattr("harmonium.report.html.to_html", lambda notebook: "<html></html>\n")
    monkeypatch.setattr("harmonium.report.pdf.to_pdf", lambda notebook, figures: b"%PDF")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        assert main(["report"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    errors = capsys.readouterr().err
    assert "File too large" in errors
    assert "Traceback" not in errors
    found = found_in(report)
    assert set(OLD) <= set(found)
    assert [name for name, text in found.items() if name != "harmonium.pdf" and not whole(name, text)] == []


def test_figures_that_the_new_report_does_not_have_go_when_all_else_is_written(runs, report, executed, monkeypatch):
    monkeypatch.setattr("harmonium.report.html.to_html", lambda notebook: "<html></html>\n")
    monkeypatch.setattr("harmonium.report.pdf.to_pdf", lambda notebook, figures: b"%PDF")
    (report / "figures/figure99.svg").write_text("old 99")
    (report / "figures/mine.svg").write_text("not the report's")
    assert main(["report"]) == 0
    names = {path.name for path in (report / "figures").iterdir()}
    n_figures = sum(cell.source.startswith("Figure: ") for cell in executed.cells)
    assert names == {f"figure{k:02}.svg" for k in range(1, n_figures + 1)} | {"mine.svg"}


@pytest.mark.parametrize("to", ["ipynb", "html", "pdf"])
def test_only_what_is_asked_for_is_written(runs, executed, monkeypatch, to):
    monkeypatch.setattr("harmonium.report.html.to_html", lambda notebook: "<html></html>\n")
    monkeypatch.setattr("harmonium.report.pdf.to_pdf", lambda notebook, figures: b"%PDF")
    assert main(["report", "--to", to]) == 0
    assert {path.name for path in Path("report").iterdir()} == {f"harmonium.{to}", "metrics.json", "figures"}
