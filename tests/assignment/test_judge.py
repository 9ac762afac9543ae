"""The judge: what it says of images whose classes are known, trained and measured once for all problems."""

import numpy as np
import pytest

from harmonium.assignment.judge import Judge, check_judge, judge_config, judge_run, measure_judge
from harmonium.assignment.problem1.protocol import Problem1
from harmonium.assignment.problem2.protocol import Problem2
from harmonium.data.datasets import load_dataset
from harmonium.exceptions import DamagedFileError
from harmonium.metrics.generation import frechet_distance, moments


@pytest.fixture
def judge(runs):
    return judge_run(runs / "problem1")


@pytest.fixture
def data(judge):
    return {split: load_dataset(judge.config().data, split) for split in ("train", "test")}


def test_every_problem_asks_the_same_judge(tmp_path):
    problems = Problem1(tmp_path / "problem1", "mnist"), Problem2(tmp_path / "problem2", "mnist")
    assert problems[0].judge.path == problems[1].judge.path == tmp_path / "problem2/judge"
    assert problems[0].configs()[problems[0].judge.path] == judge_config("mnist")


def test_images_of_one_class_are_taken_for_it_and_are_far_from_the_shares_of_all(judge, data):
    train = data["train"]
    shares = [np.mean(train.labels == label) for label in range(3)]
    found = Judge(judge).judged(train.X[train.labels == 1])
    assert found["class_shares"]["1"] > 0.95
    assert sum(found["class_shares"].values()) == pytest.approx(1)
    expected = sum(abs(found["class_shares"][name] - share) for name, share in zip("012", shares, strict=True)) / 2
    assert found["total_variation"] == pytest.approx(expected)
    assert "class_agreement" not in found  # no class was intended


def test_the_training_images_are_at_no_distance_from_themselves(judge, data):
    found = Judge(judge).judged(data["train"].X)
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-3)
    classifier = judge.load_estimator()
    features = [moments(classifier.transform(data[split].X)) for split in ("train", "test")]
    of_test = judge.measured()["test_images"]["frechet_distance"]
    assert of_test == pytest.approx(frechet_distance(*features), rel=1e-4)


def test_values_outside_of_the_pixels_scale_are_clipped(judge, data):
    images = data["test"].X * 4 - 1.5
    assert Judge(judge).judged(images) == Judge(judge).judged(np.clip(images, 0, 1))


def test_agreement_is_with_the_class_intended(judge, data):
    test = data["test"]
    wrong = (Judge(judge).indices(test.labels) + 1) % 3
    right = Judge(judge).judged(test.X, Judge(judge).indices(test.labels))
    assert right["class_agreement_all"] > 0.9
    assert Judge(judge).judged(test.X, wrong)["class_agreement_all"] < 0.1
    assert right["class_agreement_all"] == pytest.approx(np.mean(list(right["class_agreement"].values())))


def test_what_is_measured_is_not_measured_again_and_what_is_lost_is(judge):
    written = {path: path.stat().st_mtime_ns for path in judge.path.iterdir()}
    before = judge.measured()
    measure_judge(judge)
    assert {path: path.stat().st_mtime_ns for path in judge.path.iterdir()} == written
    (judge.path / "moments.npy").unlink()
    judge.write_metrics({"test_accuracy": before["test_accuracy"], "seconds_per_epoch": before["seconds_per_epoch"]})
    with pytest.raises(DamagedFileError, match="test_images is missing"):
        check_judge(judge)
    measure_judge(judge)
    assert judge.measured()["test_images"]["class_shares"] == before["test_images"]["class_shares"]
    check_judge(judge)
