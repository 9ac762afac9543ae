"""Seconds an epoch of harmonium's Gaussian-Bernoulli RBM beside a plain PyTorch loop and peers, in one run.

    .venv/bin/python benchmarks/rbm_speed.py [--n-hidden 100 250]

Fashion-MNIST, 60 000 images, batches of 128, two threads, interleaved: every solver trains for two epochs in turn,
three times; the median of the time an epoch counts, all that a call of ``fit`` does included. The peers are
scikit-learn's BernoulliRBM and, where it is installed in the same environment, learnergy's GaussianRBM. The floor is
the four matrix products of CD-1 alone.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from importlib.util import find_spec

import torch
from sklearn.neural_network import BernoulliRBM
from torch.utils.data import DataLoader, TensorDataset

from harmonium import GaussianBernoulliRBM, load_dataset

BATCH = 128
N_EPOCHS = 2


def floor(X: torch.Tensor, m: int) -> None:
    weight, v, h = torch.randn(m, X.shape[1]), X[:BATCH], torch.rand(BATCH, m)
    for _ in range(N_EPOCHS * -(-len(X) // BATCH)):
        v @ weight.T, h @ weight, v @ weight.T, torch.cat([h, h]).T @ torch.cat([v, v])


def harmonium(X: torch.Tensor, m: int, **settings: object) -> None:
    GaussianBernoulliRBM(m, n_epochs=N_EPOCHS, **settings).fit(X.numpy())


def plain_loop(X: torch.Tensor, m: int) -> None:
    """What a student writes: a DataLoader, sigma = 1, h sampled, v = mean, autograd-free updates through Adam."""
    weight, alpha, b = (
        torch.nn.Parameter(t) for t in (0.01 * torch.randn(X.shape[1], m), torch.zeros(m), torch.zeros(784))
    )
    optimizer = torch.optim.Adam([weight, alpha, b], lr=1e-3)
    mean, scale = X.mean(0), X.std()
    loader = DataLoader(TensorDataset(X), batch_size=BATCH, shuffle=True)
    for (batch,) in (batch for _ in range(N_EPOCHS) for batch in loader):
        with torch.no_grad():
            v0 = (batch - mean) / scale
            p0 = torch.sigmoid(alpha + v0 @ weight)
            v1 = b + torch.bernoulli(p0) @ weight.T
            p1 = torch.sigmoid(alpha + v1 @ weight)
            weight.grad = -(v0.T @ p0 - v1.T @ p1) / len(v0)
            alpha.grad = -(p0 - p1).mean(0)
            b.grad = -(v0 - v1).mean(0)
        optimizer.step()


def scikit_learn(X: torch.Tensor, m: int) -> None:
    BernoulliRBM(m, learning_rate=1e-3, batch_size=BATCH, n_iter=N_EPOCHS, random_state=0).fit(X.numpy())


def learnergy(X: torch.Tensor, m: int) -> None:
    from learnergy.models.gaussian import GaussianRBM

    data = TensorDataset(X, torch.zeros(len(X)))
    GaussianRBM(n_visible=X.shape[1], n_hidden=m, steps=1, learning_rate=1e-3, use_gpu=False).fit(data, BATCH, N_EPOCHS)


def solvers() -> dict:
    mean_visible = {"negative_phase": "mean-visible", "sigma": 1.0}
    found = {
        "floor: matrix products alone": floor,
        "harmonium, CD-1, v = mean": lambda X, m: harmonium(X, m, **mean_visible),
        "harmonium, CD-1, block Gibbs": lambda X, m: harmonium(X, m, negative_phase="sampled"),
        "harmonium, CD-1, v integrated out": harmonium,
        "plain PyTorch loop, CD-1, v = mean": plain_loop,
        "scikit-learn BernoulliRBM, PCD": scikit_learn,
    }
    if find_spec("learnergy") is None:
        print("learnergy is left out: it is not installed in this environment")
    else:
        found["learnergy GaussianRBM, CD-1"] = learnergy
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-hidden", type=int, nargs="+", default=[100, 250])
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    X = torch.from_numpy(load_dataset("fashion-mnist", "train").X)
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    )
    compared = solvers()
    for m in arguments.n_hidden:
        seconds: dict[str, list[float]] = {name: [] for name in compared}
        for repetition in range(4):
            for name, solve in compared.items():
                start = time.perf_counter()
                solve(X, m)
                if repetition:  # the first is a warm-up
                    seconds[name].append((time.perf_counter() - start) / N_EPOCHS)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        base = medians["harmonium, CD-1, v = mean"]
        print(f"\nM = {m}: seconds an epoch, median (spread); ratio to harmonium, v = mean")
        for name, value in medians.items():
            spread = f"{min(seconds[name]):.2f}-{max(seconds[name]):.2f}"
            print(f"  {name:38s} {value:6.2f} ({spread})  {value / base:5.2f}")


if __name__ == "__main__":
    main()
