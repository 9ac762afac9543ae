"""``harmonium sample``, ``reconstruct``, ``denoise``, ``embed`` and ``score``: what a trained run can do."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import harmonium
from harmonium.cli.main import main
from harmonium.data.datasets import load_dataset
from harmonium.experiments.trained_run import METHODS
from harmonium.families.registry import family_names

RBMS, VAES = ["bernoulli-rbm", "gaussian-bernoulli-rbm"], ["vae", "conditional-vae"]
ABLE = {
    "sample": {*RBMS, *VAES},
    "reconstruct": {*RBMS, *VAES, "sparse-autoencoder"},
    "denoise": {*RBMS, "sparse-autoencoder"},
    "embed": {*RBMS, *VAES, "sparse-autoencoder", "image-classifier"},
    "score": {*RBMS, *VAES},
}


def written(path):
    """The columns of a CSV file by their names."""
    with Path(path).open(newline="") as file:
        header, *rows = csv.reader(file)
    return dict(zip(header, zip(*rows, strict=True), strict=True))


def labels(family):
    return ["--class", "1"] if family == "conditional-vae" else []


@pytest.mark.parametrize("family", family_names())
@pytest.mark.parametrize("verb", METHODS)
def test_a_family_does_what_its_estimator_has_a_method_for_and_says_who_can_do_the_rest(here, capsys, verb, family):
    words = labels(family) if verb == "sample" else []
    code = main([verb, str(here / "runs" / family), "--out", "rows.npy", *words])
    if family in ABLE[verb]:
        assert code == 0
        assert np.load("rows.npy").shape[0] == (10 if verb == "sample" else 100)
    else:
        assert code == 1
        error = capsys.readouterr().err.replace("\n", " ")
        assert f"these can {verb}: {', '.join(sorted(ABLE[verb]))}" in error
        assert not Path("rows.npy").exists()


@pytest.mark.parametrize("family", sorted(ABLE["sample"]))
def test_draws_are_those_of_the_model_and_the_seed(here, family):
    run = str(here / "runs" / family)
    assert main(["sample", run, "-n", "4", "--seed", "3", "--out", "rows.npy", *labels(family)]) == 0
    given = {"y": "1"} if family == "conditional-vae" else {}
    np.testing.assert_array_equal(np.load("rows.npy"), harmonium.load(run).sample(4, random_state=3, **given))
    assert main(["sample", run, "-n", "4", "--seed", "4", "--out", "other.npy", *labels(family)]) == 0
    assert not np.array_equal(np.load("rows.npy"), np.load("other.npy"))


def test_the_noise_of_x_is_drawn_or_left_out_as_asked(here):
    run = str(here / "runs" / "gaussian-bernoulli-rbm")
    model = harmonium.load(run)
    for word, noise in (("--noise", True), ("--no-noise", False)):
        assert main(["sample", run, "-n", "3", word, "--out", "rows.npy"]) == 0
        np.testing.assert_array_equal(np.load("rows.npy"), model.sample(3, random_state=0, noise=noise))


def test_several_classes_are_drawn_one_after_another(here):
    run = str(here / "runs" / "conditional-vae")
    words = ["--class", "2", "--class", "0", "-n", "3"]
    assert main(["sample", run, *words, "--out", "rows.npy"]) == 0
    expected = harmonium.load(run).sample(6, ["2", "2", "2", "0", "0", "0"], random_state=0)
    np.testing.assert_array_equal(np.load("rows.npy"), expected)


@pytest.mark.parametrize(
    ("y", "word", "label", "wrong", "sentence"),
    [
        (np.linspace(0, 9, 50) + 0.01, "2.5", 2.5, "much", "--class must be a number; got 'much'"),
        (np.arange(50) % 2 == 0, "True", True, "yes", "--class must be one of False, True; got 'yes'"),
        (np.arange(50) % 2, "1", 1, "2", "--class must be one of 0, 1; got '2'"),
    ],
    ids=["number", "boolean", "integer"],
)
def test_a_condition_is_written_as_its_labels_are(tmp_path, monkeypatch, capsys, y, word, label, wrong, sentence):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).random((50, 3))
    model = harmonium.ConditionalVAE(1, hidden_sizes=(4,), n_epochs=1, random_state=0).fit(X, y)
    model.save("saved")
    assert main(["sample", "saved", "--class", word, "-n", "3", "--out", "x.npy"]) == 0
    np.testing.assert_array_equal(np.load("x.npy"), model.sample(3, label, random_state=0))
    assert main(["sample", "saved", "--class", wrong, "--out", "x.npy"]) == 1
    assert sentence in capsys.readouterr().err


def test_a_model_of_several_conditions_is_drawn_from_in_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, y = np.random.default_rng(0).random((50, 3)), np.array([["a", 1.5], ["b", 2.0]] * 25, dtype=object)
    harmonium.ConditionalVAE(1, hidden_sizes=(4,), n_epochs=1, random_state=0).fit(X, y).save("saved")
    assert main(["sample", "saved", "--class", "a", "--out", "x.npy"]) == 1
    assert "conditioned on the columns 0, 1" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["reconstruct", "denoise", "embed"])
def test_what_comes_out_is_what_the_method_gives_of_the_test_rows(here, verb):
    for family in ABLE[verb]:
        run, test = str(here / "runs" / family), load_dataset(here / "own.npz", "test")
        assert main([verb, run, "--out", "rows.npy"]) == 0
        given = {"y": test.labels} if family == "conditional-vae" else {}
        expected = getattr(harmonium.load(run), METHODS[verb])(test.X, **given)
        np.testing.assert_array_equal(np.load("rows.npy"), expected)


def test_other_rows_are_taken_whole_where_they_have_no_test_split(here):
    run = str(here / "runs" / "conditional-vae")  # without labels, the likeliest class of each
    assert main(["embed", run, "--data", str(here / "table.npy"), "--out", "z.npy"]) == 0
    np.testing.assert_array_equal(np.load("z.npy"), harmonium.load(run).transform(np.load(here / "table.npy")))


def test_tables_have_named_columns_and_keep_every_digit(here):
    run = str(here / "runs" / "vae")
    for out in ("z.csv", "z.npy"):
        assert main(["embed", run, "--out", out]) == 0
    columns, z = written("z.csv"), np.load("z.npy")
    assert list(columns) == ["vae0", "vae1"]
    np.testing.assert_array_equal(np.array(list(columns.values())).T.astype(z.dtype), z)
    assert main(["sample", run, "--out", "x.csv"]) == 0
    assert list(written("x.csv")) == [f"x{k}" for k in range(30)]


def test_parquet_holds_the_same_table(here):
    parquet = pytest.importorskip("pyarrow.parquet")
    run = str(here / "runs" / "vae")
    for out in ("z.parquet", "z.npy"):
        assert main(["embed", run, "--out", out]) == 0
    table = parquet.read_table("z.parquet")
    assert table.column_names == ["vae0", "vae1"]
    np.testing.assert_array_equal(np.stack(list(map(np.asarray, table.columns)), 1), np.load("z.npy"))


def test_a_picture_is_a_grid_of_whole_pixels(here):
    run = str(here / "runs" / "conditional-vae")
    assert main(["sample", run, "--class", "0", "--class", "1", "-n", "3", "--out", "grid.PNG"]) == 0
    # two lines of three images of 6 x 5 pixels, two pixels between, each 19 pixels of the file
    assert imread("grid.PNG").shape[:2] == (19 * (6 + 2 + 6), 19 * (5 + 2 + 5 + 2 + 5))
    assert main(["reconstruct", run, "--out", "pairs.png"]) == 0
    assert imread("pairs.png").shape[:2] == (19 * 14, 19 * (10 * 7 - 2))


def test_coloured_images_are_drawn_in_colour(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.zeros((60, 4, 4, 3))
    X[..., 0] = np.random.default_rng(0).random((60, 1, 1)) / 4 + 0.7  # red
    np.save("red.npy", X)
    few = ["--n-latent", "1", "--hidden-sizes", "4", "--n-epochs", "1", "--no-verbose", "--run-dir", "run"]
    assert main(["train", "vae", "--data", "red.npy", *few]) == 0
    assert main(["reconstruct", "run", "--data", "red.npy", "--out", "red.png"]) == 0
    red, green, blue = imread("red.png")[0, 0, :3]
    assert red > 0.69
    assert green == blue == 0


def test_a_model_that_was_saved_in_python_can_do_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.save("x.npy", X)
    model = harmonium.GaussianBernoulliRBM(2, n_epochs=1, random_state=0).fit(X)
    model.save("saved")
    assert main(["embed", "saved", "--data", "x.npy", "--out", "h.npy"]) == 0
    np.testing.assert_array_equal(np.load("h.npy"), model.transform(X))
    assert main(["embed", "saved", "--out", "h.npy"]) == 1
    assert "config.toml is missing" in capsys.readouterr().err


@pytest.mark.parametrize("family", sorted(ABLE["score"]))
def test_scores_are_named_and_are_those_of_the_model(here, capsys, family):
    run, test = str(here / "runs" / family), load_dataset(here / "own.npz", "test")
    assert main(["score", run, "--quantile", "0.05", "--out", "scores.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    given = {"y": test.labels} if family == "conditional-vae" else {}
    expected = harmonium.load(run).score_samples(test.X, **given).astype(float)
    np.testing.assert_array_equal(found["scores"], expected)
    assert found["unit"] == "nats"
    assert found["score"] == ("log-likelihood" if family in RBMS else "importance-weighted bound on the log-likelihood")
    lowest = np.argsort(expected, kind="stable")[:5]
    assert [one["row"] for one in found["outliers"]] == lowest.tolist()
    assert found["threshold"] == expected[lowest[-1]]
    columns = written("scores.csv")
    name = found["score"].replace(" ", "_").replace("-", "_")
    assert list(columns) == ["row", name, "is_outlier"]
    np.testing.assert_array_equal(np.array(columns[name], dtype=float), expected)
    assert np.flatnonzero(np.array(columns["is_outlier"]) == "True").tolist() == sorted(lowest)


@pytest.mark.parametrize(("quantile", "n_flagged"), [("0.07", 7), ("0.071", 8), ("0.001", 1), ("0.999", 100)])
def test_the_share_that_is_flagged_is_rounded_up(here, capsys, quantile, n_flagged):
    assert main(["score", str(here / "runs" / "bernoulli-rbm"), "--quantile", quantile, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["outliers"]) == n_flagged


def test_an_outlier_is_found_and_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(200, 4))
    np.save("x.npy", X)
    few = ["--n-hidden", "2", "--n-epochs", "5", "--no-verbose", "--run-dir", "run"]
    assert main(["train", "gaussian-bernoulli-rbm", "--data", "x.npy", *few]) == 0
    X[17] = [9, -9, 9, -9]
    np.save("x.npy", X)
    assert main(["score", "run", "--data", "x.npy", "--quantile", "0.005"]) == 0
    said = capsys.readouterr().out
    assert "log-likelihood, in nats, of 200 rows" in said
    assert "1 outliers" in said
    assert "row 17 " in said


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("sample RUNS/vae --out rows.txt", "must end in .npy, .csv, .parquet or .png; got 'rows.txt'"),
        ("sample RUNS/vae --out rows", "must end in .npy, .csv, .parquet or .png; got 'rows'"),
        ("embed RUNS/vae --out z.png", "must end in .npy, .csv or .parquet; got 'z.png'"),
        ("score RUNS/vae --out z.png", "must end in .npy, .csv or .parquet; got 'z.png'"),
        ("sample RUNS/vae --out nowhere/rows.npy", "rows.npy cannot be written: there is no folder nowhere"),
        ("sample RUNS/vae --out rows.npy -n 0", "n_samples must be a positive integer; got 0"),
        ("sample RUNS/vae --out rows.npy --seed -1", "must be a non-negative integer"),
        ("sample RUNS/vae --class 1 --out rows.npy", "was trained without classes"),
        ("sample RUNS/gaussian-bernoulli-rbm --class 1 --out rows.npy", "was trained without classes"),
        ("sample RUNS/conditional-vae --out rows.npy", "a class is missing: --class must be one of 0, 1, 2"),
        ("sample RUNS/conditional-vae --class Dress --out rows.npy", "--class must be one of 0, 1, 2; got 'Dress'"),
        ("reconstruct RUNS/vae --data nan.npy --out r.npy", "contains NaN at row 1, column 2"),
        ("reconstruct RUNS/vae --data missing.npy --out r.npy", "missing.npy does not exist"),
        ("embed RUNS/vae --data narrow.npy --out r.npy", "X has 7 features, but VAE is expecting 30 features"),
        ("score RUNS/vae --data narrow.npy", "X has 7 features, but VAE is expecting 30 features"),
        ("denoise RUNS/bernoulli-rbm --data large.npy --out r.npy", "in [0, 1]"),
        ("score RUNS/vae --quantile 1", "quantile must be a number between 0 and 1; got 1"),
        ("score RUNS/vae --quantile nan", "quantile must be a number between 0 and 1; got nan"),
        ("score nowhere", "nowhere holds no saved estimator"),
        ("embed untrained --out z.npy", "untrained is not trained to its end; train it first"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(here, capsys, command, sentence):
    narrow, large, nan = np.zeros((4, 7)), np.full((4, 30), 9.0), np.zeros((4, 30))
    nan[1, 2] = np.nan
    for name, array in (("narrow", narrow), ("large", large), ("nan", nan)):
        np.save(f"{name}.npy", array)
    Path("untrained").mkdir()
    Path("untrained/config.toml").write_bytes((here / "runs/vae/config.toml").read_bytes())
    before = sorted(Path().iterdir())
    assert main(command.replace("RUNS", str(here / "runs")).split()) == 1
    said = capsys.readouterr()
    assert sentence in said.err.replace("\n", " ")
    assert said.err.count("error: ") == 1
    assert said.out == ""
    assert sorted(Path().iterdir()) == before


def test_rows_that_are_no_images_are_not_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).random((40, 4)))
    few = ["--n-hidden", "2", "--n-epochs", "1", "--no-verbose", "--run-dir", "run"]
    assert main(["train", "bernoulli-rbm", "--data", "x.npy", *few]) == 0
    assert main(["sample", "run", "--out", "x.png"]) == 1
    assert "the model was trained on rows of 4 values; write .npy, .csv, .parquet" in capsys.readouterr().err


def test_a_run_whose_data_are_gone_still_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).random((40, 4)))
    few = ["--n-hidden", "2", "--n-epochs", "1", "--no-verbose", "--run-dir", "run"]
    assert main(["train", "bernoulli-rbm", "--data", "x.npy", *few]) == 0
    Path("x.npy").rename("moved.npy")
    assert main(["sample", "run", "--out", "drawn.npy"]) == 0
    assert main(["embed", "run", "--data", "moved.npy", "--out", "h.npy"]) == 0


def test_a_disk_that_is_full_leaves_the_file_of_before(here, capsys, monkeypatch):
    Path("rows.npy").write_bytes(b"before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    assert main(["sample", str(here / "runs" / "vae"), "--out", "rows.npy"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["rows.npy"]
    assert Path("rows.npy").read_bytes() == b"before"
