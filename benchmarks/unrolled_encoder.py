"""What steps, rate, first step and lambda do to the unrolled encoder of the sparse autoencoder, on validation images.

    .venv/bin/python benchmarks/unrolled_encoder.py [--n-epochs 2]

Trains on the first 50,000 training images of MNIST and measures on the last 10,000; the test set is not read. Seed 0,
noise 0.5, one thread a run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch

from harmonium import SparseAutoencoder, load_dataset
from harmonium.data.noise import add_noise
from harmonium.metrics.sparsity import sparsity
from harmonium.modules import sparse_autoencoder

N_HELD = 10_000
# steps, the step's size over the longest that is safe, learning rate, lambda, batch size
SETTINGS = [
    (3, 0.2, 8e-3, 0.35, 128),
    (2, 0.2, 8e-3, 0.35, 128),
    (4, 0.2, 8e-3, 0.35, 128),
    (3, 1.0, 8e-3, 0.35, 128),
    (3, 0.2, 2.5e-3, 0.35, 128),
    (3, 0.2, 8e-3, 1.0, 128),
    (3, 0.2, 8e-3, 0.35, 256),
]


def measure(n_epochs: int, n_steps: int, step: float, rate: float, l1: float, batch_size: int) -> str:
    sparse_autoencoder._STEP = step
    X = load_dataset("mnist", "train").X
    settings = {"n_steps": n_steps, "learning_rate": rate, "l1": l1, "batch_size": batch_size, "n_epochs": n_epochs}
    model = SparseAutoencoder(encoder="unrolled", random_state=0, **settings)
    start = time.process_time()
    model.fit(X[:-N_HELD])
    seconds = time.process_time() - start
    codes = model.transform(add_noise(X[-N_HELD:], model.noise, seed=1))
    error = np.square(model.inverse_transform(codes) - X[-N_HELD:]).mean()
    found = sparsity(codes)
    counts = f"{found['l0']:.1f} | {found['dead']} | {found['rare']}"
    return f"| {n_steps} | {step:g} | {rate:g} | {l1:g} | {batch_size} | {error:.5f} | {counts} | {seconds:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-epochs", type=int, default=2)
    arguments = parser.parse_args()
    print("| steps | step's size | rate | λ | batch | validation MSE | L0 | dead | rare, of 1176 | seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        for job in [pool.submit(measure, arguments.n_epochs, *setting) for setting in SETTINGS]:
            print(job.result(), flush=True)


if __name__ == "__main__":
    main()
