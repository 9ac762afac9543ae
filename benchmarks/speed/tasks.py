"""What is trained, for how long, and how good the outcome is, measured by NumPy in the same way for every solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    name: str
    kind: str  # "rbm", "vae", "sparse" or "map"
    data: str
    n_epochs: int  # of training, and the number of rounds
    n_hidden: int = 0  # of the rbm; atoms of the sparse autoencoder
    negative_phase: str = ""
    noise: float = 0.0  # standard deviation in pixel units
    batch_size: int = 128
    learning_rate: float = 1e-3  # of Adam; of the rbm's stochastic gradient with momentum
    momentum: float = 0.9
    seed: int = 0


# the rate that scikit-learn's documentation calls good for images
_RBM: Any = {"kind": "rbm", "data": "fashion-mnist", "n_epochs": 5, "learning_rate": 0.01}
TASKS = (
    *(Task(f"CD-1, v = mean, M = {m}", n_hidden=m, negative_phase="mean-visible", **_RBM) for m in (10, 50, 100, 250)),
    Task("CD-1, all sampled, M = 250", n_hidden=250, negative_phase="sampled", **_RBM),
    Task("VAE 784-512-256-16", "vae", "fashion-mnist", 3, n_hidden=16),
    Task("sparse autoencoder 784-1176-784", "sparse", "mnist", 3, n_hidden=1176, noise=0.5),
)
MAP = Task("t-SNE of 16 components", "map", "codes", 2)
VAE_SIZES = (784, 512, 256)


def shorter(task: Task) -> Task:
    return replace(task, n_epochs=1)


def quality(task: Task, outcome: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> float:
    """Return the error of the reconstruction per pixel on [0, 1]; of a map, its trustworthiness."""
    if task.kind == "map":
        from sklearn.manifold import trustworthiness

        return float(trustworthiness(X, outcome(X), n_neighbors=15))
    given = X + task.noise * np.random.default_rng(task.seed).standard_normal(X.shape, dtype=np.float32)
    return float(np.square(np.asarray(outcome(given), dtype=np.float64) - X).mean())
