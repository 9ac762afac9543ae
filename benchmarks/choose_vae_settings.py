"""Compare settings of the class-conditional VAE on a validation part of Fashion-MNIST's training set.

    .venv/bin/python benchmarks/choose_vae_settings.py [--n-samples 20000] [--n-epochs 3] [--only scaling]

Trains on some of the training images and measures on 5 000 others; the test set is not read. This is how the bounds of
the search spaces in ``src/harmonium/families/vae.py`` and what they hold fixed were chosen. Seed 0, one
thread a run, z = 32 unless said, calibrated Gaussian likelihood.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import torch
from sklearn.model_selection import train_test_split

from harmonium import ConditionalVAE, load_dataset
from harmonium.metrics.reconstruction import mean_squared_error

CONVOLUTIONAL = {"architecture": "convolutional", "hidden_sizes": (16, 32, 256), "image_shape": (28, 28)}
BASE = {"scaling": "global", "batch_size": 64, "learning_rate": 5e-3, "learning_rate_schedule": "cosine"}
LEARNED = {**CONVOLUTIONAL, "hidden_sizes": (16, 32, 512), "n_latent": 64, "prior": "mixture", "learning_rate": 2e-3}
CANDIDATES = {
    "architecture": [
        {"hidden_sizes": (512, 256), "learning_rate": 2e-3},
        {"hidden_sizes": (1024, 512), "learning_rate": 2e-3},
        {**CONVOLUTIONAL, "hidden_sizes": (16, 32, 128)},
        {**CONVOLUTIONAL},
        {**CONVOLUTIONAL, "hidden_sizes": (16, 32, 512)},
        {**CONVOLUTIONAL, "hidden_sizes": (32, 64, 256)},
    ],
    "scaling": [{**CONVOLUTIONAL, "scaling": "none"}],
    "schedule": [{**CONVOLUTIONAL, "learning_rate_schedule": "constant", "learning_rate": 1e-3}],
    "prior": [{**LEARNED, "prior": prior} for prior in ("standard", "mixture", "flow")],
    "latent": [{**LEARNED, "n_latent": n_latent} for n_latent in (32, 48, 64, 96)],
    "batches": [{**CONVOLUTIONAL, "batch_size": size} for size in (32, 128, 256)],
}


def measure(n_samples: int, n_epochs: int, settings: dict) -> str:
    data = load_dataset("fashion-mnist", "train")
    X, X_held, y, y_held = train_test_split(
        data.X, data.labels, train_size=n_samples, test_size=5_000, stratify=data.y, random_state=0
    )
    settings = {"n_latent": 32, "likelihood": "calibrated-gaussian", **BASE, **settings}
    vae = ConditionalVAE(n_epochs=n_epochs, random_state=0, **settings).fit(X, y)
    seconds = sum(row["seconds"] for row in vae.history_)
    error = mean_squared_error(X_held, vae.reconstruct, y_held)
    return f"{-vae.elbo(X_held, y_held).mean():9.1f}  {error:.5f}  {seconds:5.0f} s  {settings}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-samples", type=int, default=20_000)
    parser.add_argument("--n-epochs", type=int, default=3)
    parser.add_argument("--only", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    arguments = parser.parse_args()
    cells = [settings for group in arguments.only for settings in CANDIDATES[group]]
    print("-ELBO, nats  val. MSE  training  settings", flush=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        n = len(cells)
        for line in pool.map(measure, [arguments.n_samples] * n, [arguments.n_epochs] * n, cells):
            print(line, flush=True)


if __name__ == "__main__":
    main()
