"""The data sets as float32 .npy files, so that every process reads the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

N_QUICK = 6000


def write_images(folder: Path, *, quick: bool) -> None:
    """Write <data set>_train.npy and _test.npy into the folder."""
    from harmonium import load_dataset

    for name in ("fashion-mnist", "mnist"):
        for split in ("train", "test"):
            np.save(folder / f"{name}_{split}.npy", load_dataset(name, split).X[: N_QUICK if quick else None])
    write_codes(folder, n_samples=1000 if quick else 5000)


def write_codes(folder: Path, n_samples: int) -> None:
    """Write points for the maps: the first 16 principal components of Fashion-MNIST's test images."""
    from sklearn.decomposition import PCA

    codes = PCA(16, random_state=0).fit_transform(np.load(folder / "fashion-mnist_test.npy")[:n_samples])
    for split in ("train", "test"):
        np.save(folder / f"codes_{split}.npy", codes.astype(np.float32))


def write_tiled(path: Path, X: np.ndarray, n_samples: int, n_features: int) -> None:
    """Write the images repeated in both directions to the size asked for, in chunks."""
    rows_per_chunk = max(1, 50_000_000 // n_features)
    columns = np.resize(np.arange(X.shape[1]), n_features)
    file = np.lib.format.open_memmap(path, "w+", np.float32, (n_samples, n_features))
    for start in range(0, n_samples, rows_per_chunk):
        rows = np.arange(start, min(start + rows_per_chunk, n_samples)) % len(X)
        file[start : start + len(rows)] = X[rows][:, columns]
    file.flush()
