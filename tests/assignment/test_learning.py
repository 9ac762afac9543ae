"""The learning on the page: it learns, it is what the library does, and it would say so if it were not."""

import re
from pathlib import Path
from types import SimpleNamespace

import jupytext
import numpy as np
import pytest

import harmonium

PACKAGE = Path(__file__).parents[2] / "src/harmonium/assignment"
NUMBER = r"-?\d+\.\d+(?:e[+-]\d+)?"


def code(problem):
    """The cells of one page in one piece, problem 3's with the imports of problem 2's before it."""
    cells = jupytext.reads((PACKAGE / f"{problem}/learning.py").read_text(), fmt="py:percent").cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.fixture
def run(tmp_path, capsys):
    """Run the code of a page on small images of three classes, and return what it printed."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, size=3000)
    X = generator.normal(0.2, 0.05, size=(3000, 6, 5)) + 0.7 * (np.arange(6)[None, :, None] % 3 == y[:, None, None])
    np.savez(tmp_path / "own.npz", X=X.clip(0, 1), y=y)
    settings = SimpleNamespace(data=str(tmp_path / "own.npz"), sigmas=[0.5])

    def run(text):
        names = dict.fromkeys(("problem1", "problem2", "problem3"), settings)
        exec(text, {"harmonium": harmonium, "np": np, "assignment": SimpleNamespace(**names)})
        return capsys.readouterr().out

    return run


def with_imports(problem):
    before = "import torch\nfrom torch import nn\n" if problem != "problem1" else ""
    return before + code(problem)


def relative_differences(problem, said):
    """Printed differences over what is compared, one a comparison."""
    pattern = {"problem1": rf"largest entry ({NUMBER}), largest difference ({NUMBER})"}.get(
        problem, rf"library {NUMBER}, page ({NUMBER}), difference ({NUMBER})"
    )
    return [float(difference) / abs(float(value)) for value, difference in re.findall(pattern, said)]


@pytest.mark.parametrize(("problem", "n"), [("problem1", 3), ("problem2", 1), ("problem3", 1)])
def test_the_page_and_the_library_agree(run, problem, n):
    found = relative_differences(problem, run(with_imports(problem)))
    assert len(found) == n
    assert max(found) < 1e-4


@pytest.mark.parametrize(
    ("problem", "right", "wrong"),
    [
        ("problem1", "mean(0) / sigma**2", "mean(0) / sigma"),
        ("problem1", "/ (len(v) * sigma)", "/ len(v)"),
        ("problem1", "v.T @ h - v_model.T @ h_model", "v.T @ h - v_model.T @ h"),
        ("problem1", "(h - h_model).mean(0)", "(h_model - h).mean(0)"),
        ("problem2", "0.5 * (mean**2 + ", "0.5 * (mean + "),
        ("problem2", "torch.cat([z, c], 1)", "torch.cat([z, 0 * c], 1)"),
        ("problem3", "h.abs().sum(1)", "h.abs().mean(1)"),
        ("problem3", "torch.relu(noisy @ E.T + b)", "(noisy @ E.T + b)"),
    ],
)
def test_a_planted_error_is_seen(run, problem, right, wrong):
    text = with_imports(problem)
    assert text.count(right) == 1
    assert max(relative_differences(problem, run(text.replace(right, wrong)))) > 1e-4


@pytest.mark.parametrize(
    ("problem", "pattern"),
    [
        ("problem1", rf"(?:before|epoch \d): ({NUMBER})"),
        ("problem2", rf"batch ({NUMBER})"),
        ("problem3", rf"batch ({NUMBER})"),
    ],
)
def test_what_is_printed_while_it_learns_falls(run, problem, pattern):
    falling = [float(value) for value in re.findall(pattern, run(with_imports(problem)))]
    assert len(falling) >= 2
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < falling[0]
