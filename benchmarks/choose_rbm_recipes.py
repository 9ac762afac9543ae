"""Compare settings of the Gaussian-Bernoulli RBM on a validation part of Fashion-MNIST's training set.

    .venv/bin/python benchmarks/choose_rbm_recipes.py [--n-hidden 10 50] [--only sweeps]

Trains on 50 000 of the training images and measures on the other 10 000; the test set is not read. This is how the
settings in ``src/harmonium/estimators/gaussian_bernoulli_recipes.py`` were chosen. Seed 0, one thread a run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import torch
from sklearn.model_selection import train_test_split

from harmonium import GaussianBernoulliRBM, load_dataset
from harmonium.metrics.reconstruction import mean_squared_error

CANDIDATES = {
    "sigma": [{"negative_phase": "mean-field", "sigma": sigma} for sigma in (1.0, 4.0, 15.0, 40.0, 100.0)],
    "textbook": [
        {"negative_phase": "sampled", "optimizer": "sgd", **settings}
        for settings in (
            {"sigma": 1.0, "scaling": "feature"},
            {"sigma": 1.0},
            {"sigma": 1.0, "momentum": 0.0},
            {"sigma": "learned"},
            {"sigma": "learned", "sigma_learning_rate": 1e-3},
        )
    ],
    "block": [{"negative_phase": "sampled"}],
    "sweeps": [{"negative_phase": "collapsed", "n_gibbs_steps": k} for k in (1, 2, 3, 5, 10)],
    "persistent": [{"objective": "pcd", "n_gibbs_steps": k} for k in (1, 5)],
    "likelihood": [{"objective": "likelihood"}],
}


def measure(n_hidden: int, settings: dict) -> str:
    data = load_dataset("fashion-mnist", "train")
    train, validation = train_test_split(data.X, test_size=10_000, stratify=data.y, random_state=0)
    rbm = GaussianBernoulliRBM(n_hidden, random_state=0, **settings).fit(train)
    error = mean_squared_error(validation, rbm.reconstruct)
    z = rbm.log_partition_estimate()
    seconds = sum(row["seconds"] for row in rbm.history_)
    return (
        f"{n_hidden:4d}  {error:.5f}  {rbm.score(validation):9.1f} ± {z.standard_error:.2f} "
        f"(ess {z.effective_sample_size:.0f})  {seconds:5.0f} s  {settings}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-hidden", type=int, nargs="+", default=[10, 50, 100, 250])
    parser.add_argument("--only", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    arguments = parser.parse_args()
    cells = [
        (m, settings)
        for m in arguments.n_hidden
        for group in arguments.only
        for settings in CANDIDATES[group]
        if m <= 20 or group != "likelihood"
    ]
    print("   M  val. MSE  log-likelihood, nats an image    training  settings", flush=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
        for line in pool.map(measure, *zip(*cells, strict=True)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
