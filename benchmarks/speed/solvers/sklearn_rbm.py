"""scikit-learn's BernoulliRBM: persistent contrastive divergence, Bernoulli pixels."""

KINDS = ("rbm",)
PHASES = ("mean-visible",)
LABEL = "scikit-learn BernoulliRBM, PCD"
NOTE = "`partial_fit` of every batch of shuffled rows, one epoch a turn; Bernoulli pixels; SGD without momentum"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    import numpy as np
    from scipy.special import expit
    from sklearn.neural_network import BernoulliRBM

    rate, batch_size = task.learning_rate, task.batch_size
    model = BernoulliRBM(task.n_hidden, learning_rate=rate, batch_size=batch_size, random_state=task.seed)
    generator = np.random.default_rng(task.seed)

    def train(n_epochs):
        for _ in range(n_epochs):
            order = generator.permutation(len(X))
            for begin in range(0, len(X) - batch_size + 1, batch_size):
                model.partial_fit(X[order[begin : begin + batch_size]])

    def outcome(given):
        return expit(model.transform(given) @ model.components_ + model.intercept_visible_)

    return train, outcome
