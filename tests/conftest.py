"""Fixtures that several folders share."""

from __future__ import annotations

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def two_threads():
    """The same number of threads everywhere, so that a test means the same on every machine."""
    torch.set_num_threads(2)


@pytest.fixture
def matrix() -> np.ndarray:
    """300 rows of 6 correlated features with unlike means and spreads, in no particular units."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(300, 2))
    loadings = generator.normal(size=(2, 6))
    return factors @ loadings * [1, 2, 3, 1, 1, 5] + generator.normal(size=(300, 6)) + [10, -3, 0, 100, 2, 5]


@pytest.fixture
def images_file(tmp_path, monkeypatch):
    """An own data set of small images with both splits, and an empty folder as the working directory."""
    generator = np.random.default_rng(1)
    arrays = {}
    for split, n in (("train", 300), ("test", 100)):
        y = generator.integers(0, 3, size=n)
        X = np.clip(
            generator.normal(0.2, 0.1, size=(n, 6, 5)) + 0.5 * (np.arange(6)[None, :, None] % 3 == y[:, None, None]),
            0,
            1,
        )
        arrays |= {f"X_{split}": X, f"y_{split}": y}
    path = tmp_path / "own.npz"
    np.savez(path, **arrays)
    monkeypatch.chdir(tmp_path)
    return path
