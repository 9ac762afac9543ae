"""The command line: what it does, and one sentence without a traceback when it cannot."""

import contextlib
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from harmonium.cli.main import main
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.problem3 import Problem3
from harmonium.experiments.recipes import RECIPES
from harmonium.experiments.run_directory import RunDirectory

TUNE = ["tune", "conditional-vae", "--n-trials", "4", "--n-epochs", "2", "--n-final-epochs", "2"]
TRAIN = ["train", "gaussian-bernoulli-rbm", "--n-hidden", "3", "--n-epochs", "2"]
REPRODUCE = ["reproduce", "--n-hidden", "3", "--n-hidden", "4", "--quick"]
AUTOENCODER_METRICS = {
    *("test_mse", "negative_elbo", "negative_iwae", "kl", "active_units", "knn_accuracy", "probe_accuracy")
}
DENOISING_METRICS = {"test_mse", "psnr", "explained_variance", "l0", "dead", "rare"}


@pytest.fixture
def one_process(monkeypatch):
    """Run what would be run in processes, as it comes out there, without their long start."""

    def run_here(jobs, console, **options):
        for job in jobs.values():
            pickle.loads(pickle.dumps(job))()

    for module in ("sweep", "tune", "problem2", "problem3"):
        monkeypatch.setattr(f"harmonium.experiments.{module}.run_jobs", run_here)


def test_train_then_evaluate(images_file, capsys):
    assert main([*TRAIN, "--data", str(images_file), "--run-dir", "here"]) == 0
    assert "trained into here" in capsys.readouterr().out
    assert main(["evaluate", "here"]) == 0
    assert re.search(r"test_mse +0\.\d+", capsys.readouterr().out)
    assert main([*TRAIN, "--data", str(images_file), "--run-dir", "here"]) == 0
    assert "is trained already" in capsys.readouterr().out


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_with_its_own_defaults(images_file, recipe):
    assert main([*TRAIN, "--data", str(images_file), "--recipe", recipe, "--run-dir", recipe]) == 0
    settings = TrainConfig.from_toml((images_file.parent / recipe / "config.toml").read_text()).parameters
    assert RECIPES[recipe].items() <= settings.items()


@pytest.mark.parametrize("model", ["vae", "conditional-vae"])
def test_the_autoencoders_train_and_are_measured(images_file, capsys, model):
    arguments = ["train", model, "--data", str(images_file), "--n-latent", "2", "--n-epochs", "2", "--run-dir", "here"]
    arguments += ["--architecture", "convolutional", "--hidden-sizes", "4", "8"]
    assert main(arguments) == 0
    assert main(["evaluate", "here"]) == 0
    found = dict(line.split() for line in capsys.readouterr().out.splitlines() if len(line.split()) == 2)
    assert set(found) == {*AUTOENCODER_METRICS, "silhouette", "seconds_per_epoch"}
    assert float(found["negative_iwae"]) < float(found["negative_elbo"])
    assert main(arguments) == 0
    assert "is trained already" in capsys.readouterr().out


def test_tune_searches_trains_and_says_what_it_chose(images_file, capsys, one_process):
    assert main([*TUNE, "--data", str(images_file), "--run-dir", "here"]) == 0
    run = RunDirectory("here")
    chosen = min((t for t in run.study()["trials"] if t["validation_loss"]), key=lambda t: t["validation_loss"])
    said = capsys.readouterr().out
    for name, value in chosen["parameters"].items():
        assert re.search(rf"^{name} +{re.escape(str(value))}$", said, re.MULTILINE)
    assert len(run.study()["trials"]) == 4
    assert len(run.history()) == 2
    assert {path.name for path in (run.path / "figures").iterdir()} == {"tuning_history.png", "tuning_importances.png"}
    assert main(["evaluate", "here"]) == 0


def test_a_condition_needs_labels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("plain.npy", np.random.default_rng(0).random((50, 6)))
    assert main(["train", "conditional-vae", "--data", "plain.npy", "--n-epochs", "1"]) == 1
    assert "requires y to be passed" in capsys.readouterr().err


def test_progress_is_plain_lines_in_a_log(images_file, capsys):
    main([*TRAIN, "--data", str(images_file)])
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "epoch 1/2" in line and "test_mse" in line]
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([*TRAIN, "--data", "imagenet"], "data must be fashion-mnist, mnist or the path of"),
        ([*TRAIN, "--data", "missing.npy"], "missing.npy does not exist"),
        (
            ["train", "gaussian-bernoulli-rbm", "--n-hidden", "0", "--data", "mnist"],
            "n_hidden must be a positive integer; got 0",
        ),
        ([*TRAIN, "--data", "own.npz", "--run-dir", "own.npz/run"], "own.npz"),
        (
            [*TRAIN, "--data", "own.npz", "--learning-rate", "1e30", "--optimizer", "sgd"],
            "training diverged in epoch 1",
        ),
        ([*TRAIN, "--data", "nan.npy"], "X contains NaN at row 1, column 2"),
        (["evaluate", "nowhere"], "nowhere is not a run directory: config.toml is missing"),
        (["data", "fetch", "cifar"], "data set must be one of fashion-mnist, mnist; got 'cifar'"),
        ([*TRAIN, "--data", "own.npz", "--seed", "-1"], "random_state must be a non-negative integer"),
        (["tune", "rbm", "--data", "own.npz"], "model must be one of vae, conditional-vae, to be tuned; got 'rbm'"),
        (["tune", "vae", "--data", "own.npz", "--n-trials", "0"], "n_trials must be a positive integer; got 0"),
        ([*TUNE, "--data", "own.npz", "--workers", "0"], "workers must be a positive integer; got 0"),
        ([*TUNE, "--data", "missing.npy"], "missing.npy does not exist"),
        ([*TUNE, "--data", "own.npz", "--space", "missing.toml"], "missing.toml: No such file or directory"),
        ([*TUNE, "--data", "own.npz", "--space", "own.npz"], "own.npz is not TOML"),
        (["tune", "vae", "--data", "nan.npy"], "X contains NaN at row 1, column 2"),
        ([*TUNE, "--data", "plain.npy"], "requires y to be passed"),
        (["reproduce", "--data", "plain.npy"], "plain.npy is one matrix and has no test split"),
        ([*REPRODUCE, "--n-epochs", "1", "--data", "rows.npz"], "problem 2 needs grey images with labels"),
        (["reproduce", "--empty-n-hidden"], "n_hidden must name one or more numbers of hidden units"),
        (["reproduce", "--seeds", "0"], "seeds must be a positive integer; got 0"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_one(images_file, capsys, arguments, sentence):
    X = np.zeros((4, 5))
    X[1, 2] = np.nan
    np.save("nan.npy", X)
    np.save("plain.npy", np.ones((50, 6)))
    np.savez("rows.npz", X_train=np.eye(50), X_test=np.eye(50))
    assert main(arguments) == 1
    errors = capsys.readouterr().err
    assert sentence in errors
    assert errors.count("error: ") == 1
    assert "Traceback" not in errors
    begun = (images_file.parent / "runs").exists()
    assert begun == ("diverged" in sentence)  # what could not begin claims no folder


def test_data_list_names_every_data_set(capsys):
    assert main(["data", "list"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == {"fashion-mnist", "mnist"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.addresses, self.images, self.text = [], 0, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.addresses += [
            v for k, v in attrs if k in ("src", "href", "xlink:href") and not v.startswith(("data:", "#"))
        ]
        self.images += tag in ("img", "svg")

    def handle_data(self, data):
        self.text += data


def test_reproduce_writes_metrics_and_a_page_that_asks_for_nothing(images_file, capsys, one_process):
    arguments = [*REPRODUCE, "--n-epochs", "2", "--data", str(images_file), "--seeds", "2"]
    assert main(arguments) == 0
    written = json.loads((images_file.parent / "report" / "metrics.json").read_text())
    metrics = written["problem1"]
    assert set(metrics) == {"generative", "reconstruction", "block-cd", "exact-likelihood", "pca"}
    for recipe in ("generative", "reconstruction"):
        assert set(metrics[recipe]) == {"3", "4", "10"}  # 10 is where the objectives are compared
        assert set(metrics[recipe]["3"]) >= {
            "test_mse",
            "test_mse_sd",
            "test_log_likelihood",
            "log_likelihood_standard_error",
            "seconds_per_epoch",
        }
    assert metrics["pca"]["4"]["test_mse"] < metrics["pca"]["3"]["test_mse"]
    runs = {
        path.name: json.loads((path / "metrics.json").read_text())
        for path in (images_file.parent / "runs/problem1").iterdir()
    }
    both = [runs[f"generative-3-seed{seed}"]["test_mse"] for seed in (0, 1)]
    assert both[0] != both[1]
    assert metrics["generative"]["3"]["test_mse"] == pytest.approx(np.mean(both))
    assert metrics["generative"]["3"]["test_mse_sd"] == pytest.approx(np.std(both, ddof=1))

    for model in ("vae", "conditional_vae"):
        assert set(written["problem2"][model]) == {"chosen", "bernoulli16", "latent2"}
        for setting in written["problem2"][model].values():
            assert set(setting) >= AUTOENCODER_METRICS | {f"{name}_sd" for name in AUTOENCODER_METRICS}
    conditional = written["problem2"]["conditional_vae"]["chosen"]
    for samples in (conditional, conditional["prior_samples"]):
        assert samples["class_agreement_all"] == pytest.approx(np.mean([samples["class_agreement"][k] for k in "012"]))
        assert samples["frechet_distance"] > 0
    assert "class_agreement_all" not in written["problem2"]["vae"]["chosen"]  # it is asked for no class
    assert set(written["problem2"]["tuning"]) == {"n_latent", "hidden_sizes", "learning_rate", "batch_size"}

    denoising = written["problem3"]
    assert set(denoising) == {*(f"{sigma:g}" for sigma in Problem3.sigmas), "l1_sweep"}
    for sigma in Problem3.sigmas:
        cell = denoising[f"{sigma:g}"]
        assert set(cell) >= {"identity", "pca", "wiener", "dictionary_learning", "sparse_autoencoder"}
        assert "bm3d" not in cell  # the images are too small for it
        for method in cell.values():
            assert method["psnr"] == pytest.approx(-10 * np.log10(method["test_mse"]), abs=0.1)
        assert cell["identity"]["test_mse"] == pytest.approx(sigma**2, rel=0.1)
        assert cell["wiener"]["test_mse"] < cell["pca"]["test_mse"]
        assert set(cell["sparse_autoencoder"]) >= DENOISING_METRICS | {f"{name}_sd" for name in DENOISING_METRICS}
    assert set(denoising["l1_sweep"]) == {f"{l1:g}" for l1 in Problem3.l1_sweep[:2]}
    for cell in denoising["l1_sweep"].values():
        assert set(cell) >= DENOISING_METRICS

    page = Page((images_file.parent / "report" / "index.html").read_text())
    assert page.addresses == []
    assert page.images == 23
    assert f"{metrics['generative']['10']['test_mse']:.5f}" in page.text
    assert f"{conditional['frechet_distance']:.2f}" in page.text
    assert f"{denoising['0.25']['wiener']['test_mse']:.5f}" in page.text
    assert f"{metrics['pca']['4']['test_log_likelihood']:.1f}".replace("-", "−") in page.text

    made = {path: path.stat().st_mtime_ns for path in (images_file.parent / "runs").rglob("*") if path.is_file()}
    assert main(arguments) == 0  # a second call trains and measures nothing; the search's summary is drawn up again
    again = {"study.log", "study.json", "tuning_history.png", "tuning_importances.png", "bm3d.json"}
    assert {path.name for path, time in made.items() if path.stat().st_mtime_ns != time} <= again
    assert json.loads((images_file.parent / "report" / "metrics.json").read_text()) == written


def test_reproduce_says_a_workers_mistake_in_one_sentence(images_file, capsys):
    """The data are read by the workers: what they find wrong must reach the person whole."""
    arrays = dict(np.load(images_file))
    arrays["X_train"][5, 2, 3] = np.nan
    np.savez("nan.npz", **arrays)
    assert main([*REPRODUCE, "--n-epochs", "2", "--data", "nan.npz"]) == 1
    errors = capsys.readouterr().err
    assert "error: X contains NaN at row 5, column 13" in errors
    assert "Traceback" not in errors


def test_a_wrong_value_leaves_no_folder_behind(images_file):
    assert main([*REPRODUCE, "--data", str(images_file), "--n-epochs", "0"]) == 1
    assert not (images_file.parent / "runs").exists()


def start_reproduce(images_file):
    command = [sys.executable, "-m", "harmonium.cli.main", *REPRODUCE, "--data", str(images_file), "--n-epochs", "3000"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 90
    while len(list(images_file.parent.rglob("history.csv"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    return process


def alive_in_group(group):
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(state[2]) == group and state[0] != "Z":
                alive.append(pid)
    return alive


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_stops_reproduce_and_every_worker_at_once(images_file):
    process = start_reproduce(images_file)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped" in errors
    assert "Traceback" not in errors
    time.sleep(0.5)
    assert alive_in_group(process.pid) == []
    assert len(list(images_file.parent.rglob("history.csv"))) == 2  # no worker took another run


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_worker_is_one_sentence(images_file):
    process = start_reproduce(images_file)
    workers = [pid for pid in alive_in_group(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[-1], signal.SIGKILL)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "error: a process was killed" in errors
    assert "Traceback" not in errors


def test_a_killed_command_goes_on_where_it_was(images_file):
    """The process is killed outright, as by a power cut, in the middle of its epochs."""
    arguments = [
        sys.executable, "-m", "harmonium.cli.main", "train", "gaussian-bernoulli-rbm", "--data", str(images_file),
        "--n-hidden", "10", "--n-epochs", "2000", "--run-dir", "killed",
    ]  # fmt: skip
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (images_file.parent / "killed" / "history.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = max((images_file.parent / "killed" / "checkpoints").glob("epoch-*"))
    epoch = int(done.stem.removeprefix("epoch-"))
    assert 0 < epoch < 2000
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    first = next(line for line in process.stderr if "epoch" in line)
    process.kill()
    process.communicate()
    assert f"epoch {epoch + 1}/2000" in first
