"""Where the RBM's training starts: small random weights, or principal-component codes, on validation images.

    .venv/bin/python benchmarks/rbm_starts.py [--n-hidden 50]

Fashion-MNIST: trained on 50,000 of the training images, measured on the other 10,000; the test set is not read. CD-5
with the visible units integrated out, learned sigma, learning rate 0.001 with cosine decay, batches of 128, 25 epochs,
seed 0.
"""

from __future__ import annotations

import argparse

import numpy as np

from harmonium import GaussianBernoulliRBM, load_dataset

N_TRAINED = 50_000
UNTRAINED = {"n_epochs": 1, "learning_rate": 1e-12, "sigma_learning_rate": 1e-12}
TRAINED = {"n_epochs": 25, "n_gibbs_steps": 5, "learning_rate_schedule": "cosine"}
SETTINGS = {
    "random weights, trained": {"initialisation": "random", **TRAINED},
    "codes, untrained": {"initialisation": "principal-component-codes", **UNTRAINED},
    "codes, trained": {"initialisation": "principal-component-codes", **TRAINED},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-hidden", type=int, nargs="+", default=[50])
    X = load_dataset("fashion-mnist", "train").X
    train, validation = X[:N_TRAINED], X[N_TRAINED:]
    for n_hidden in parser.parse_args().n_hidden:
        for name, settings in SETTINGS.items():
            rbm = GaussianBernoulliRBM(n_hidden, random_state=0, **settings).fit(train)
            estimate = rbm.log_partition_estimate()
            error = np.square(rbm.reconstruct(validation) - validation).mean()
            print(
                f"M = {n_hidden}, {name}: {rbm.score(validation):.1f} nats (AIS ± {estimate.standard_error:.2f}, "
                f"effective sample size {estimate.effective_sample_size:.0f} of 256), error {error:.5f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
