"""The variational autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.families.family import NUMBER, Family, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harmonium.data.datasets import Dataset
    from harmonium.estimators.vae import VAE

N_IMPORTANCE = 50
ACTIVE_VARIANCE = 0.01
_CONVOLUTIONAL_SIZES = (16, 32, 256)


def evaluate_bounds(estimator: VAE, test: Dataset, load_train: Callable[[], Dataset] | None) -> dict[str, Any]:
    """Measure a model whose log-likelihood is bounded from below.

    Returns
    -------
    dict
        ``test_mse`` of the reconstruction, ``negative_elbo`` (mean over the test set of one draw an example),
        ``negative_iwae`` (of `N_IMPORTANCE` draws), ``kl`` (mean), all three in nats per example, and
        ``active_units``, the latent dimensions whose posterior mean has a variance above 0.01 over the test set (Y.
        Burda et al., ICLR 2016, section 5.1.1). With the training set and labels that are
        classes also what its posterior means say of them, which a conditional model is told as well: ``knn_accuracy``
        and ``probe_accuracy``, learned from the training set, and ``silhouette``.
    """
    import numpy as np

    from harmonium.metrics.reconstruction import mean_squared_error

    mean = estimator.transform(test.X, test.labels)
    metrics = {
        "test_mse": mean_squared_error(test.X, estimator.reconstruct, test.labels),
        "negative_elbo": -float(estimator.elbo(test.X, test.labels).mean(dtype=np.float64)),
        "negative_iwae": -float(estimator.iwae(test.X, test.labels, n_importance=N_IMPORTANCE).mean(dtype=np.float64)),
        "kl": float(estimator.kl(test.X, test.labels).mean(dtype=np.float64)),
        "active_units": int((mean.var(axis=0) > ACTIVE_VARIANCE).sum()),
    }
    if load_train is None or not test.has_classes:
        return metrics
    from harmonium.metrics.latent_space import knn_accuracy, probe_accuracy, silhouette

    train = load_train()
    if not train.has_classes:
        return metrics
    Z_train, Z = (estimator.transform(data.X, data.labels) for data in (train, test))
    y_train, y = np.asarray(train.labels), np.asarray(test.labels)
    return metrics | {
        "knn_accuracy": knn_accuracy(Z_train, y_train, Z, y),
        "probe_accuracy": probe_accuracy(Z_train, y_train, Z, y),
        "silhouette": silhouette(Z, y),
    }


GREY = "on values between 0 and 1 the Bernoulli likelihood is no density: compare these nats with one another only"


def remark_on_grey_values(parameters: Mapping[str, Any]) -> str:
    """Say what figures of the Bernoulli likelihood can be compared with."""
    return GREY if parameters.get("likelihood") == "bernoulli" else ""


def complete_network(parameters: dict[str, Any], data: Dataset) -> dict[str, Any]:
    """Return the shape of the images, and sizes that suit them, for a convolutional network."""
    if parameters.get("architecture") != "convolutional":
        return {}
    return {"hidden_sizes": _CONVOLUTIONAL_SIZES, "image_shape": data.image_shape}


FAMILY = Family(
    name="vae",
    estimator="harmonium.estimators.vae:VAE",
    evaluate=evaluate_bounds,
    measures=dict.fromkeys(("test_mse", "negative_elbo", "negative_iwae", "kl", "active_units"), NUMBER),
    recorded=("negative_elbo",),
    named_by=("architecture", "likelihood", "prior", "n_latent"),
    remark=remark_on_grey_values,
    score="importance-weighted bound on the log-likelihood",
    complete=complete_network,
    spaces={
        "images": Space(
            fixed={
                "architecture": "convolutional",
                "likelihood": "calibrated-gaussian",
                "prior": "mixture",
                # what a code does not need it leaves unused; short trials on few images favour less than pays on all
                "n_latent": 64,
                "learning_rate_schedule": "cosine",
                "scaling": "global",
            },
            tuned={
                "hidden_sizes": {"choices": [[16, 32, 128], [16, 32, 256], [16, 32, 512]]},
                # a short trial does not show that more than this can end a long training in posterior collapse
                "learning_rate": {"low": 1e-3, "high": 3e-3, "log": True},
                "batch_size": {"choices": [64, 128, 256]},
            },
        ),
        "tables": Space(
            fixed={"likelihood": "calibrated-gaussian", "learning_rate_schedule": "cosine", "scaling": "feature"},
            tuned={
                "n_latent": {"low": 2, "high": 32, "log": True},
                "hidden_sizes": {"choices": [[64], [256], [64, 64], [256, 128], [512, 256]]},
                "learning_rate": {"low": 3e-4, "high": 1e-2, "log": True},
                "batch_size": {"choices": [32, 64, 128]},
            },
        ),
    },
)
