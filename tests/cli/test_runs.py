"""``harmonium runs``: which runs there are, and how they differ."""

import json
import shutil
from pathlib import Path

import pytest
from matplotlib.image import imread

from harmonium.cli.main import main
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.registry import family_names


def test_every_run_is_listed_with_its_state(here, capsys):
    shutil.copytree(here / "runs" / "vae", "runs/deep/vae")
    shutil.copytree(here / "runs" / "vae", "runs/unfinished")
    Path("runs/unfinished/model.json").unlink()
    shutil.copytree(here / "runs" / "vae", "runs/damaged")
    Path("runs/damaged/config.toml").write_text("model = ")
    shutil.copytree(here / "runs" / "bernoulli-rbm", "runs/measured")
    Path("runs/notes").mkdir()
    assert main(["evaluate", "runs/measured"]) == 0
    capsys.readouterr()
    assert main(["runs", "list", "--json"]) == 0
    found = {run["run"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    states = {"damaged": "damaged", "deep/vae": "trained", "measured": "measured", "unfinished": "unfinished"}
    assert {name: run["state"] for name, run in found.items()} == {f"runs/{k}": v for k, v in states.items()}
    assert found["runs/measured"]["metrics"] == RunDirectory("runs/measured").metrics()
    assert found["runs/deep/vae"]["epochs_done"] == found["runs/deep/vae"]["n_epochs"] == 2
    assert "config.toml is damaged" in found["runs/damaged"]["reason"]
    assert main(["runs", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(states)
    assert [line for line in lines if "measured" in line and "bernoulli-rbm" in line and "test_mse 0." in line]


def test_runs_differ_in_settings_figures_and_curves(here, capsys):
    runs = [str(here / "runs" / family) for family in ("vae", "conditional-vae", "bernoulli-rbm")]
    assert main(["runs", "compare", *runs, "--out", "curves.png", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["names"] == ["vae", "conditional-vae", "bernoulli-rbm"]
    assert found["settings"]["model"] == found["names"]
    assert found["settings"]["n_latent"] == [2, 2, None]
    assert "data" not in found["settings"]  # the same
    epochs = [[point[0] for point in curve] for curve in found["histories"]["negative_elbo"]]
    assert epochs == [[1, 2], [1, 2], []]
    assert imread("curves.png").std() > 0
    assert main(["runs", "compare", *runs[:2]]) == 0
    said = capsys.readouterr().out
    assert "conditional-vae" in said
    assert "n_latent" not in said


@pytest.mark.parametrize("family", family_names())
def test_a_run_is_the_same_as_itself(here, capsys, family):
    run = str(here / "runs" / family)
    assert main(["runs", "compare", run, run]) == 0
    assert "the settings are the same" in capsys.readouterr().out


def test_figures_that_were_measured_stand_beside_one_another(here, capsys):
    for name in ("one", "other"):
        shutil.copytree(here / "runs" / "bernoulli-rbm", name)
    RunDirectory("one").write_metrics({"test_mse": 0.25, "draws": {"shares": {"0": 0.5}}})
    assert main(["runs", "compare", "one", "other", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"] == {"test_mse": [0.25, None], "draws.shares.0": [0.5, None]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["list", "nowhere"], "nowhere is not a folder of runs"),
        (["compare", "RUNS/vae"], "two runs or more can be compared; got 1"),
        (["compare"], "two runs or more can be compared; got 0"),
        (["compare", "RUNS/vae", "nowhere"], "nowhere is not a whole run directory: config.toml is missing"),
        (["compare", "RUNS/vae", "RUNS/vae", "--out", "c.svg"], "must end in .png; got 'c.svg'"),
    ],
)
def test_a_mistake_is_one_sentence(here, capsys, words, sentence):
    assert main(["runs", *(word.replace("RUNS", str(here / "runs")) for word in words)]) == 1
    assert sentence in capsys.readouterr().err.replace("\n", " ")


def test_a_folder_without_runs_says_so(here, capsys):
    Path("runs").mkdir()
    assert main(["runs", "list"]) == 0
    assert capsys.readouterr().out == "there is no run in runs\n"
