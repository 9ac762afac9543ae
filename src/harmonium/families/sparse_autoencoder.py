"""The sparse over-complete denoising autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.families.family import NUMBER, Family, Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from harmonium.data.datasets import Dataset
    from harmonium.estimators.sparse_autoencoder import SparseAutoencoder

TEST_NOISE_SEED, TRAINING_NOISE_SEED = 0, 1
PROBED_UNITS = (1, 5, 20)
N_PROBED = 10_000


def evaluate_denoising(
    estimator: SparseAutoencoder, test: Dataset, load_train: Callable[[], Dataset] | None
) -> dict[str, Any]:
    """Measure a denoiser on the test set with noise of the strength that it was trained for, always the same noise.

    Returns
    -------
    dict
        ``test_mse`` against the clean examples, ``psnr`` (dB), ``explained_variance``, and of the codes of the noisy
        examples ``l0``, ``dead`` and ``rare`` as `harmonium.metrics.sparsity.sparsity` defines them. With the training
        set and labels that are classes also ``probe_accuracy_1``, ``probe_accuracy_5`` and ``probe_accuracy_20``: how
        well so many atoms a class name it (`harmonium.metrics.probing.sparse_probe_accuracy`), learned from the noisy
        codes of the first `N_PROBED` training examples.
    """
    import numpy as np

    from harmonium.data.noise import add_noise
    from harmonium.metrics.sparsity import explained_variance, psnr, sparsity

    codes = estimator.transform(add_noise(test.X, estimator.noise, TEST_NOISE_SEED))
    error = float(np.square(estimator.inverse_transform(codes) - test.X, dtype=np.float64).mean())
    metrics = {
        "test_mse": error,
        "psnr": psnr(error),
        "explained_variance": explained_variance(test.X, error),
        **sparsity(codes),
    }
    if load_train is None or not test.has_classes:
        return metrics
    from harmonium.metrics.probing import sparse_probe_accuracy

    train = load_train()
    if not train.has_classes:
        return metrics
    y_train, y = np.asarray(train.labels)[:N_PROBED], np.asarray(test.labels)
    codes_train = estimator.transform(add_noise(train.X[:N_PROBED], estimator.noise, TRAINING_NOISE_SEED))
    return metrics | {
        f"probe_accuracy_{n_units}": sparse_probe_accuracy(codes_train, y_train, codes, y, n_units)
        for n_units in PROBED_UNITS
    }


FAMILY = Family(
    name="sparse-autoencoder",
    estimator="harmonium.estimators.sparse_autoencoder:SparseAutoencoder",
    evaluate=evaluate_denoising,
    measures=dict.fromkeys(("test_mse", "psnr", "explained_variance", "l0", "dead", "rare"), NUMBER),
    named_by=("noise",),
    spaces={
        "tables": Space(
            tuned={
                "encoder": {"choices": ["linear-relu", "unrolled"]},
                "l1": {"low": 0.1, "high": 1.0, "log": True},
                "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
                "batch_size": {"choices": [128, 256, 512]},
            }
        )
    },
)
