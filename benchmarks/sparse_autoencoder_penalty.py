"""What the use-weighted L1 penalty of the sparse autoencoder does, on a validation part of MNIST's training set.

    .venv/bin/python benchmarks/sparse_autoencoder_penalty.py [--n-samples 20000] [--n-epochs 24] [--l1 0.4]

Trains on the first training images with and without the weights and measures on the last 10 000; the test set is not
read. Seed 0, noise 0.5, one thread a run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch

from harmonium import SparseAutoencoder, load_dataset
from harmonium.data.noise import add_noise
from harmonium.metrics.sparsity import sparsity
from harmonium.objectives import sparse_denoising

N_HELD = 10_000


def measure(frequent: float, n_samples: int, n_epochs: int, l1: float) -> str:
    sparse_denoising.FREQUENT = frequent
    X = load_dataset("mnist", "train").X
    model = SparseAutoencoder(l1=l1, learning_rate=2e-3, n_epochs=n_epochs, random_state=0).fit(X[:n_samples])
    codes = model.transform(add_noise(X[-N_HELD:], model.noise, seed=1))
    error = np.square(model.inverse_transform(codes) - X[-N_HELD:]).mean()
    found = sparsity(codes)
    weights = f"min(1, p / {frequent:g})" if frequent > 1e-6 else "1"
    return f"| {weights} | {error:.5f} | {found['l0']:.1f} | {found['dead']} | {found['rare']} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-samples", type=int, default=20_000)
    parser.add_argument("--n-epochs", type=int, default=24)
    parser.add_argument("--l1", type=float, default=0.4)
    arguments = parser.parse_args()
    print("| weight of a unit's L1 | validation MSE | L0 | dead | rare, of 1176 |\n|---|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        jobs = [
            pool.submit(measure, frequent, arguments.n_samples, arguments.n_epochs, arguments.l1)
            for frequent in (1e-9, 0.005, 0.02)
        ]
        for job in jobs:
            print(job.result(), flush=True)


if __name__ == "__main__":
    main()
