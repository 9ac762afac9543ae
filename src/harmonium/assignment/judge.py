"""The classifier that judges generated images: trained once for all problems, and what it says of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harmonium.data.datasets import load_dataset
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.contents import check_contents
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.family import NUMBER
from harmonium.metrics.generation import (
    Moments,
    class_agreement,
    class_shares,
    frechet_distance,
    moments,
    recall,
    total_variation,
)

_MOMENTS = "moments.npy"
_N_EPOCHS = 6


def judge_run(runs_folder: Path) -> RunDirectory:
    """Return the run directory of the judge, seen from the folder of a problem's runs: all problems share it."""
    return RunDirectory(runs_folder.parent / "problem2" / "judge")


def judge_config(data: str) -> TrainConfig:
    """Return the configuration of the judge of a data set."""
    return TrainConfig.resolve("image-classifier", data, 0, image_shape=grey_image_shape(data), n_epochs=_N_EPOCHS)


def grey_image_shape(data: str) -> tuple[int, int]:
    """Return the height and width of a data set's images.

    Raises
    ------
    InvalidInputError
        If the data are not labelled grey images.
    """
    train = load_dataset(data, "train")
    if train.image_shape is None or len(train.image_shape) != 2 or train.labels is None:
        found = "no labels" if train.labels is None else f"rows of shape {train.image_shape or train.X.shape[1:]}"
        raise InvalidInputError(f"the classifier that judges draws needs grey images with labels; {data} has {found}")
    height, width = train.image_shape
    return height, width


class Judge:
    """A trained judge, with what generated images are held against: the training images of its own data.

    Parameters
    ----------
    run : RunDirectory
        Trained and measured.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._classifier = run.load_estimator()
        mean, *covariance = run.read_array(_MOMENTS)
        self._real = Moments(mean, np.array(covariance))
        labels = load_dataset(run.config().data, "train").labels
        self._shares = class_shares(self.indices(labels), len(self.classes))

    @property
    def classes(self) -> list[str]:
        """The classes' labels."""
        return [str(label) for label in self._classifier.classes_]

    def indices(self, labels: npt.NDArray[Any] | None) -> npt.NDArray[np.int64]:
        """Return the class index of every label; the judge's data have labels."""
        return np.searchsorted(self._classifier.classes_, np.asarray(labels))

    def judged(self, images: npt.NDArray[np.floating], intended: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
        """Return what the judge says of images.

        Parameters
        ----------
        images : ndarray of shape (n, n_pixels)
            Values outside [0, 1] are clipped.
        intended : ndarray of shape (n,), optional
            Which class index each is meant to be of; every class at least once.

        Returns
        -------
        dict
            ``class_shares`` (label to share of the images that are taken for it), ``total_variation`` between them
            and the classes' shares of the training images, ``frechet_distance`` between the features of the images
            and those of the training images; where classes are intended, ``class_agreement`` (label to share of its
            images that are taken for it) and ``class_agreement_all``, the mean over the classes.
        """
        images = np.clip(images, 0, 1)
        found = self._classifier.predict_indices(images)
        shares = class_shares(found, len(self.classes))
        metrics: dict[str, Any] = {
            "class_shares": dict(zip(self.classes, shares.tolist(), strict=True)),
            "total_variation": total_variation(shares, self._shares),
            "frechet_distance": frechet_distance(moments(self._classifier.transform(images)), self._real),
        }
        if intended is not None:
            agreement = class_agreement(intended, found)
            metrics["class_agreement"] = dict(zip(self.classes, agreement.tolist(), strict=True))
            metrics["class_agreement_all"] = float(agreement.mean())
        return metrics

    def recall(self, real: npt.NDArray[np.floating], drawn: npt.NDArray[np.floating]) -> float:
        """Return the `harmonium.metrics.generation.recall` of drawn images, in the classifier's features.

        Parameters
        ----------
        real, drawn : ndarray of shape (n, n_pixels) and (m, n_pixels)
            Values outside [0, 1] are clipped.
        """
        return recall(*(self._classifier.transform(np.clip(images, 0, 1)) for images in (real, drawn)))


def measure_judge(run: RunDirectory) -> None:
    """Let a trained judge see the real images, unless it has.

    The moments of the training images' features are written beside it, for `Judge`; what it says of the test images
    becomes ``test_images`` of its ``metrics.json``, as `Judge.judged`, with the ``recall`` of training images in
    the place of drawn ones.
    """
    metrics = run.metrics() or {}
    if (run.path / _MOMENTS).exists() and "test_images" in metrics:
        return
    data = run.config().data
    train, test = load_dataset(data, "train"), load_dataset(data, "test")
    run.write_array(_MOMENTS, np.vstack(moments(run.load_estimator().transform(train.X))))
    judge = Judge(run)
    judged = judge.judged(test.X, judge.indices(test.labels))
    judged["recall"] = judge.recall(test.X, train.X)
    run.write_metrics(metrics | {"test_images": judged})


def is_judged(run: RunDirectory) -> bool:
    """Whether a run's ``metrics.json`` has what the judge says of it, or what it says of the real images."""
    return not {"reconstructions", "test_images"}.isdisjoint(run.metrics() or {})


class JudgedContents(NamedTuple):
    """What must stand in a ``metrics.json`` of images that were judged, as `check_contents` takes it.

    Attributes
    ----------
    judged : mapping
        Of images that are meant to be of no class in particular.
    intended : mapping
        Of images that are each meant to be of one class.
    """

    judged: Mapping[str, Any]
    intended: Mapping[str, Any]


def check_judge(run: RunDirectory) -> JudgedContents:
    """Find that the judge is trained and measured, and return what all that it has judged must hold.

    Raises
    ------
    InvalidInputError
        If it is not.
    DamagedFileError
        If a file of it cannot be read.
    """
    run.check_whole()
    by_class = dict.fromkeys(map(str, run.load_estimator().classes_), NUMBER)
    judged = {"class_shares": by_class, "total_variation": NUMBER, "frechet_distance": NUMBER}
    contents = JudgedContents(judged, judged | {"class_agreement": by_class, "class_agreement_all": NUMBER})
    check_contents(run.measured(), {"test_images": {**contents.intended, "recall": NUMBER}}, run.path / "metrics.json")
    return contents
