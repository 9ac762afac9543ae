"""The page that says how to add a model: its skeleton is trained and measured by the command line as it stands."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

PAGE = (Path(__file__).parents[2] / "docs/add_a_model.md").read_text(encoding="utf-8")
(SKELETON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def run(tmp_path):
    """Run harmonium in a process in which the skeleton is installed, as pip installs what the page says."""
    (tmp_path / "ppca.py").write_text(SKELETON)
    folder = tmp_path / "ppca-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: ppca\nVersion: 0.1\n")
    (group, points) = re.search(r'\[project\.entry-points\."(.*?)"\]\n(.*)', PROJECT, re.DOTALL).groups()
    (folder / "entry_points.txt").write_text(f"[{group}]\n" + points.replace('"', ""))

    def run_harmonium(*arguments):
        path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, "-m", "harmonium", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )

    return run_harmonium


def test_the_skeleton_has_under_sixty_lines():
    assert len(SKELETON.splitlines()) < 60


def test_the_skeleton_is_trained_measured_and_as_good_as_the_closed_form(run, tmp_path):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(2000, 3)) @ generator.normal(size=(3, 8)) + 0.5 * generator.normal(size=(2000, 8)) + 7
    np.savez(tmp_path / "my-table.npz", X_train=X[:1500], X_test=X[1500:])
    done = run("train", "ppca", "--data", "my-table.npz", "--n-components", "3", "--n-epochs", "60")
    assert "trained into runs/ppca-my-table-3-seed0" in done.stdout, done.stderr
    done = run("evaluate", "runs/ppca-my-table-3-seed0")
    found = re.search(r"test_log_likelihood +(\S+)", done.stdout)
    assert found, done.stderr
    # scikit-learn's is the maximum for features of one scale; the skeleton divides each by its own
    scale = X[:1500].std(0)
    best = PCA(3).fit(X[:1500] / scale).score(X[1500:] / scale) - np.log(scale).sum()
    assert float(found[1]) == pytest.approx(best, abs=0.05)
    scored = json.loads(run("score", "runs/ppca-my-table-3-seed0", "--json").stdout)
    assert scored["mean"] == pytest.approx(float(found[1]), rel=1e-5)
    assert "these can sample: bernoulli-rbm, " in run("sample", "runs/ppca-my-table-3-seed0", "--out", "x.npy").stderr


def test_its_options_and_its_mistakes_are_said_as_those_of_any_model(run):
    shown = run("train", "ppca", "--help").stdout
    assert "--n-components" in shown
    assert "Latent dimensions." in shown
    assert "ppca" in run("train", "--help").stdout
    assert "data must be" in run("train", "ppca", "--data", "imagenet").stderr


def test_a_family_that_cannot_be_loaded_breaks_no_other(run, tmp_path):
    (tmp_path / "ppca.py").write_text("import a_package_that_is_not_there\n")
    assert run("train", "vae", "--help").returncode == 0
    assert run("train", "--help").returncode == 0
    done = run("train", "ppca", "--data", "mnist")
    assert done.returncode == 1
    assert "the family ppca cannot be loaded from ppca:FAMILY: No module named" in done.stderr
    assert "Traceback" not in done.stderr
