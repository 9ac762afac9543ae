"""harmonium as a user calls it: the whole of ``fit``."""

KINDS = ("rbm", "vae", "sparse")
LABEL = "harmonium, fit"
NOTE = "a turn is a whole fit of the task's epochs, with its checks and scaling"
ORDER = 1
IS_PEER = False
EPOCHS_A_TURN = "all"


def make_estimator(task, n_epochs):
    from tasks import VAE_SIZES

    from harmonium import VAE, GaussianBernoulliRBM, SparseAutoencoder

    common = {
        "batch_size": task.batch_size,
        "learning_rate": task.learning_rate,
        "n_epochs": n_epochs,
        "random_state": task.seed,
    }
    if task.kind == "rbm":
        sigma = "learned" if task.negative_phase == "sampled" else 1.0
        chain = {"negative_phase": task.negative_phase, "sigma": sigma}
        return GaussianBernoulliRBM(task.n_hidden, optimizer="sgd", momentum=task.momentum, **chain, **common)
    if task.kind == "vae":
        return VAE(task.n_hidden, hidden_sizes=VAE_SIZES[1:], **common)
    return SparseAutoencoder(1.5, noise=task.noise, l1=0.5, learning_rate_schedule="constant", **common)


def start(X, task):
    estimator = make_estimator(task, task.n_epochs)

    def train(n_epochs):
        estimator.set_params(n_epochs=n_epochs).fit(X)
        return {"in_epochs": sum(row["seconds"] for row in estimator.history_)}

    return train, lambda given: estimator.reconstruct(given)
