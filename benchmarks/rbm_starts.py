"""How the RBM is trained from principal-component codes: what was kept, and what was tried and dropped.

    .venv/bin/python benchmarks/rbm_starts.py [--n-hidden 50 250]

Fashion-MNIST: trained on 50,000 of the training images, measured on the other 10,000; the test set is not read. Visible
units integrated out, learned sigma, learning rate 0.001, batches of 128, 25 epochs, seed 0, one thread a run. 2,000
mean draws are judged by a classifier of the same 50,000 images: distance in total variation of its decisions from equal
shares, the Fréchet distance of its features to those of the training images, and the rarest class's share.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import torch

import harmonium
from harmonium import GaussianBernoulliRBM, load_dataset
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.metrics.generation import frechet_distance, moments
from harmonium.modules.rbm import HIDDEN_CENTRE, gradient_of
from harmonium.objectives.contrastive_divergence import ContrastiveDivergence
from harmonium.objectives.persistent_contrastive_divergence import PersistentContrastiveDivergence
from harmonium.random.draws import bernoulli
from harmonium.samplers.gibbs import collapsed_gibbs
from harmonium.samplers.hidden_states import annealed_hidden_states

N_TRAINED, N_DRAWN, N_WALKERS = 50_000, 2_000, 512


class PersistentFromData(PersistentContrastiveDivergence):
    """Persistent chains that start at the first batch."""

    have_started = False

    def _start(self, data_hidden: torch.Tensor) -> torch.Tensor:
        if not self.have_started:
            self.have_started = True
            rows = torch.arange(len(self.chains)) % len(data_hidden)
            self.chains.copy_(bernoulli(data_hidden[rows], self.generator))
        return self.chains


class WeightedWalkers(ContrastiveDivergence):
    r"""Maximum likelihood by persistent chains with importance weights (Carbone et al., arXiv 2305.19414).

    A chain's log weight gains :math:`\log f_{new}(h) - \log f_{old}(h)` with every update of the parameters; chains are
    drawn anew in proportion to their weights where these are worth fewer than half of them.
    """

    walkers: torch.Tensor | None = None

    @torch.no_grad()
    def set_gradients(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        module, generator = self.module, self.generator
        rbm, marginal = module.standardised(), module.hidden_marginal()
        if self.walkers is None:
            start = annealed_hidden_states(module.double(), N_WALKERS, 1000, generator).h.float()
            module.float()
            rbm, marginal = module.standardised(), module.hidden_marginal()
            self.walkers, self.log_weights = start, torch.zeros(N_WALKERS)
        else:
            self.log_weights += marginal.log_weight(self.walkers) - self.log_density
        weights = torch.softmax(self.log_weights, 0)
        if 1 / weights.square().sum() < N_WALKERS / 2:
            drawn = torch.multinomial(weights, N_WALKERS, replacement=True, generator=generator)
            self.walkers, self.log_weights = self.walkers[drawn], torch.zeros(N_WALKERS)
            weights = torch.full_like(weights, 1 / N_WALKERS)
        self.walkers = collapsed_gibbs(marginal, self.walkers, 1, generator)
        self.log_density = marginal.log_weight(self.walkers)
        h_model, x_model = self.walkers - HIDDEN_CENTRE, rbm.mean(self.walkers - HIDDEN_CENTRE)
        x = batch * rbm.inverse_sigma
        h = torch.sigmoid(module.hidden_bias + x @ module.weight.T) - HIDDEN_CENTRE
        share = torch.cat([weights, torch.full((len(batch),), -1 / len(batch))])
        x, h = torch.cat([x_model, x]), torch.cat([h_model, h]) * share[:, None]
        torch.mm(h.T, x, out=gradient_of(module.weight))
        torch.sum(h, 0, out=gradient_of(module.hidden_bias))
        torch.mv(x.T, share, out=gradient_of(module.visible_centre))
        rbm.finish_gradients(x, share, visible_variance=1.0)
        return {}


class TriedRBM(GaussianBernoulliRBM):
    """With an objective that the library does not have."""

    tried: Any = None

    def _make_objective(self, module: Any, generator: torch.Generator, n_samples: int) -> Any:
        return type(self).tried(module, generator)


class PersistentRBM(TriedRBM):
    tried = staticmethod(lambda m, g: PersistentFromData(m, g, n_chains=N_WALKERS))


class WalkersRBM(TriedRBM):
    tried = WeightedWalkers


UNTRAINED = {"n_epochs": 1, "learning_rate": 1e-12, "sigma_learning_rate": 1e-12}
KEPT = {
    "initialisation": "principal-component-codes",
    "n_gibbs_steps": 25,
    "learning_rate_schedule": "cosine",
    "sigma_learning_rate": 1e-3,
}
SETTINGS: dict[str, tuple[type[GaussianBernoulliRBM], dict[str, Any]]] = {
    "random weights, CD-5, constant rates (the recipe before)": (GaussianBernoulliRBM, {"n_gibbs_steps": 5}),
    "codes, untrained": (GaussianBernoulliRBM, KEPT | UNTRAINED),
    "codes, CD-25, cosine, one rate (the recipe)": (GaussianBernoulliRBM, KEPT),
    "the same, CD-5": (GaussianBernoulliRBM, KEPT | {"n_gibbs_steps": 5}),
    "the same, rate of sigma 0.01": (GaussianBernoulliRBM, KEPT | {"sigma_learning_rate": 1e-2}),
    "the same, constant rates": (GaussianBernoulliRBM, KEPT | {"learning_rate_schedule": "constant"}),
    "persistent chains from the data": (PersistentRBM, KEPT),
    "weighted persistent walkers": (WalkersRBM, KEPT),
}


def measure(n_hidden: int, name: str, judge_folder: str) -> str:
    X = load_dataset("fashion-mnist", "train").X
    train, validation = X[:N_TRAINED], X[N_TRAINED:]
    kind, settings = SETTINGS[name]
    rbm = kind(n_hidden, random_state=0, **settings).fit(train)
    seconds = sum(row["seconds"] for row in rbm.history_)
    z = rbm.log_partition_estimate()
    error = np.square(rbm.reconstruct(validation) - validation).mean()
    judge, images = (
        harmonium.load(judge_folder),
        np.clip(rbm.sample(N_DRAWN, noise=False, random_state=rbm.seed_), 0, 1),
    )
    shares = np.bincount(judge.predict_indices(images), minlength=10) / N_DRAWN
    distance = frechet_distance(moments(judge.transform(images)), moments(judge.transform(train)))
    sampled = "exact" if math.isinf(z.effective_sample_size) else f"{z.effective_sample_size:.0f} of 256"
    return (
        f"| {n_hidden} | {name} | {rbm.score(validation):.1f} ± {z.standard_error:.2f} | {sampled} | {error:.5f} | "
        f"{0.5 * np.abs(shares - 0.1).sum():.2f} | {distance:.0f} | {shares.min():.3f} | {seconds:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-hidden", type=int, nargs="+", default=[50, 250])
    data = load_dataset("fashion-mnist", "train")
    cells = [(m, name) for m in parser.parse_args().n_hidden for name in SETTINGS]
    print("| M | trained by | nats an image | effective sample size | error | TV | Fréchet | rarest | seconds |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        judge = ImageClassifier(random_state=0)
        judge.fit(data.X[:N_TRAINED], np.asarray(data.labels)[:N_TRAINED]).save(folder)
        with ProcessPoolExecutor(os.cpu_count(), context, torch.set_num_threads, (1,)) as pool:
            for line in pool.map(measure, *zip(*cells, strict=True), [folder] * len(cells)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
