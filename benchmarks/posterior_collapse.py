"""How often a long training of the class-conditional VAE ends in posterior collapse at high learning rates, over seeds.

    .venv/bin/python benchmarks/posterior_collapse.py [--n-seeds 10] [--n-samples 16000] [--n-epochs 12]

The rates are the upper bound of the search space in ``src/harmonium/families/vae.py`` and about twice that; the rest
is the space's fixed setting with its largest network and smallest batches. Prints the least and the greatest KL
divergence of the last epoch, and for how many seeds it is below a nat. One thread a run; the test set is not read.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import torch

from harmonium import ConditionalVAE, load_dataset
from harmonium.exceptions import DivergenceError
from harmonium.families.vae import FAMILY

RATES = (3e-3, 6.4e-3)


def last_divergence(rate: float, seed: int, n_samples: int, n_epochs: int) -> float:
    data = load_dataset("fashion-mnist", "train")
    settings = {**FAMILY.spaces["images"].fixed, "hidden_sizes": (16, 32, 512), "image_shape": (28, 28)}
    vae = ConditionalVAE(learning_rate=rate, batch_size=64, n_epochs=n_epochs, random_state=seed, **settings)
    try:
        return vae.fit(data.X[:n_samples], data.labels[:n_samples]).history_[-1]["kl"]
    except DivergenceError:
        return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-seeds", type=int, default=10)
    parser.add_argument("--n-samples", type=int, default=16_000)
    parser.add_argument("--n-epochs", type=int, default=12)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        for rate in RATES:
            n = arguments.n_seeds
            rest = [arguments.n_samples] * n, [arguments.n_epochs] * n
            found = list(pool.map(last_divergence, [rate] * n, range(n), *rest))
            finite = [value for value in found if value == value]
            print(
                f"learning rate {rate:g}: KL {min(finite):.2f} to {max(finite):.2f} nats, below one nat for "
                f"{sum(value < 1 for value in finite)} of {n} seeds, diverged for {n - len(finite)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
