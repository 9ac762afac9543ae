"""The command line: what it does, and one sentence without a traceback when it cannot."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harmonium.assignment.problem3.protocol import Problem3
from harmonium.assignment.protocol import Assignment
from harmonium.cli.main import main
from harmonium.data.datasets import load_dataset
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.run_directory import RunDirectory

TUNE = ["tune", "conditional-vae", "--n-trials", "4", "--n-epochs", "2", "--n-final-epochs", "2"]
TRAIN = ["train", "gaussian-bernoulli-rbm", "--n-hidden", "3", "--n-epochs", "2"]
REPRODUCE = ["reproduce", "--n-hidden", "3", "--n-hidden", "4", "--quick"]
AUTOENCODER_METRICS = {
    *("test_mse", "negative_elbo", "negative_iwae", "kl", "active_units", "knn_accuracy", "probe_accuracy")
}
DENOISING_METRICS = {
    *("test_mse", "psnr", "explained_variance", "l0", "dead", "rare"),
    *("probe_accuracy_1", "probe_accuracy_5", "probe_accuracy_20"),
}


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
    assert [line for line in lines if "epoch 1/2" in line and "training_mse" in line and "sigma_max" in line]
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
        (["evaluate", "nowhere"], "nowhere is not a whole run directory: config.toml is missing"),
        (["data", "fetch", "cifar"], "data set must be one of fashion-mnist, mnist; got 'cifar'"),
        ([*TRAIN, "--data", "own.npz", "--seed", "-1"], "random_state must be a non-negative integer"),
        (["tune", "rbm", "--data", "own.npz"], "sparse-autoencoder, vae, to be tuned; got 'rbm'"),
        (["tune", "vae", "--data", "own.npz", "--n-trials", "0"], "n_trials must be a positive integer; got 0"),
        ([*TUNE, "--data", "own.npz", "--workers", "0"], "workers must be a positive integer; got 0"),
        ([*TUNE, "--data", "missing.npy"], "missing.npy does not exist"),
        ([*TUNE, "--data", "own.npz", "--space", "missing.toml"], "missing.toml: No such file or directory"),
        ([*TUNE, "--data", "own.npz", "--space", "own.npz"], "own.npz is not TOML"),
        (["tune", "vae", "--data", "nan.npy"], "X contains NaN at row 1, column 2"),
        ([*TUNE, "--data", "plain.npy"], "requires y to be passed"),
        (["reproduce", "--data", "plain.npy"], "plain.npy is one matrix and has no test split"),
        (
            [*REPRODUCE, "--n-epochs", "1", "--data", "rows.npz"],
            "the classifier that judges draws needs grey images with labels",
        ),
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


def test_reproduce_measures_every_model_over_the_seeds(reproduced):
    written = reproduced.metrics
    metrics = written["problem1"]
    recipes = {"textbook", "generative", "reconstruction"}
    assert set(metrics) == {*recipes, "exact-likelihood", "pca", "factor_analysis", "test_images"}
    for recipe in recipes:
        assert set(metrics[recipe]) == {"3", "4", "10"}  # 10 is where the objectives are compared
        assert set(metrics[recipe]["3"]) >= {
            "test_mse",
            "test_mse_sd",
            "test_log_likelihood",
            "log_likelihood_standard_error",
            "seconds_per_epoch",
        }
    for baseline in ("pca", "factor_analysis"):
        assert metrics[baseline]["4"]["test_mse"] < metrics[baseline]["3"]["test_mse"]
    for judged in (metrics["generative"]["3"], metrics["generative"]["3"]["reconstructions"]):
        shares = judged["class_shares"]
        assert set(shares) == {"0", "1", "2", "0_sd", "1_sd", "2_sd"}
        assert shares["0"] + shares["1"] + shares["2"] == pytest.approx(1)
        assert 0 <= judged["total_variation"] <= 1
        assert judged["frechet_distance"] > metrics["test_images"]["frechet_distance"]
    both = [
        RunDirectory(reproduced.runs / f"problem1/generative-3-seed{seed}").measured()["test_mse"] for seed in (0, 1)
    ]
    assert both[0] != both[1]
    assert metrics["generative"]["3"]["test_mse"] == pytest.approx(np.mean(both))
    assert metrics["generative"]["3"]["test_mse_sd"] == pytest.approx(np.std(both, ddof=1))

    for model in ("vae", "conditional_vae"):
        assert set(written["problem2"][model]) == {"chosen", "bernoulli16", "latent2"}
        for setting in written["problem2"][model].values():
            assert set(setting) >= AUTOENCODER_METRICS | {f"{name}_sd" for name in AUTOENCODER_METRICS}
    conditional = written["problem2"]["conditional_vae"]["chosen"]
    for samples in (conditional["model_samples"], conditional["reconstructions"]):
        assert samples["class_agreement_all"] == pytest.approx(np.mean([samples["class_agreement"][k] for k in "012"]))
        assert samples["frechet_distance"] > 0
    assert (
        "class_agreement_all" not in written["problem2"]["vae"]["chosen"]["model_samples"]
    )  # it is asked for no class
    assert set(written["problem2"]["tuning"]) == {"hidden_sizes", "learning_rate", "batch_size"}

    denoising = written["problem3"]
    assert set(denoising) == {*(f"{sigma:g}" for sigma in Problem3.sigmas), "l1_sweep"}
    for sigma in Problem3.sigmas:
        cell = denoising[f"{sigma:g}"]
        others = {"identity", "pca", "wiener", "total_variation"}  # a quick look leaves the slow ones out
        autoencoders = {"sparse_autoencoder", "sparse_autoencoder_unrolled"}
        assert set(cell) == {*others, *autoencoders}
        for method in cell.values():
            assert method["psnr"] == pytest.approx(-10 * np.log10(method["test_mse"]), abs=0.1)
        assert cell["identity"]["test_mse"] == pytest.approx(sigma**2, rel=0.1)
        assert cell["wiener"]["test_mse"] < cell["pca"]["test_mse"]
        for key in autoencoders:
            assert set(cell[key]) >= DENOISING_METRICS | {f"{name}_sd" for name in DENOISING_METRICS}
    assert set(denoising["l1_sweep"]) == {f"{l1:g}" for l1 in Problem3.l1_sweep[:2]}
    for cell in denoising["l1_sweep"].values():
        assert set(cell) >= DENOISING_METRICS


def test_reproduce_writes_the_report_in_every_format_and_says_where(reproduced):
    assert {path.name for path in reproduced.report.iterdir()} == {
        *("harmonium.ipynb", "harmonium.html", "harmonium.pdf", "metrics.json", "figures")
    }
    for name in ("ipynb", "html", "pdf"):
        assert f"written: report/harmonium.{name}" in reproduced.said.splitlines()


def test_a_second_reproduce_trains_and_measures_nothing(reproduced, monkeypatch, one_process):
    monkeypatch.chdir(reproduced.folder)
    asked = []
    monkeypatch.setattr("harmonium.cli.reproduce.write_report", lambda *arguments: asked.append(arguments[:3]))
    made = {path: path.stat().st_mtime_ns for path in reproduced.runs.rglob("*") if path.is_file()}
    assert main(reproduced.arguments) == 0
    changed = {path.name for path, time in made.items() if path.stat().st_mtime_ns != time}
    # the search's summary is drawn up again, and what the runs are read by is written again
    again = {"study.log", "study.json", "tuning_history.png", "tuning_importances.png"}
    assert changed <= again | {"assignment.json", "first-of-own.npz"}
    assert asked == [(Path("runs"), Path("report"), ("ipynb", "html", "pdf"))]
    assert Assignment.of(reproduced.runs).collect() == reproduced.metrics


def test_a_quick_look_takes_the_first_images_only(images_file, monkeypatch, capsys):
    monkeypatch.setattr("harmonium.assignment.protocol._N_QUICK", {"train": 40, "test": 30})
    monkeypatch.setattr("harmonium.assignment.protocol.Assignment.solve", lambda self, console: self.write())
    monkeypatch.setattr("harmonium.cli.reproduce.write_report", lambda *arguments: None)
    assert main(["reproduce", "--quick", "--data", "own.npz", "--runs", "short"]) == 0
    short = Assignment.of("short")
    for split, n in (("train", 40), ("test", 30)):
        whole = load_dataset("own.npz", split)
        for problem in (short.problem1, short.problem2, short.problem3):
            first = load_dataset(problem.data, split)
            np.testing.assert_array_equal(first.X, whole.X[:n])
            np.testing.assert_array_equal(first.y, whole.y[:n])
            assert first.image_shape == (6, 5)
    assert list(short.problem1.n_hidden) == [10, 50]
    assert {"bm3d", "dictionary_learning"}.isdisjoint(short.problem3.methods)


def test_the_unrolled_encoder_learns_more_slowly_where_the_noise_is_strong(tmp_path):
    problem = Problem3(tmp_path)
    configs = problem.configs()
    rates = {
        sigma: configs[problem.run(sigma, key="sparse_autoencoder_unrolled").path].parameters["learning_rate"]
        for sigma in problem.sigmas
    }
    assert rates == {0.25: 0.008, 0.5: 0.008, 1.0: 0.004}
    assert len(configs) == 2 * len(problem.sigmas) + len(problem.l1_sweep)


def test_a_method_whose_package_is_missing_is_tried_again_and_one_that_cannot_take_the_images_is_not(tmp_path):
    problem = Problem3(tmp_path)
    folder = problem.compared(0.5)
    folder.path.mkdir()
    assert not problem.is_tried("bm3d", 0.5)
    for found, is_tried in (
        ({"left_out": "No module named 'bm3d'", "is_installed": False}, False),
        ({"left_out": "images must be larger than 8 pixels each way", "is_installed": True}, True),
        ({"test_mse": 0.01, "psnr": 20.0, "n_images": 100}, True),
    ):
        folder.write_json("bm3d.json", found)
        assert problem.is_tried("bm3d", 0.5) == is_tried


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
    command = [sys.executable, "-m", "harmonium", *REPRODUCE, "--data", str(images_file), "--n-epochs", "3000"]
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
        sys.executable, "-m", "harmonium", "train", "gaussian-bernoulli-rbm", "--data", str(images_file),
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
