"""harmonium's own inner loop without the estimator: the trainer on the batches, and nothing else."""

from solvers.harmonium import make_estimator

KINDS = ("rbm", "vae", "sparse")
LABEL = "harmonium, inner loop"
NOTE = "a turn is the trainer's epochs alone, made ready before"
ORDER = 2
IS_PEER = False
EPOCHS_A_TURN = "all"


def start(X, task):
    estimator = make_estimator(task, task.n_epochs)
    trainer, batches = estimator.initialise(X), estimator.batches(X)

    def train(n_epochs):
        trainer.train(batches, n_epochs)

    return train, lambda given: estimator.adopt(trainer).reconstruct(given)
