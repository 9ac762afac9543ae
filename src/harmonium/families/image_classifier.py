"""The classifier that judges generated images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.families.family import NUMBER, Family

if TYPE_CHECKING:
    from collections.abc import Callable

    from harmonium.data.datasets import Dataset
    from harmonium.estimators.image_classifier import ImageClassifier


def evaluate_accuracy(
    estimator: ImageClassifier, test: Dataset, load_train: Callable[[], Dataset] | None
) -> dict[str, Any]:
    """Return the share of the test set that is given its own class, ``test_accuracy``."""
    import numpy as np

    return {"test_accuracy": estimator.score(test.X, np.asarray(test.labels))}


FAMILY = Family(
    name="image-classifier",
    estimator="harmonium.estimators.image_classifier:ImageClassifier",
    evaluate=evaluate_accuracy,
    measures={"test_accuracy": NUMBER},
    complete=lambda parameters, data: {"image_shape": data.image_shape},
)
