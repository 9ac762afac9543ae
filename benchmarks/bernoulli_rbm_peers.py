"""A Bernoulli RBM of MNIST beside its peers: test error after the same epochs, and an annealed log-likelihood.

    python benchmarks/bernoulli_rbm_peers.py [--n-images 60000] [--n-epochs 10] [--learning-rate 0.1]

Grey values are taken as probabilities. M = 100, batches of 128, seed 0, plain stochastic gradient without momentum, and
for all the same learning rate: 0.1, the default of each of them, or another. The error is that of one mean-field pass,
per pixel over the test set, worked out by NumPy from each model's weights. `make bench` makes the environment of the
peers, .venv-peers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
N_HIDDEN, BATCH_SIZE, SEED = 100, 128, 0


def pass_through(X, weight, hidden_bias, visible_bias):
    """v -> p(h | v) -> p(v | h), with W of shape (n_hidden, n_visible)."""
    h = 1 / (1 + np.exp(-(X @ weight.T + hidden_bias)))
    return 1 / (1 + np.exp(-(h @ weight + visible_bias)))


def scikit_learn(X, n_epochs, rate):
    from sklearn.neural_network import BernoulliRBM

    model = BernoulliRBM(N_HIDDEN, learning_rate=rate, batch_size=BATCH_SIZE, n_iter=n_epochs, random_state=SEED).fit(X)
    return model.components_, model.intercept_hidden_, model.intercept_visible_


def learnergy(X, n_epochs, rate):
    import logging

    import torch
    from learnergy.models.bernoulli import RBM
    from torch.utils.data import TensorDataset

    logging.disable()
    torch.manual_seed(SEED)
    model = RBM(X.shape[1], N_HIDDEN, 1, learning_rate=rate)
    model.fit(TensorDataset(torch.from_numpy(X), torch.zeros(len(X))), BATCH_SIZE, n_epochs)
    return model.W.detach().numpy().T, model.b.detach().numpy(), model.a.detach().numpy()


def harmonium(X, n_epochs, test, **settings):
    from harmonium import BernoulliRBM

    model = BernoulliRBM(N_HIDDEN, n_epochs=n_epochs, batch_size=BATCH_SIZE, random_state=SEED, **settings).fit(X)
    estimate = model.log_partition_estimate()
    print(
        f"  log-likelihood of the test set {model.score(test):.1f} nats (AIS ± {estimate.standard_error:.2f}, "
        f"effective sample size {estimate.effective_sample_size:.0f} of 256)"
    )
    return model.components_, model.intercept_hidden_, model.intercept_visible_


def report(name, begin, weights, test):
    error = np.square(pass_through(test.astype(np.float64), *weights) - test).mean()
    print(f"{name}: test error {error:.5f}, {time.perf_counter() - begin:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-images", type=int, default=60_000)
    parser.add_argument("--n-epochs", type=int, default=10)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    scratch = ROOT / "benchmarks/results/mnist.npz"
    if arguments.peer:  # in the peers' own environment
        with np.load(scratch) as images:
            X, test = images["X"], images["test"]
        begin, train = time.perf_counter(), {"scikit-learn": scikit_learn, "learnergy": learnergy}[arguments.peer]
        report(arguments.peer, begin, train(X, arguments.n_epochs, arguments.learning_rate), test)
        return
    from harmonium import load_dataset

    X, test = load_dataset("mnist", "train").X[: arguments.n_images], load_dataset("mnist", "test").X
    scratch.parent.mkdir(exist_ok=True)
    np.savez(scratch, X=X, test=test)
    plain = {"learning_rate": arguments.learning_rate, "optimizer": "sgd", "momentum": 0.0}
    for name, settings in {
        "harmonium, CD-1": {"objective": "cd", **plain},
        "harmonium, PCD-1": {"objective": "pcd", **plain},
    }.items():
        begin = time.perf_counter()
        report(name, begin, harmonium(X, arguments.n_epochs, test, **settings), test)
    for peer in ("scikit-learn", "learnergy"):
        command = [ROOT / ".venv-peers/bin/python", __file__, "--peer", peer, "--n-epochs", str(arguments.n_epochs)]
        command += ["--learning-rate", str(arguments.learning_rate)]
        subprocess.run(command, check=True)
    setting = {name: value for name, value in vars(arguments).items() if name != "peer"}
    print(json.dumps({**setting, "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
